import { actOf, type FaultName } from './faults.ts'
import type { Kind } from './kinds.ts'
import { points } from './points.ts'

/** A fault at a point. */
export interface Cell {
  readonly fault: FaultName
  readonly point: string
}

/**
 * The combinations that are tried. Left out, because another stands for them:
 * - kill -9 at more than a few points: kill.test.ts walks every one;
 * - the worker's loss where it isn't connected yet, and a cancel or a signal where it runs nothing (kill.test.ts and cancel.test.ts have those);
 * - reset and pg_terminate_backend of one connection at the same point: to the run both are the end of a connection, so they take turns;
 * - the loss of observer and keeper at the same point, and of all at every second one: they take turns likewise;
 * - a server's crash and its restart in order at the same point: each at every third;
 * - silence in each direction at each point: to the run it is the same silence, but for what had been sent before.
 */
export function covering(): Cell[] {
  return Object.entries(points).flatMap(([point, { moment, role, kind }], index) => {
    const hasWorker = role === 'worker' || kind === 'inverses' || /end of the run/.test(point)
    const turn = <Name extends FaultName>(...names: readonly (Name | null)[]): Name | null =>
      names[index % names.length] ?? null
    const chosen: (FaultName | null)[] = [
      hasWorker ? turn('reset of the worker', 'worker terminated') : null,
      turn(null, 'reset of all'),
      turn(
        'reset of the observer',
        'keeper terminated',
        'observer terminated',
        'reset of the keeper',
      ),
      turn('server crash', 'server restart', null),
      moment === 'during' ? 'worker cancelled by somebody' : null,
      moment === 'during' ? turn('SIGINT', null) : null,
      ...(signalled[point] ?? []),
      ...(silenced[point] ?? []),
    ]
    return [...new Set(chosen)].filter((fault) => fault !== null).map((fault) => ({ fault, point }))
  })
}

const bySignal = ['kill -9', 'SIGTERM, then SIGINT'] as const

const signalled: Readonly<Record<string, readonly FaultName[]>> = {
  'journal installed, answer under way': bySignal,
  'transaction: in a statement': bySignal,
  'transaction: committed, answer under way': bySignal,
  'index: at work': bySignal,
  'vacuum: at work': bySignal,
  'batch: in the second range': bySignal,
  'inverses: in a concurrent drop': bySignal,
}

const silenced: Readonly<Record<string, readonly FaultName[]>> = {
  'lock taken, answer under way': ['all silent both ways'],
  'transaction: in a statement': ['worker silent both ways', 'worker silent to the client'],
  'transaction: COMMIT not yet sent': ['worker silent to the server', 'all silent to the server'],
  'transaction: committed, answer under way': [
    'worker silent to the client',
    'all silent both ways',
  ],
  'index: at work': ['worker silent both ways', 'all silent to the client'],
  'batch: in the second range': ['worker silent to the server'],
  'inverses: in a concurrent drop': ['worker silent both ways', 'all silent both ways'],
  'end of the run not yet written': ['all silent both ways'],
}

export const isRestart = ({ fault }: Cell): boolean => actOf(fault).type === 'restart'

export const isSilence = ({ fault }: Cell): boolean => actOf(fault).type === 'drop'

export const kindOf = ({ point }: Cell): Kind => {
  const found = points[point]
  if (found === undefined) throw new Error(`there is no point "${point}"`)
  return found.kind
}
