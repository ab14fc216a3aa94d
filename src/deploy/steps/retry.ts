import { sqlstate } from '../../postgres/sqlstate.ts'
import { durationText } from '../../report/duration-text.ts'
import type { ErrorReport, StepReport } from '../../report/types.ts'
import { formatDuration } from '../../runbook/duration.ts'
import { describeFailure } from '../failure.ts'
import type { Run } from '../run.ts'
import { Cancelled, pauseUnlessAsked } from '../stop/cancellation.ts'
import type { Left } from './migration-run.ts'
import type { RetryBudget } from './retry-budget.ts'

/** Failures that pass by themselves, by code: messages are translated. */
const passing: ReadonlySet<string> = new Set([
  sqlstate.lockNotAvailable,
  sqlstate.deadlockDetected,
  sqlstate.serializationFailure,
])

/** How an attempt ended; `done` may carry what it found. */
export type AttemptEnd =
  | { readonly ended: 'done' }
  | { readonly ended: 'failed'; readonly error: ErrorReport; readonly left: Left }

/** What the attempt before gave way to, and how long it had taken. */
export interface GaveWay {
  readonly sqlstate: string
  readonly attemptMs: number
}

/**
 * Tries one unit of work (a transaction, a statement outside one, a range of a batch) again when a lock, a deadlock or a serialization failure
 * ended it and it left nothing (`isClean`), as long as `budget` covers the pause. Between attempts nothing is held: whoever attempts has rolled back. Every
 * attempt sets the same timeouts, the last too. A request to stop ends a pause at once.
 */
export async function withRetries<End extends AttemptEnd>(
  run: Run,
  budget: RetryBudget,
  report: StepReport,
  attempt: (gaveWay: GaveWay | null) => Promise<End>,
  isClean = leftNothing,
): Promise<End | FailedAttempt> {
  let gaveWay: GaveWay | null = null
  for (let failures = 1; ; failures += 1) {
    const started = budget.chance.now()
    const end = await attempt(gaveWay)
    if (end.ended === 'done' || !isPassing(end) || !isClean(end)) return end
    const attemptMs = budget.chance.now() - started
    budget.failed(attemptMs)
    if (run.cancellation.requested) return end
    const pauseMs = budget.nextPause(failures)
    if (pauseMs === null) return { ...end, error: usedUp(end.error, failures, budget) }
    report.retries = (report.retries ?? 0) + 1
    run.emit({ type: 'retrying', step: report, attempt: failures, pauseMs, reason: reasonOf(end) })
    const pausedAt = budget.chance.now()
    await pauseUnlessAsked(run.cancellation, pauseMs)
    budget.paused(budget.chance.now() - pausedAt)
    if (run.cancellation.requested) return { ...end, error: cancelled(end.error) }
    gaveWay = { sqlstate: end.error.sqlstate ?? '', attemptMs }
  }
}

type FailedAttempt = Extract<AttemptEnd, { ended: 'failed' }>

function isPassing({ error }: FailedAttempt): boolean {
  return passing.has(error.sqlstate ?? '')
}

function leftNothing({ left }: FailedAttempt): boolean {
  return left === 'nothing'
}

function reasonOf({ error }: { readonly error: ErrorReport }): string {
  return error.detail === undefined ? error.message : `${error.message} (${error.detail})`
}

/** The last attempt's failure, and who was in its way, with how long it was tried. */
function usedUp(error: ErrorReport, attempts: number, budget: RetryBudget): ErrorReport {
  const total = formatDuration(budget.totalMs)
  return {
    ...error,
    message:
      attempts === 1
        ? error.message
        : `${error.message}: given up after ${attempts} attempts in ${durationText(budget.spentMs)}`,
    fix: [error.fix, `A longer retry-timeout than ${total} goes on trying for longer.`]
      .filter((sentence) => sentence !== undefined)
      .join(' '),
  }
}

function cancelled({ version }: ErrorReport): ErrorReport {
  return describeFailure(new Cancelled(), version === undefined ? {} : { version })
}
