import type { JournalMigration } from '../../journal/state.ts'
import {
  inTransaction,
  migrationApplied,
  migrationBegun,
  migrationFailed,
  migrationResumed,
  stepFailed,
} from '../../journal/write.ts'
import { deserialise, readFingerprint, serialise } from '../../observe/fingerprint.ts'
import type { PlannedMigration, Step } from '../../plan/types.ts'
import type { MigrationReport } from '../../report/types.ts'
import { isAtomic } from '../concurrent/atomic.ts'
import { again } from '../connections/again.ts'
import { describeFailure } from '../failure.ts'
import type { Run } from '../run.ts'
import { holdsDisk } from '../waits/disk-looker.ts'
import { runBatchStep } from './batch-step.ts'
import {
  appliedEarlier,
  isJudgedAfterwards,
  type MigrationEnd,
  type MigrationRun,
  migrationFacts,
  type StepEnd,
  stepReportOf,
} from './migration-run.ts'
import { withRetries } from './retry.ts'
import { retryBudget } from './retry-budget.ts'
import { runStatementStep } from './statement-step.ts'
import { runTransactionStep } from './transaction-step.ts'
import { verify, verifyApplied } from './verify-migration.ts'

/**
 * Carries out one migration, or goes on with a half-done one at its first undone step: steps, expectations of the whole file,
 * verify script. Fills `report` as it goes. Never throws for a failure of the migration.
 */
export async function runMigration(
  run: Run,
  planned: PlannedMigration,
  report: MigrationReport,
  journaled: JournalMigration | undefined,
  options: { readonly fingerprintWanted: boolean },
): Promise<MigrationEnd> {
  const migration = await begin(run, planned, report, journaled, options.fingerprintWanted)
  if (journaled?.state === 'applied') return verifyApplied(run, migration)
  const done: Step[] = []
  for (const step of planned.steps) {
    const earlier = journaled?.steps.find(({ ordinal }) => ordinal === step.ordinal)
    if (earlier?.state === 'done') {
      await appliedEarlier(run, migration, step, earlier)
      done.push(step)
      continue
    }
    const end = await runStep(run, migration, step)
    if (end.ended === 'failed') return failedAt(run, migration, step, done, end)
    done.push(step)
  }
  if (planned.steps.length === 0) await recordEmpty(run, migration)
  return verify(run, migration, done, planned.steps.length === 1)
}

async function begin(
  run: Run,
  planned: PlannedMigration,
  report: MigrationReport,
  journaled: JournalMigration | undefined,
  fingerprintWanted: boolean,
): Promise<MigrationRun> {
  await run.connections.prepareWorker(planned.version)
  const kept = journaled?.fingerprintBefore ?? null
  const undoable = mayNeedUndo(run, planned)
  const needed = fingerprintWanted || undoable
  const before =
    kept !== null ? deserialise(kept) : needed ? await readFingerprint(run.observer) : null
  if (journaled !== undefined && journaled.state !== 'applied') {
    await run.connections.worker.simple(
      inTransaction(run.key, migrationResumed(planned.version, planned.checksum)),
    )
  }
  return {
    planned,
    report,
    journaled,
    before,
    beforeText: kept ?? (before === null || !undoable ? null : serialise(before)),
    begun: journaled !== undefined,
    timeouts: {
      lock_timeout: run.settings.lockTimeout,
      statement_timeout: run.settings.statementTimeout,
    },
    retries: retryBudget(planned.directives.retryTimeout ?? run.settings.retryTimeout),
    startedAt: Date.now(),
  }
}

/** One transaction that nothing judges after its COMMIT is undone by Postgres, or not at all. */
function mayNeedUndo(run: Run, planned: PlannedMigration): boolean {
  const [first, ...others] = planned.steps
  return (
    others.length > 0 ||
    isJudgedAfterwards(run, planned) ||
    (first !== undefined && first.kind !== 'transaction')
  )
}

async function runStep(run: Run, migration: MigrationRun, step: Step): Promise<StepEnd> {
  const report = stepReportOf(migration.report, step)
  const started = Date.now()
  run.emit({ type: 'step-started', migration: migration.report, step: report })
  const interrupted = migration.journaled?.steps.find(({ ordinal }) => ordinal === step.ordinal)
  const full = interrupted === undefined ? await diskFull(run, migration) : null
  const end =
    full ??
    (step.kind === 'batch'
      ? await runBatchStep(run, migration, step, interrupted)
      : await withRetries(
          run,
          migration.retries,
          report,
          (gaveWay) => {
            // A rollback took back what the attempt before had SET.
            if (gaveWay !== null) migration.timeouts = null
            return step.kind === 'transaction'
              ? runTransactionStep(run, migration, step, gaveWay)
              : runStatementStep(run, migration, step, interrupted)
          },
          ({ left }) => left === 'nothing' || (left === 'something' && isAtomic(step)),
        ))
  report.durationMs = Date.now() - started
  report.outcome = end.ended
  run.emit({ type: 'step-finished', migration: migration.report, step: report })
  return end
}

/** A limit of disk-guard that is passed before the step has begun: nothing of it is there. */
async function diskFull(run: Run, { planned }: MigrationRun): Promise<StepEnd | null> {
  try {
    await holdsDisk(run)
    return null
  } catch (error) {
    const at = { script: planned.script, version: planned.version }
    return { ended: 'failed', error: describeFailure(error, at), left: 'nothing' }
  }
}

function failedAt(
  run: Run,
  migration: MigrationRun,
  step: Step,
  done: readonly Step[],
  end: Extract<StepEnd, { ended: 'failed' }>,
): MigrationEnd {
  const { report } = migration
  report.outcome = 'failed'
  report.durationMs = Date.now() - migration.startedAt
  run.emit({ type: 'failed', error: end.error })
  const remaining = end.left === 'nothing' ? done : [...done, step]
  return {
    ended: 'failed',
    error: end.error,
    migration,
    remaining,
    whole: false,
    left: remaining.length === 0 ? 'nothing' : end.left === 'nothing' ? 'something' : end.left,
  }
}

/** A file without statements is recorded, so that it is not pending for ever. */
async function recordEmpty(run: Run, migration: MigrationRun): Promise<void> {
  const facts = migrationFacts(migration)
  const verified = !isJudgedAfterwards(run, migration.planned)
  await run.connections.worker.simple(
    inTransaction(
      run.key,
      `${migrationBegun(run.key, facts)}; ${migrationApplied(facts.version, { durationMs: 0, rowEffects: [], verified })}`,
    ),
  )
  migration.begun = true
}

/** Writes a failed migration into the journal: half done where something of it is still there, else history. */
export async function journalFailure(
  run: Run,
  end: Extract<MigrationEnd, { ended: 'failed' }>,
  halfDone: boolean,
): Promise<void> {
  const { migration, remaining } = end
  const error = run.redact(end.error)
  const failedStep = migration.report.steps.find(({ outcome }) => outcome === 'failed')
  const step =
    failedStep !== undefined && migration.begun && remaining.length > 0
      ? `${stepFailed(migration.planned.version, failedStep.ordinal, error)};`
      : ''
  const row = migrationFailed(run.key, migrationFacts(migration), {
    halfDone,
    begun: migration.begun,
    error,
    durationMs: migration.report.durationMs,
  })
  await again(() => run.observer.simple(inTransaction(run.key, `${step} ${row}`)))
}
