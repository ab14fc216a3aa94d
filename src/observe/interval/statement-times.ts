import { meanOf, type StatementSnapshot } from '../baseline/statements.ts'

/** One statement before the deployment and in the interval after it. */
export interface StatementTimes {
  readonly query: string
  readonly callsBefore: number
  /** Milliseconds a call: over its statistics up to the deployment. */
  readonly meanBefore: number
  readonly callsAfter: number
  /** Milliseconds a call: of the interval alone. */
  readonly meanAfter: number
}

/** Fewer calls tell nothing of a mean. */
export const enoughCalls = 5

/**
 * The mean over all statistics before the first change beside the mean of the interval after the last: of statements that ran often enough
 * in both. A statement whose figures went down was reset meanwhile, and is left out.
 */
export function statementTimes(
  before: StatementSnapshot,
  start: StatementSnapshot,
  end: StatementSnapshot,
): StatementTimes[] {
  const byKey = (snapshot: StatementSnapshot) =>
    new Map(snapshot.figures.map((figures) => [figures.key, figures]))
  const [earlier, begun] = [byKey(before), byKey(start)]
  return end.figures.flatMap(({ key, query, calls, total }) => {
    const first = earlier.get(key)
    const since = begun.get(key)
    if (first === undefined || since === undefined || since.calls < first.calls) return []
    const delta = { calls: calls - since.calls, total: total - since.total }
    if (first.calls < enoughCalls || delta.calls < enoughCalls || delta.total < 0) return []
    return [
      {
        query,
        callsBefore: first.calls,
        meanBefore: meanOf(first),
        callsAfter: delta.calls,
        meanAfter: meanOf(delta),
      },
    ]
  })
}
