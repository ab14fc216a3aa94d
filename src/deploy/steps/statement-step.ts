import type { JournalStep, StepBefore } from '../../journal/state.ts'
import {
  inTransaction,
  migrationApplied,
  migrationBegun,
  stepDone,
  stepLeftNothing,
  stepStarted,
} from '../../journal/write.ts'
import type { Step } from '../../plan/types.ts'
import { ServerError } from '../../postgres/server-error.ts'
import { sqlstate } from '../../postgres/sqlstate.ts'
import type { Verification } from '../../report/types.ts'
import type { Statement } from '../../sql/types.ts'
import { verifyExpectations } from '../../verify/expectations.ts'
import { aftermathOf } from '../concurrent/after-failure.ts'
import { isAtomic } from '../concurrent/atomic.ts'
import { awaitOlderTransactions, type Waiting } from '../concurrent/before-build.ts'
import { type ConcurrentWork, concurrentWorkOf } from '../concurrent/concurrent-work.ts'
import { clearLeftover, nameRebuildLeftovers } from '../concurrent/leftovers.ts'
import { tookEffectDespiteLoss } from '../connections/fate.ts'
import { describeFailure, UnknownFate } from '../failure.ts'
import type { Run } from '../run.ts'
import { executeStatement } from './execute.ts'
import {
  addRowEffects,
  type MigrationRun,
  migrationFacts,
  type StepEnd,
  stepFacts,
  stepReportOf,
} from './migration-run.ts'
import { judgeVerification, judgeWarnings } from './policies.ts'
import { settleInterrupted } from './resume.ts'
import { stateBefore } from './step-before.ts'
import { setStepTimeouts } from './step-timeouts.ts'
import { keepTimeouts, timeoutsOf, waitLimitsOf } from './timeouts.ts'
import { appliedFacts } from './transaction-step.ts'
import { uncounted } from './uncounted-rows.ts'

/**
 * A statement that allows no transaction. Its beginning is journaled, with what was true before, and committed; then it runs; then
 * the catalog is asked whether it did what it says; then its end is journaled. `interrupted` is the journal's row where an earlier
 * run began it and was killed: the catalog tells what became of it before anything is sent again.
 */
export async function runStatementStep(
  run: Run,
  migration: MigrationRun,
  step: Step,
  interrupted: JournalStep | undefined,
): Promise<StepEnd> {
  const started = Date.now()
  const planned = step.statements[0]
  if (planned === undefined) throw new Error(`step ${step.ordinal} holds no statement`)
  const { statement, directives } = planned
  const work = concurrentWorkOf(statement)
  const limits = timeoutsOf(step, run.settings, migration.planned.directives, directives)
  const waiting: Waiting = {
    version: migration.planned.version,
    step: stepReportOf(migration.report, step),
    statement,
    where: statement.where,
    timeoutMs: limits.lock_timeout,
  }
  let before = interrupted?.before ?? null
  let begunAt: number | null = null
  let succeeded = false
  try {
    await setStepTimeouts(run, migration, step)
    const settled = interrupted
      ? await settleInterrupted(run, migration, step, interrupted, waiting)
      : 'run'
    if (settled === 'run') {
      const leftovers = work === null ? [] : await prepare(run, migration, work, waiting)
      const picture = before ?? (await stateBefore(run, step, leftovers))
      before = picture
      await journalStart(run, migration, step, picture)
      begunAt = Date.now()
      await executeStatement(
        run,
        migration.report,
        stepReportOf(migration.report, step),
        statement,
        waitLimitsOf(step, run.settings, migration.planned.directives, directives),
      ).catch(async (error: unknown) => {
        if (!(await tookEffectDespiteLoss(run, migration, step, picture, error))) throw error
      })
      succeeded = true
      if (migration.timeouts !== null) await keepTimeouts(run, statement, migration.timeouts)
    }
    const verification = await verifyExpectations(
      run.connections.worker,
      step.expectations,
      run.surroundings,
    )
    judgeVerification(verification)
    judgeWarnings(run.settings, migration.report.notices)
    await journalEnd(run, migration, step, verification, Date.now() - started)
    return { ended: 'done' }
  } catch (error) {
    const { script } = migration.planned
    const report = describeFailure(error, {
      script,
      statement,
      version: migration.planned.version,
    })
    if (error instanceof UnknownFate) return { ended: 'failed', error: report, left: 'undecided' }
    if (before === null) {
      return { ended: 'failed', error: report, left: interrupted ? 'something' : 'nothing' }
    }
    const budgetMs = limits.lock_timeout - (Date.now() - (begunAt ?? started))
    const { left, says } = await aftermathOf(run, {
      work,
      before,
      error,
      succeeded,
      skipped: wasSkipped(migration, statement),
      atomic: isAtomic(step) && interrupted === undefined,
      budgetMs,
    })
    if (left === 'nothing') await journalNothing(run, migration, step)
    const detail = [report.detail, says?.detail].filter((text) => text !== undefined).join('; ')
    return {
      ended: 'failed',
      error: { ...report, ...says, ...(detail === '' ? {} : { detail }) },
      left,
    }
  }
}

/** IF NOT EXISTS found something of that name, as the server's notice says. */
function wasSkipped({ report }: MigrationRun, { where }: Statement): boolean {
  return report.notices.some(
    (notice) => notice.code === sqlstate.duplicateTable && notice.where === where,
  )
}

/** Everything that can be known before a concurrent statement is begun. Returns the OIDs of what others' rebuilds have left. */
async function prepare(
  run: Run,
  migration: MigrationRun,
  work: ConcurrentWork,
  waiting: Waiting,
): Promise<number[]> {
  if (work.op === 'create') await clearLeftover(run, migration.report, work, waiting)
  await awaitOlderTransactions(run, work, waiting)
  return work.op === 'reindex' ? nameRebuildLeftovers(run, migration.report, work, waiting) : []
}

/** The beginning, committed with what was true before: should the run be killed now, the next one knows to ask the catalog. */
async function journalStart(
  run: Run,
  migration: MigrationRun,
  step: Step,
  before: StepBefore,
): Promise<void> {
  const { planned } = migration
  const { worker } = run.connections
  const begun = migration.begun ? '' : `${migrationBegun(run.key, migrationFacts(migration))};`
  const row = stepStarted(run.key, planned.version, stepFacts(step), before, uncounted(step))
  await worker.simple(inTransaction(run.key, `${begun} ${row}`))
  migration.begun = true
}

/** A next run need not ask what became of it. Where that can't be noted, it asks. */
async function journalNothing(run: Run, migration: MigrationRun, step: Step): Promise<void> {
  const row = stepLeftNothing(migration.planned.version, step.ordinal)
  try {
    await run.connections.worker.simple(inTransaction(run.key, row))
  } catch (error) {
    if (!(error instanceof ServerError)) throw error
  }
}

async function journalEnd(
  run: Run,
  migration: MigrationRun,
  step: Step,
  verification: readonly Verification[],
  durationMs: number,
): Promise<void> {
  const { planned, report } = migration
  const rows = uncounted(step)
  addRowEffects(report, rows)
  if (planned.steps.length === 1) report.verification.push(...verification)
  const done = stepDone(run.key, planned.version, stepFacts(step), { durationMs, rowEffects: rows })
  const last = step.ordinal === planned.steps.length
  const applied = last ? migrationApplied(planned.version, appliedFacts(run, migration, [])) : ''
  await run.connections.worker.simple(inTransaction(run.key, last ? `${done};\n${applied}` : done))
}
