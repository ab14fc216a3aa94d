import { stepState } from '../../journal/fate.ts'
import {
  inTransaction,
  journalPrologue,
  migrationApplied,
  migrationBegun,
  stepDone,
} from '../../journal/write.ts'
import type { Step } from '../../plan/types.ts'
import { ServerError } from '../../postgres/server-error.ts'
import type { RowEffect, Verification } from '../../report/types.ts'
import type { Statement } from '../../sql/types.ts'
import { committedDespiteLoss, continueOnNewWorker, isLost } from '../connections/fate.ts'
import { holdsLock } from '../connections/lock-watch.ts'
import { describeFailure, StepFailure } from '../failure.ts'
import type { Run } from '../run.ts'
import {
  addRowEffects,
  isJudgedAfterwards,
  type MigrationRun,
  migrationFacts,
  repeatSettings,
  type StepEnd,
  stepFacts,
} from './migration-run.ts'
import { judgeRows, judgeVerification, judgeWarnings } from './policies.ts'
import { countRemoved, withRefreshed } from './removed-rows.ts'
import type { GaveWay } from './retry.ts'
import { runBody } from './transaction-body.ts'
import { lastToTouch } from './transaction-statements.ts'

/**
 * BEGIN, the statements, the expectations, the journal row, COMMIT. Whatever fails before the COMMIT, Postgres takes back all of it; when
 * the answer to the COMMIT is lost, the journal is asked. `gaveWay`: what the attempt before failed of.
 */
export async function runTransactionStep(
  run: Run,
  migration: MigrationRun,
  step: Step,
  gaveWay: GaveWay | null = null,
): Promise<StepEnd> {
  const started = Date.now()
  let statement: Statement | undefined
  let committing = false
  let rows: readonly RowEffect[] = []
  let verification: readonly Verification[] = []
  try {
    const removed = await countRemoved(run, step)
    const body = await runBody(run, migration, step, gaveWay, (running) => {
      statement = running
    })
    rows = [...withRefreshed(step, body.rows), ...removed]
    verification = body.verification
    judge(run, migration, verification, rows)
    holdsLock(run.lock)
    committing = true
    await commit(run, migration, step, rows, Date.now() - started)
    return done(migration, verification, rows)
  } catch (error) {
    const culprit = statement ?? lastToTouch(step, error)
    const report = describeFailure(error, {
      script: migration.planned.script,
      version: migration.planned.version,
      ...(culprit === undefined ? {} : { statement: culprit }),
    })
    if (committing && isLost(error)) {
      const fate = await committedDespiteLoss(run, () => isJournaled(run, migration, step))
      if (fate === 'unknown') return { ended: 'failed', error: report, left: 'unknown' }
      if (fate === 'committed') {
        await continueOnNewWorker(run, migration, step)
        return done(migration, verification, rows)
      }
    } else if (!(await rollBack(run))) return { ended: 'failed', error: report, left: 'unknown' }
    return { ended: 'failed', error: report, left: 'nothing' }
  }
}

function judge(
  run: Run,
  migration: MigrationRun,
  verification: readonly Verification[],
  rows: readonly RowEffect[],
): void {
  judgeVerification(verification)
  judgeWarnings(run.settings, migration.report.notices)
  judgeRows(run.settings, rows)
}

/** The journal row and the COMMIT in one message. The tag must be COMMIT: an aborted transaction answers ROLLBACK without an error. */
async function commit(
  run: Run,
  migration: MigrationRun,
  step: Step,
  rows: readonly RowEffect[],
  durationMs: number,
): Promise<void> {
  const { worker } = run.connections
  const journal = journalRows(run, migration, step, rows, durationMs)
  if (step.rollsBack) {
    await takeBack(run, migration)
    await worker.simple(inTransaction(run.key, journal))
    return
  }
  const results = await worker
    .simple(`${journalPrologue(run.key)} ${journal}; commit`)
    .catch(async (error: unknown) => {
      if (!(error instanceof ServerError) || error.code !== readOnlyTransaction) throw error
      await takeBack(run, migration)
      await repeatSettings(run, step)
      return worker.simple(inTransaction(run.key, journal))
    })
  const tag = results.at(-1)?.tag
  if (tag !== 'COMMIT') {
    throw new StepFailure({
      message: `COMMIT answered ${tag ?? 'nothing'}: the transaction was rolled back`,
    })
  }
}

/** With the transaction goes what was SET in it, our timeouts among it: they are sent along with its BEGIN. */
async function takeBack(run: Run, migration: MigrationRun): Promise<void> {
  await run.connections.worker.simple('rollback')
  migration.timeouts = null
}

/** The file's own BEGIN READ ONLY: it changed nothing but its session, and is journaled in a transaction of its own. */
const readOnlyTransaction = '25006'

function journalRows(
  run: Run,
  migration: MigrationRun,
  step: Step,
  rows: readonly RowEffect[],
  durationMs: number,
): string {
  const { planned } = migration
  const last = step.ordinal === planned.steps.length
  const parts = [
    ...(migration.begun ? [] : [migrationBegun(run.key, migrationFacts(migration))]),
    stepDone(run.key, planned.version, stepFacts(step), { durationMs, rowEffects: rows }),
    ...(last ? [migrationApplied(planned.version, appliedFacts(run, migration, rows))] : []),
  ]
  return parts.join(';\n')
}

/** A migration of one step that nothing judges afterwards is verified as it commits: its expectations were checked inside. */
export function appliedFacts(run: Run, migration: MigrationRun, rows: readonly RowEffect[]) {
  const { planned, report } = migration
  const all = { ...report, rowEffects: [...report.rowEffects] }
  addRowEffects(all, rows)
  return {
    durationMs: Date.now() - migration.startedAt,
    rowEffects: all.rowEffects,
    verified: planned.steps.length === 1 && !isJudgedAfterwards(run, planned),
  }
}

function done(
  migration: MigrationRun,
  verification: readonly Verification[],
  rows: readonly RowEffect[],
): StepEnd {
  migration.begun = true
  addRowEffects(migration.report, rows)
  if (migration.planned.steps.length === 1) migration.report.verification.push(...verification)
  return { ended: 'done' }
}

async function isJournaled(run: Run, { planned }: MigrationRun, step: Step): Promise<boolean> {
  const state = await stepState(run.observer, run.key.id, planned.version, step.ordinal)
  return state === 'done'
}

/** False: the transaction can't come to a COMMIT any more, and yet nobody can see that it has ended. */
async function rollBack(run: Run): Promise<boolean> {
  try {
    await run.connections.worker.simple('rollback')
    return true
  } catch {
    // The connection is gone; so is the transaction, once the backend has noticed. The undo waits for that.
    return run.connections.endWorker().then(
      () => true,
      (error: unknown) => {
        if (error instanceof ServerError) return false
        throw error
      },
    )
  }
}
