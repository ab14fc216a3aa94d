import type { Session } from '../../postgres/types.ts'
import type { ResultSetReport } from '../../report/types.ts'
import type { Capture } from '../baseline/capture.ts'
import { databaseCountersQuery, readCounters } from '../baseline/counters.ts'
import { readStatements } from '../baseline/statements.ts'
import { type LockWaits, type Watching, watchLockWaits } from './lock-waits.ts'
import { type StatementTimes, statementTimes } from './statement-times.ts'

/** What was seen while nothing but the application worked. */
export interface Interval {
  readonly before: LockWaits
  readonly after: LockWaits
  readonly statements: readonly StatementTimes[]
  /** Why there are no times of statements, or not of all. */
  readonly note?: string
  /** Null: the counters were reset meanwhile. */
  readonly deadlocks: number | null
}

/** Enough to know how many sessions wait on an ordinary day, and no long wait before a deployment. */
const longestBefore = 10_000

/** A look at lock waits before the first change, for as long as will be watched afterwards, ten seconds at most. */
export async function watchBefore(
  session: Session,
  observeFor: number,
  watching: Watching,
): Promise<LockWaits> {
  return watchLockWaits(session, Math.min(observeFor, longestBefore), watching)
}

/**
 * Watches after the last change: lock waits by samples, deadlocks and times of statements as differences of their counters over the interval.
 * @throws ServerError only when the connection is lost
 */
export async function watchAfter(
  session: Session,
  observeFor: number,
  before: {
    readonly capture: Capture
    readonly waits: LockWaits
    readonly redact: (text: string) => string
  },
  watching: Watching,
): Promise<Interval> {
  const { extension, statements } = before.capture
  const start = await readStatements(session, extension, before.redact)
  const deadlocksAtStart = await readDeadlocks(session)
  const after = await watchLockWaits(session, observeFor, watching)
  const end = await readStatements(session, extension, before.redact)
  const deadlocksAtEnd = await readDeadlocks(session)
  const note = end.note ?? start.note ?? statements.note
  return {
    before: before.waits,
    after,
    statements: statementTimes(statements, start, end),
    ...(note === undefined ? {} : { note }),
    deadlocks:
      deadlocksAtStart.reset === deadlocksAtEnd.reset
        ? deadlocksAtEnd.count - deadlocksAtStart.count
        : null,
  }
}

async function readDeadlocks(session: Session) {
  const { values, reset } = readCounters(await session.query(databaseCountersQuery.text))
  return { count: Number(values.get('deadlocks') ?? 0), reset }
}

/** The times as a table for the report, the ones that slowed down most first. */
export function statementTimesTable({ statements }: Interval): ResultSetReport[] {
  if (statements.length === 0) return []
  const rows = statements
    .toSorted((a, b) => b.meanAfter / b.meanBefore - a.meanAfter / a.meanBefore)
    .slice(0, 100)
    .map((each) => [
      each.query,
      String(each.callsBefore),
      each.meanBefore.toFixed(3),
      String(each.callsAfter),
      each.meanAfter.toFixed(3),
    ])
  return [
    {
      title: 'Mean time before the deployment (all statistics) and in the interval after it',
      columns: ['query', 'calls before', 'mean ms before', 'calls after', 'mean ms after'],
      before: [],
      after: rows,
      difference: [],
    },
  ]
}
