import type { StepBefore } from '../../journal/state.ts'
import type { Step } from '../../plan/types.ts'
import { ServerError } from '../../postgres/server-error.ts'
import { verifyExpectations } from '../../verify/expectations.ts'
import { wasBuilt } from '../concurrent/built-index.ts'
import type { Run } from '../run.ts'
import { type MigrationRun, repeatSettings } from '../steps/migration-run.ts'

/** The connection is gone: only then is the answer to a COMMIT unknown. */
export function isLost(error: unknown): boolean {
  return error instanceof ServerError && error.lost
}

/**
 * What became of a COMMIT whose answer was lost: the worker's backend is waited for (only when it is gone is nothing more to come), then the
 * journal is asked whether the row that commits with the transaction `isThere`. `unknown` when the observer can't ask either.
 */
export async function committedDespiteLoss(
  run: Run,
  isThere: () => Promise<boolean>,
): Promise<'committed' | 'rolled-back' | 'unknown'> {
  try {
    await run.connections.endWorker()
    return (await isThere()) ? 'committed' : 'rolled-back'
  } catch {
    return 'unknown'
  }
}

/**
 * Whether a statement that runs outside a transaction had its effect although its answer was lost: once its backend is gone, the catalog is asked. Only
 * what was not so before tells anything. False where nothing does, or nobody can ask.
 */
export async function tookEffectDespiteLoss(
  run: Run,
  migration: MigrationRun,
  step: Step,
  before: StepBefore,
  error: unknown,
): Promise<boolean> {
  if (!(error instanceof ServerError) || !error.lost || run.lock.lost !== null) return false
  try {
    await run.connections.endWorker()
    await continueOnNewWorker(run, migration, step)
    const verification = await verifyExpectations(
      run.connections.worker,
      step.expectations,
      run.surroundings,
    )
    const telling = verification.filter(
      ({ outcome }, index) => before.held[index] === false && outcome !== 'not-checked',
    )
    if (telling.length > 0 && telling.every(({ outcome }) => outcome === 'passed')) return true
    return await wasBuilt(run, step, before)
  } catch (failure) {
    if (failure instanceof ServerError) return false
    throw failure
  }
}

/** A new session gets what the file has SET so far, because its later statements may rely on it. */
export async function continueOnNewWorker(
  run: Run,
  migration: MigrationRun,
  step: Step,
): Promise<void> {
  await run.connections.prepareWorker(migration.planned.version)
  migration.timeouts = null
  for (const earlier of migration.planned.steps.slice(0, step.ordinal)) {
    await repeatSettings(run, earlier)
  }
}
