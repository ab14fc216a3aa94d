import { isTakenOver } from '../../journal/taken-over.ts'
import type { StepReport } from '../../report/types.ts'
import { describeFailure, StepFailure } from '../failure.ts'
import type { Run } from '../run.ts'
import type { Left } from '../steps/migration-run.ts'
import { type GaveWay, withRetries } from '../steps/retry.ts'
import type { RetryBudget } from '../steps/retry-budget.ts'

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
