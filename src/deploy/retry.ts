import { sqlstate } from '../postgres/sqlstate.ts'
import type { StepReport } from '../report/types.ts'
import type { MigrationRun, StepEnd } from './migration-run.ts'
import type { Run } from './run.ts'

/** Pauses before the second, third and fourth attempt; each is varied by a quarter, so that two who met don't meet again. */
const pausesMs = [500, 1_000, 2_000] as const

/** Failures that pass by themselves, by code: messages are translated. */
const passing: ReadonlySet<string> = new Set([
  sqlstate.lockNotAvailable,
  sqlstate.deadlockDetected,
  sqlstate.serializationFailure,
])

/**
 * Tries a transaction again when a lock, a deadlock or a serialization failure ended it. Between attempts nothing is held: Postgres has rolled
 * the transaction back. The last attempt runs under the same timeouts as the first.
 */
export async function withRetries(
  run: Run,
  migration: MigrationRun,
  report: StepReport,
  attempt: () => Promise<StepEnd>,
): Promise<StepEnd> {
  for (const [index, pauseMs] of pausesMs.entries()) {
    const end = await attempt()
    if (end.ended === 'done' || end.left !== 'nothing') return end
    if (!passing.has(end.error.sqlstate ?? '') || run.cancellation.requested) return end
    // The rollback took back what the transaction had SET.
    migration.timeouts = null
    report.retries = index + 1
    const varied = Math.round(pauseMs * (0.75 + Math.random() / 2))
    const { message, detail } = end.error
    const reason = detail === undefined ? message : `${message} (${detail})`
    run.emit({ type: 'retrying', step: report, attempt: index + 1, pauseMs: varied, reason })
    await pause(run, varied)
  }
  return attempt()
}

/** Ends early when the run is asked to stop. */
async function pause(run: Run, ms: number): Promise<void> {
  const deadline = Date.now() + ms
  while (Date.now() < deadline && !run.cancellation.requested) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(50, deadline - Date.now())))
  }
}
