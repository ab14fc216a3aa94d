import { inTransaction, migrationVerified } from '../../journal/write.ts'
import type { PlannedMigration, Step } from '../../plan/types.ts'
import type { MigrationReport } from '../../report/types.ts'
import { verifyExpectations } from '../../verify/expectations.ts'
import { runVerifyScript } from '../../verify/verify-script.ts'
import { again } from '../connections/again.ts'
import { describeFailure } from '../failure.ts'
import type { Run } from '../run.ts'
import { askCancellable } from '../stop/cancelling.ts'
import {
  addRowEffects,
  isJudgedAfterwards,
  type MigrationEnd,
  type MigrationRun,
} from './migration-run.ts'
import { judgeVerification } from './policies.ts'

/** An earlier run committed all its steps and ended before it could verify them. */
export async function verifyApplied(run: Run, migration: MigrationRun): Promise<MigrationEnd> {
  const { planned, report, journaled } = migration
  for (const step of report.steps) step.outcome = 'done'
  addRowEffects(report, journaled?.rowEffects ?? [])
  return verify(run, migration, planned.steps, false)
}

/** What the whole file claims, then what its verify script says. Where one transaction was all, the claims were judged inside it. */
export async function verify(
  run: Run,
  migration: MigrationRun,
  done: readonly Step[],
  judgedInside: boolean,
): Promise<MigrationEnd> {
  const { planned, report } = migration
  report.durationMs = Date.now() - migration.startedAt
  try {
    await again(
      () => verifyMigration(run, planned, report, judgedInside),
      () => verifyAnew(run, migration, judgedInside),
    )
    const smoked = run.smoke?.areDueAfter(planned.version) === true
    if (smoked) await run.smoke?.runAfter(planned.version)
    report.outcome = 'applied'
    if (!judgedInside || isJudgedAfterwards(run, planned)) {
      await recordVerified(run, planned.version, smoked)
    }
    return { ended: 'applied', migration }
  } catch (error) {
    const failure = describeFailure(error, { script: planned.script, version: planned.version })
    report.outcome = 'failed'
    run.emit({ type: 'failed', error: failure })
    const left = done.length === 0 ? 'nothing' : 'something'
    return { ended: 'failed', error: failure, migration, remaining: done, whole: true, left }
  }
}

/** A connection that breaks while it is looked says nothing against the migration: all of it only reads, and is read again on another. */
async function verifyAnew(run: Run, migration: MigrationRun, judgedInside: boolean): Promise<void> {
  const { planned, report } = migration
  const judged = report.verification.filter(() => judgedInside)
  report.verification.splice(0, report.verification.length, ...judged)
  await run.connections.endWorker()
  await run.connections.prepareWorker(planned.version)
  migration.timeouts = null
  await verifyMigration(run, planned, report, judgedInside)
}

/**
 * Smoke tests may take minutes, and the worker's idle connection may be gone: the observer connects anew. A connection that breaks just here
 * says nothing against the migration.
 */
async function recordVerified(run: Run, version: string, smoked: boolean): Promise<void> {
  const row = inTransaction(run.key, migrationVerified(version))
  const byObserver = () => again(() => run.observer.simple(row))
  await (smoked ? byObserver() : again(() => run.connections.worker.simple(row), byObserver))
}

/**
 * Expectations of the whole file and the verify script, added to the report.
 * Errors: StepFailure at the first that doesn't hold.
 */
async function verifyMigration(
  run: Run,
  planned: PlannedMigration,
  report: MigrationReport,
  judgedInside: boolean,
): Promise<void> {
  const { worker } = run.connections
  if (!judgedInside) {
    report.verification.push(
      ...(await verifyExpectations(worker, planned.expectations, run.surroundings)),
    )
  }
  if (planned.verify !== null) {
    const { queries } = planned.verify
    report.verification.push(
      ...(await askCancellable(run, () => runVerifyScript(worker, queries, run.settings))),
    )
  }
  run.emit({ type: 'verified', migration: report, verification: report.verification })
  judgeVerification(report.verification)
}
