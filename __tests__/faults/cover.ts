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
 * - the worker's loss where it isn't connected yet, and a cancel where it runs nothing;
 * - reset against pg_terminate_backend: to the run both are an end of the connection, so a point gets one of them for the observer and one for the
 *   keeper, in turn;
 * - silence in one direction: to the run it is silence in both, except to what was sent before;
 * - a server's restart: at every other point the crash, at every other the restart in order.
 */
export function covering(): Cell[] {
  return Object.entries(points).flatMap(([point, { moment, role, kind, waitsForLock }], index) => {
    const hasWorker = role === 'worker' || kind === 'inverses' || /end of the run/.test(point)
    const odd = index % 2 === 1
    const chosen: (FaultName | false)[] = [
      'reset of all',
      hasWorker && 'reset of the worker',
      hasWorker && moment !== 'before' && 'worker terminated',
      odd ? 'observer terminated' : 'reset of the observer',
      odd ? 'reset of the keeper' : 'keeper terminated',
      moment === 'during' && 'worker cancelled by somebody',
      moment === 'during' && hasWorker && 'SIGINT',
      ...(odd ? (['server crash'] as const) : (['server restart'] as const)),
      ...(signalled.has(point) ? (['kill -9', 'SIGTERM, then SIGINT'] as const) : []),
      ...(silenced[point] ?? []),
    ]
    void waitsForLock
    return chosen.filter((fault) => fault !== false).map((fault) => ({ fault, point }))
  })
}

const signalled: ReadonlySet<string> = new Set([
  'journal installed, answer under way',
  'transaction: in a statement',
  'transaction: committed, answer under way',
  'index: at work',
  'batch: in the second range',
  'inverses: in a concurrent drop',
])

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

export const kindOf = ({ point }: Cell): Kind => {
  const found = points[point]
  if (found === undefined) throw new Error(`there is no point "${point}"`)
  return found.kind
}
