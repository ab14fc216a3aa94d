import { isTakenOver, takenOver } from '../../journal/taken-over.ts'
import { inTransaction, migrationRolledBack } from '../../journal/write.ts'
import { differenceOf, readFingerprint } from '../../observe/fingerprint.ts'
import { objectsByReference } from '../../observe/object-lookup.ts'
import type { Fingerprint } from '../../observe/types.ts'
import type { PlannedMigration } from '../../plan/types.ts'
import { ServerError } from '../../postgres/server-error.ts'
import { sqlstate } from '../../postgres/sqlstate.ts'
import type { ErrorReport, MigrationReport, Report, UndoReport } from '../../report/types.ts'
import { again } from '../connections/again.ts'
import type { Run } from '../run.ts'
import { journalFailure } from '../steps/migrate.ts'
import type { MigrationEnd, MigrationRun } from '../steps/migration-run.ts'
import { compareFingerprints } from './foreign.ts'
import { objectsBefore } from './object-before.ts'
import { keptRows, provenBy, undoMigration } from './undo.ts'

interface Failed extends Extract<MigrationEnd, { ended: 'failed' }> {
  /** It was applied and verified, and the whole run condemned afterwards. */
  readonly verified?: true
}

/** A migration that this run applied whole. */
export interface Applied {
  readonly planned: PlannedMigration
  readonly entry: MigrationReport
}

/**
 * What happens after a migration has failed, by policy: `on-failure` (undo it or stop), `undo` (it alone, or the whole run). Sets the
 * outcomes of the report, each proven by a fingerprint or called needs-attention.
 */
export async function undoFailure(
  run: Run,
  report: Report,
  failure: Failed,
  applied: readonly Applied[],
  before: Fingerprint,
): Promise<void> {
  try {
    if (!(await mayGoOn(run, failure))) {
      report.outcome = await afterTakeover(failure)
      return
    }
    await undoByPolicy(run, report, failure, applied, before)
  } catch (error) {
    if (isTakenOver(error)) report.outcome = await afterTakeover(failure)
    else if (error instanceof ServerError && error.lost) report.outcome = afterUnknown(failure)
    else throw error
  }
}

/**
 * All migrations were applied, and yet the deployment does not count as successful: its last migration is treated as one that failed when it was
 * whole. `applied`: all of them, the last included.
 */
export async function undoDeployed(
  run: Run,
  report: Report,
  error: ErrorReport,
  last: MigrationRun,
  applied: readonly Applied[],
  before: Fingerprint,
): Promise<void> {
  report.error = error
  const stops = run.settings.onFailure === 'stop'
  if (!stops) last.report.outcome = 'failed'
  const failure: Failed = {
    ended: 'failed',
    error,
    migration: last,
    remaining: last.planned.steps,
    whole: true,
    left: 'something',
    verified: true,
  }
  await undoFailure(run, report, failure, applied.slice(0, -1), before)
  // Nothing of it was undone: it is still what the journal says, applied.
  if (last.report.rollback?.outcome === 'not-run') last.report.outcome = 'applied'
}

/** What a failure is called in a run that was asked to stop: the server's words for a cancelled statement name a timeout beside it. */
export function askedFor(error: ErrorReport): ErrorReport {
  if (error.sqlstate !== sqlstate.queryCanceled) return error
  return {
    ...error,
    message: 'Cancelled on request: the running statement was stopped',
    why: 'A signal asked the run to stop.',
    fix: 'Deploy again when you want to.',
  }
}

/** A run that another has taken over, or whose lock another holds, leaves everything to that one. */
async function mayGoOn(run: Run, { error }: Failed): Promise<boolean> {
  return error.sqlstate !== takenOver && (await run.lock.retake())
}

async function undoByPolicy(
  run: Run,
  report: Report,
  failure: Failed,
  applied: readonly Applied[],
  before: Fingerprint,
): Promise<void> {
  const { settings } = run
  report.outcome =
    failure.left === 'nothing'
      ? await afterTransaction(run, failure, applied.length === 0 ? before : null)
      : failure.left === 'unknown'
        ? afterUnknown(failure)
        : failure.left === 'undecided'
          ? await afterUndecided(run, failure)
          : settings.onFailure === 'stop'
            ? await afterStop(run, failure)
            : await afterUndo(run, failure)
  const undone = report.outcome === 'failed' || report.outcome === 'rolled-back'
  if (
    settings.undo === 'run' &&
    settings.onFailure === 'rollback' &&
    undone &&
    applied.length > 0
  ) {
    report.outcome = await undoEarlier(run, applied, before)
  }
  if (run.cancellation.requested && report.outcome !== 'needs-attention') {
    report.outcome = 'cancelled'
  }
}

/** Postgres rolled the one transaction back. Where a picture from before exists, that is proven too. */
async function afterTransaction(
  run: Run,
  failure: Failed,
  runBefore: Fingerprint | null,
): Promise<Report['outcome']> {
  const before = failure.migration.before ?? runBefore
  const byTransaction = { by: 'transaction', statements: [], kept: [] } as const
  const uncompared = { ...byTransaction, outcome: 'restored', difference: [] } as const
  const undo: UndoReport = run.cancellation.insisted
    ? { ...uncompared, reason: 'the run was told to hurry: the catalog was not compared' }
    : before === null
      ? {
          ...uncompared,
          reason: 'no fingerprint was taken before it: more than 20 migrations were pending',
        }
      : { ...byTransaction, ...(await proven(run, failure, before)) }
  const { report } = failure.migration
  Object.assign(report, { rollback: undo })
  run.emit({ type: 'undone', migration: report, undo })
  await journalFailure(run, failure, false)
  return undo.outcome === 'restored' ? 'failed' : 'needs-attention'
}

async function proven(
  run: Run,
  { migration }: Failed,
  before: Fingerprint,
): Promise<Pick<UndoReport, 'outcome' | 'difference' | 'foreign'>> {
  return provenBy(migration.planned, before, await readFingerprint(run.observer))
}

/** The answer to a COMMIT was lost, and so was the connection that could have asked: the next run finds out. */
function afterUnknown(failure: Failed): Report['outcome'] {
  failure.migration.report.rollback = {
    by: 'none',
    statements: [],
    outcome: 'not-run',
    difference: [],
    kept: [],
    reason:
      'the connections were lost before the server answered: run deploy again, it asks the journal and the catalog what happened and goes on from there',
  }
  return 'needs-attention'
}

/** Undoing what may not have happened, or leaving what may have, is for a person to choose: nothing is touched. */
async function afterUndecided(run: Run, failure: Failed): Promise<Report['outcome']> {
  const { report } = failure.migration
  report.rollback = {
    by: 'none',
    statements: [],
    outcome: 'not-run',
    difference: [],
    kept: keptRows(report.rowEffects),
    reason:
      'whether an interrupted statement had its effect can only be decided by a person, and so whether to go on or back',
  }
  run.emit({ type: 'undone', migration: report, undo: report.rollback })
  await journalFailure(run, failure, true)
  return 'needs-attention'
}

/** What is left stays for the run that holds the lock now, and the journal says so to it. */
async function afterTakeover({ migration, left }: Failed): Promise<Report['outcome']> {
  migration.report.rollback = {
    by: left === 'nothing' ? 'transaction' : 'none',
    statements: [],
    outcome: 'not-run',
    difference: [],
    kept: keptRows(migration.report.rowEffects),
    reason:
      left === 'nothing'
        ? 'another run has taken the database over: Postgres took the transaction back, and nothing more was written'
        : 'another run has taken the database over: what was committed is left to that one, which finds it in the journal',
  }
  return 'needs-attention'
}

async function afterStop(run: Run, failure: Failed): Promise<Report['outcome']> {
  const { report, before } = failure.migration
  const undo: UndoReport = {
    by: 'none',
    statements: [],
    outcome: 'not-run',
    difference:
      before === null || run.cancellation.insisted
        ? []
        : differenceOf(before, await readFingerprint(run.observer)),
    kept: keptRows(report.rowEffects),
    reason: `on-failure is stop: ${whatStays(failure)}`,
  }
  report.rollback = undo
  run.emit({ type: 'undone', migration: report, undo })
  // A whole migration stays `applied`, not verified: the next run verifies it first.
  if (!failure.whole) await journalFailure(run, failure, true)
  return 'needs-attention'
}

function whatStays({ whole, verified }: Failed): string {
  if (verified) {
    return 'all migrations stay applied and verified; the next deploy has nothing to do and does not judge the criteria again'
  }
  return whole
    ? 'all its steps stay, and the next deploy verifies it before anything else'
    : 'what was committed stays, and the next deploy goes on at the first undone step'
}

async function afterUndo(run: Run, failure: Failed): Promise<Report['outcome']> {
  const { report, planned, before } = failure.migration
  const last = failure.remaining.at(-1)
  const uncertain =
    last?.kind === 'statement' && report.steps[last.ordinal - 1]?.outcome === 'failed'
      ? last
      : undefined
  const undo = await undoMigration(run, {
    planned,
    report,
    steps: failure.remaining,
    whole: failure.whole,
    before,
    names: before,
    objectBefore: objectsByReference(before, run.surroundings.searchPath),
    ...(uncertain === undefined ? {} : { uncertain }),
  })
  report.rollback = undo
  run.emit({ type: 'undone', migration: report, undo })
  if (undo.outcome === 'failed' || undo.outcome === 'not-run') {
    if (!failure.whole) await journalFailure(run, failure, true)
    return 'needs-attention'
  }
  markUndone(report)
  await journalRolledBack(run, planned.version)
  return undo.outcome === 'restored' && undo.kept.length === 0 ? 'rolled-back' : 'needs-attention'
}

/** `undo: run`: the migrations that this run applied before the failed one, newest first. */
async function undoEarlier(
  run: Run,
  applied: readonly Applied[],
  before: Fingerprint,
): Promise<Report['outcome']> {
  let kept = false
  const all = applied.map(({ planned }) => planned)
  for (const { planned, entry } of [...applied].reverse()) {
    const undo = await undoMigration(run, {
      planned,
      report: entry,
      steps: planned.steps,
      whole: true,
      before: null,
      names: before,
      objectBefore: objectsBefore(
        before,
        all.slice(0, all.indexOf(planned)),
        run.surroundings.searchPath,
      ),
    })
    entry.rollback = undo
    run.emit({ type: 'undone', migration: entry, undo })
    if (undo.outcome !== 'restored') return 'needs-attention'
    kept ||= undo.kept.length > 0
    markUndone(entry)
    await journalRolledBack(run, planned.version)
  }
  const { difference } = compareFingerprints(all, before, await readFingerprint(run.observer))
  return kept || difference.length > 0 ? 'needs-attention' : 'rolled-back'
}

function markUndone(report: MigrationReport): void {
  report.outcome = 'rolled-back'
  for (const step of report.steps) {
    if (step.outcome === 'done') step.outcome = 'rolled-back'
  }
}

async function journalRolledBack(run: Run, version: string): Promise<void> {
  const row = inTransaction(run.key, migrationRolledBack(run.key, version))
  await again(() => run.observer.simple(row))
}
