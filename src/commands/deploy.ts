import { readProofQuery } from '../backup/proof-query.ts'
import type { LogStart } from '../checks/postflight/log.ts'
import { compileSmoke } from '../checks/smoke/compile.ts'
import { again } from '../deploy/connections/again.ts'
import { type OpenRun, openRun } from '../deploy/connections/open.ts'
import type { Run } from '../deploy/run.ts'
import { runMigration } from '../deploy/steps/migrate.ts'
import type { MigrationEnd, MigrationRun } from '../deploy/steps/migration-run.ts'
import { Cancelled, stopIfAsked } from '../deploy/stop/cancellation.ts'
import { undoBudgetMs } from '../deploy/stop/undo-time.ts'
import { finishUndo, unfinished } from '../deploy/undo/finish-undo.ts'
import { compareFingerprints } from '../deploy/undo/foreign.ts'
import { askedFor, undoDeployed, undoFailure } from '../deploy/undo/undo-policy.ts'
import { unlessTakenOver } from '../journal/taken-over.ts'
import { beginRun, endRun, installJournal } from '../journal/write.ts'
import { readFingerprint, serialise } from '../observe/fingerprint.ts'
import type { Fingerprint } from '../observe/types.ts'
import type { PlannedMigration } from '../plan/types.ts'
import { exitCodeOf } from '../report/exit-code.ts'
import type { ErrorReport } from '../report/types.ts'
import { followRestorePoint } from './backup-gate.ts'
import type { CommandContext } from './context.ts'
import { decideTasks, type Task } from './decide.ts'
import { digestOf, warnOfApproved } from './digest.ts'
import { passGates } from './gates.ts'
import { needDatabase } from './need-database.ts'
import { planAll, planForServer } from './plan-all.ts'
import {
  allApplied,
  type Before,
  captureBefore,
  judgePostflight,
  markLog,
  type PostflightPlan,
  planPostflight,
} from './postflight.ts'
import { settingsOnRecord } from './record.ts'
import { withSmokeTests } from './smoke.ts'

/**
 * Brings the target to the state that the migrations describe: parse and plan, connect, take the run's lock, read the journal, run what is
 * pending, verify it, and undo what fails. The report tells the ending.
 * Errors: Refusal, before anything is changed.
 */
export async function deploy(context: CommandContext): Promise<void> {
  const parsed = planAll(context)
  compileSmoke(context.gates.smoke)
  readProofQuery(context.gates.backup)
  const postflight = planPostflight(context)
  const log = await markLog(postflight)
  const connection = needDatabase(context)
  const open = await openRun({ ...context, connection })
  try {
    const planned = await planForServer(context, open, parsed)
    const tasks = decideTasks(context, open, planned)
    if (tasks.length === 0) return nothingToDo(context, open, tasks)
    await passGates(context, open, tasks)
    await runAll(context, open, tasks, { planned, plan: postflight, log })
  } finally {
    await open.close()
  }
}

function nothingToDo(context: CommandContext, { journal }: OpenRun, tasks: readonly Task[]): void {
  const { report } = context
  report.outcome = 'nothing-to-do'
  report.planDigest = digestOf(context, tasks)
  const { newest } = journal
  if (newest?.command === 'deploy' && newest.outcome === 'abandoned' && !newest.judged) {
    report.warnings.push(
      `Run ${newest.id} was killed before its success criteria were judged, and no later run has judged them.`,
    )
  }
  warnOfApproved(context)
}

/** What the judgement after the last migration needs to know of the time before the first. */
interface Postflight {
  /** Every migration of the folder. */
  readonly planned: readonly PlannedMigration[]
  readonly plan: PostflightPlan
  readonly log: LogStart | null
}

async function runAll(
  context: CommandContext,
  open: OpenRun,
  tasks: readonly Task[],
  postflight: Postflight,
): Promise<void> {
  const baseline = await captureBefore(
    context,
    open,
    tasks,
    postflight.plan,
    allApplied(open, postflight.planned, []),
  )
  // From here on the run hears requests itself and ends itself, so that its journal row gets an end.
  const forget = context.cancellation.onRequest(() => undefined)
  try {
    stopIfAsked(context.cancellation)
    await runJournaled(context, open, tasks, postflight, baseline)
  } finally {
    forget()
  }
}

async function runJournaled(
  context: CommandContext,
  open: OpenRun,
  tasks: readonly Task[],
  postflight: Postflight,
  baseline: Before,
): Promise<void> {
  const { report, emit, cancellation } = context
  const before = await readFingerprint(open.observer)
  const beforeText = serialise(before)
  await installJournal(open.observer, open.journal.version)
  const key = await beginRun(open.observer, {
    id: open.runId,
    command: 'deploy',
    ...context.origin,
    toolVersion: context.toolVersion,
    settings: settingsOnRecord(context.settings),
    fingerprintBefore: beforeText,
    gates: context.redact({
      checks: report.checks,
      backup: report.backup,
      restorePoint: report.restorePoint,
      planDigest: report.planDigest ?? null,
      approvedBy: report.origin?.approvedBy ?? null,
    }),
  })
  const started = await open.start(key, undoBudgetMs)
  emit({ type: 'planned', pending: tasks.map(({ entry }) => entry) })
  const run = await withSmokeTests(context, started, tasks)
  let failure: Extract<MigrationEnd, { ended: 'failed' }> | null = null
  const applied: Task[] = []
  let last: MigrationRun | null = null
  for (const [index, task] of tasks.entries()) {
    if (cancellation.requested) break
    const { planned, entry } = task
    emit({ type: 'migration-started', migration: entry, index: index + 1, total: tasks.length })
    const stuck = await finishEarlierUndo(context, run, task)
    if (stuck !== null) {
      Object.assign(report, { outcome: 'needs-attention', error: stuck })
      emit({ type: 'migration-finished', migration: entry })
      break
    }
    const journaled = task.action === 'redo' ? undefined : task.journaled
    const end = await runMigration(run, planned, entry, journaled, {
      // The last is the one to be undone where a success criterion fails.
      fingerprintWanted: tasks.length <= 20 || index === tasks.length - 1,
    })
    emit({ type: 'migration-finished', migration: entry })
    if (end.ended === 'failed') {
      failure = end
      break
    }
    applied.push(task)
    last = end.migration
  }
  if (failure !== null) {
    report.error = cancellation.requested ? askedFor(failure.error) : failure.error
    await undoFailure(run, report, failure, applied, before)
  } else if (report.error === null) {
    report.outcome = applied.length < tasks.length ? 'cancelled' : 'deployed'
  }
  if (report.outcome === 'deployed' && last !== null) {
    const standing = allApplied(open, postflight.planned, applied)
    const { plan, log } = postflight
    const failed = await judgedUnlessStopped(context, () =>
      open.whileAsking(() => judgePostflight(context, run, tasks, baseline, plan, log, standing)),
    )
    if (failed !== null) await undoDeployed(run, report, failed, last, applied, before)
  }
  await finish(
    context,
    open,
    key,
    before,
    tasks.map(({ planned }) => planned),
  )
}

/**
 * The success criterion that failed, null where none did. What was measured while the run was asked to stop may be an answer of cancelled queries:
 * nothing is undone for it.
 */
async function judgedUnlessStopped(
  { report, cancellation }: CommandContext,
  judge: () => Promise<ErrorReport | null>,
): Promise<ErrorReport | null> {
  try {
    const failed = await judge()
    if (!cancellation.requested) return failed
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error
  }
  report.outcome = 'cancelled'
  report.warnings.push(
    'The run was stopped while its success criteria were judged: all its migrations stay applied and verified, and no later run judges them.',
  )
  return null
}

/** An undo that was killed ends before its migration is applied anew. Returns why it could not. */
async function finishEarlierUndo(
  { report }: CommandContext,
  run: Run,
  { planned, entry, journaled, action }: Task,
): Promise<ErrorReport | null> {
  if (action !== 'redo' || journaled === undefined) return null
  const undo = await finishUndo(run, planned, entry, journaled)
  if (undo === null) return null
  const kept = undo.kept.length === 0 ? '' : ` Kept were ${undo.kept.join('; ')}.`
  report.warnings.push(
    `An earlier run was killed while it undid ${planned.version}: that was finished first.${kept}`,
  )
  const stuck = unfinished(planned, undo)
  if (stuck !== null) Object.assign(entry, { outcome: 'failed', rollback: undo })
  return stuck
}

/** The last picture of the catalog, and the run's last word in the journal. */
async function finish(
  context: CommandContext,
  open: OpenRun,
  key: { id: string; epoch: number },
  before: Fingerprint,
  planned: readonly PlannedMigration[],
): Promise<void> {
  const { report } = context
  // Whoever insists is not kept waiting for a picture of the catalog.
  const after = context.cancellation.insisted ? null : await readFingerprint(open.observer)
  if (after !== null && isBackAtStart(context)) {
    const { difference, foreign } = compareFingerprints(planned, before, after)
    report.fingerprint = {
      before: before.hash,
      after: after.hash,
      equal: difference.length === 0,
      difference,
      ...(foreign.length === 0 ? {} : { foreign }),
    }
  }
  report.exitCode = exitCodeOf(report.outcome, report.command)
  await followRestorePoint(context, open)
  const end = {
    outcome: report.outcome,
    fingerprintAfter: after === null ? null : serialise(after),
    error: context.redact(report.error),
    restorePoint: context.redact(report.restorePoint),
    baseline: context.redact(report.baseline),
    criteria: context.redact(report.criteria),
  }
  // Where the first answer was lost, the second says that the run has ended: that is no takeover either.
  await unlessTakenOver(again(() => endRun(open.observer, key, end)))
}

/** Is the whole run said to be undone? Where earlier migrations stay, each one's own proof stands with it. */
function isBackAtStart({ report, settings }: CommandContext): boolean {
  if (report.error === null) return false
  const stays = report.migrations.some(({ outcome }) => outcome === 'applied')
  return settings.undo === 'run' || !stays
}
