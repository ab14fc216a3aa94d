import { isTakenOver } from '../journal/taken-over.ts'
import type { StepReport } from '../report/types.ts'
import { describeFailure, StepFailure } from './failure.ts'
import type { Left } from './migration-run.ts'
import { type GaveWay, withRetries } from './retry.ts'
import type { RetryBudget } from './retry-budget.ts'
import type { Run } from './run.ts'

/**
 * The run as its undo sees it: a run that was asked to stop still undoes, so the request refuses no statement of the undo, cancels none and ends no
 * pause; and what it commits is guarded by the run's epoch in the journal, whatever became of the keeper. A second request is to be
 * answered here.
 */
export function asUndo(run: Run): Run {
  return {
    ...run,
    cancellation: { requested: false, sent: null },
    cancellable: { now: false },
    lock: { lost: null, retake: () => run.lock.retake() },
  }
}

/**
 * One unit of an undo, tried again as long as `budget` allows when a lock, a deadlock or a serialization failure ended it. What an attempt has open is
 * rolled back before the next; `left`: what a failed one leaves all the same, such as a procedure that commits.
 * Errors: StepFailure; ServerError where another run has taken over.
 */
export async function attemptUndo(
  run: Run,
  budget: RetryBudget,
  step: StepReport,
  version: string,
  act: (gaveWay: GaveWay | null) => Promise<void>,
  left: Left = 'nothing',
): Promise<void> {
  const end = await withRetries(run, budget, step, async (gaveWay) => {
    try {
      await act(gaveWay)
      return { ended: 'done' } as const
    } catch (error) {
      if (isTakenOver(error)) throw error
      await run.connections.worker.simple('rollback').catch(() => undefined)
      return { ended: 'failed', error: describeFailure(error, { version }), left }
    }
  })
  if (end.ended === 'failed') throw new StepFailure(end.error)
}
