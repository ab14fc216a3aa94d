import { committedBatches } from '../../journal/fate.ts'
import type { BatchProgress } from '../../journal/state.ts'
import {
  inTransaction,
  journalPrologue,
  migrationApplied,
  migrationBegun,
  stepDone,
  stepProgress,
} from '../../journal/write.ts'
import type { Step } from '../../plan/types.ts'
import type { RowEffect } from '../../report/types.ts'
import { committedDespiteLoss, continueOnNewWorker, isLost } from '../connections/fate.ts'
import { StepFailure } from '../failure.ts'
import type { Run } from '../run.ts'
import { addRowEffects, type MigrationRun, migrationFacts, stepFacts } from './migration-run.ts'
import { setStepTimeouts } from './step-timeouts.ts'
import { appliedFacts } from './transaction-step.ts'

/** Whether a COMMIT was sent that may have been carried out although its batch failed. */
export interface Committing {
  unknown: boolean
}

/**
 * Commits one batch with its progress. Where the answer is lost, the journal is asked, and the walk goes on from there with a new worker.
 * `sums`: the row effects of all batches, this one among them.
 * Errors: ServerError; StepFailure.
 */
export async function commitBatch(
  run: Run,
  migration: MigrationRun,
  step: Step,
  next: BatchProgress,
  sums: readonly RowEffect[],
  committing: Committing,
): Promise<void> {
  const { version } = migration.planned
  const begun = migration.begun ? '' : `${migrationBegun(run.key, migrationFacts(migration))};`
  const row = stepProgress(run.key, version, stepFacts(step), next, sums)
  try {
    const results = await run.connections.worker.simple(
      `${journalPrologue(run.key)} ${begun} ${row}; commit`,
    )
    if (results.at(-1)?.tag !== 'COMMIT') {
      throw new StepFailure({ message: 'COMMIT of a batch was answered with a rollback' })
    }
  } catch (error) {
    if (!isLost(error)) throw error
    const fate = await committedDespiteLoss(run, () => isThere(run, version, step, next))
    committing.unknown = fate !== 'rolled-back'
    if (fate !== 'committed') throw error
    await continueOnNewWorker(run, migration, step)
    await setStepTimeouts(run, migration, step)
    committing.unknown = false
  }
  migration.begun = true
}

async function isThere(
  run: Run,
  version: string,
  { ordinal }: Step,
  { batches }: BatchProgress,
): Promise<boolean> {
  return (await committedBatches(run.observer, run.key.id, version, ordinal)) === batches
}

/** The step's end, and the migration's where it is its last. */
export async function journalEnd(
  run: Run,
  migration: MigrationRun,
  step: Step,
  effects: readonly RowEffect[],
  progress: BatchProgress,
  durationMs: number,
): Promise<void> {
  const { planned, report } = migration
  addRowEffects(report, effects)
  const begun = migration.begun ? '' : `${migrationBegun(run.key, migrationFacts(migration))};`
  const done = stepDone(run.key, planned.version, stepFacts(step), {
    durationMs,
    rowEffects: effects,
    progress,
  })
  const last = step.ordinal === planned.steps.length
  const applied = last
    ? `; ${migrationApplied(planned.version, appliedFacts(run, migration, []))}`
    : ''
  await run.connections.worker.simple(inTransaction(run.key, `${begun} ${done}${applied}`))
  migration.begun = true
}
