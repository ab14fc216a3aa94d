import { stepState } from '../journal/fate.ts'
import type { Run } from './run.ts'

/**
 * What became of a COMMIT whose answer was lost: the worker's backend is waited for (only when it is gone is nothing more to come), then the
 * journal is asked, whose row commits with the transaction. `unknown` when the observer can't ask either.
 */
export async function committedDespiteLoss(
  run: Run,
  version: string,
  ordinal: number,
): Promise<'committed' | 'rolled-back' | 'unknown'> {
  try {
    await run.connections.endWorker()
    const state = await stepState(run.observer, run.key.id, version, ordinal)
    return state === 'done' ? 'committed' : 'rolled-back'
  } catch {
    return 'unknown'
  }
}
