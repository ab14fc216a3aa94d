import type { Direction, Hit } from './proxy.ts'

/** What is done to a run, or to what it talks to. */
export type Act =
  | { readonly type: 'signals'; readonly signals: readonly NodeJS.Signals[] }
  | { readonly type: 'reset'; readonly hit: Hit }
  | { readonly type: 'drop'; readonly hit: Hit; readonly direction: Direction }
  | { readonly type: 'terminate'; readonly role: 'worker' | 'observer' | 'keeper' }
  | { readonly type: 'cancel' }
  | { readonly type: 'restart'; readonly how: 'immediate' | 'fast' }
  /** Not at a point: the disk is full before what needs it (disk-full.ts). */
  | { readonly type: 'disk full' }

const drop = (hit: Hit, direction: Direction): Act => ({ type: 'drop', hit, direction })

/** Every fault by its name, which is its line in the table. */
export const faults = {
  'kill -9': { type: 'signals', signals: ['SIGKILL'] },
  SIGINT: { type: 'signals', signals: ['SIGINT'] },
  'SIGTERM, then SIGINT': { type: 'signals', signals: ['SIGTERM', 'SIGINT'] },
  'reset of the worker': { type: 'reset', hit: 'worker' },
  'reset of the observer': { type: 'reset', hit: 'observer' },
  'reset of the keeper': { type: 'reset', hit: 'keeper' },
  'reset of all': { type: 'reset', hit: 'all' },
  'worker silent to the server': drop('worker', 'to the server'),
  'worker silent to the client': drop('worker', 'to the client'),
  'worker silent both ways': drop('worker', 'both ways'),
  'all silent to the server': drop('all', 'to the server'),
  'all silent to the client': drop('all', 'to the client'),
  'all silent both ways': drop('all', 'both ways'),
  'worker terminated': { type: 'terminate', role: 'worker' },
  'observer terminated': { type: 'terminate', role: 'observer' },
  'keeper terminated': { type: 'terminate', role: 'keeper' },
  'worker cancelled by somebody': { type: 'cancel' },
  'server crash': { type: 'restart', how: 'immediate' },
  'server restart': { type: 'restart', how: 'fast' },
  'disk full': { type: 'disk full' },
} as const satisfies Readonly<Record<string, Act>>

export type FaultName = keyof typeof faults

export const faultNames = Object.keys(faults) as readonly FaultName[]

export const actOf = (name: FaultName): Act => faults[name]
