import { criterionError, judgeCriteria } from '../checks/postflight/criteria.ts'
import {
  beginLog,
  type LogPlan,
  type LogStart,
  planLog,
  readLog,
} from '../checks/postflight/log.ts'
import { again } from '../deploy/connections/again.ts'
import type { OpenRun } from '../deploy/connections/open.ts'
import type { Run } from '../deploy/run.ts'
import { committedRows } from '../deploy/steps/migration-run.ts'
import { type Capture, type CaptureOptions, capture } from '../observe/baseline/capture.ts'
import { type BaselinePlan, planBaseline } from '../observe/baseline/plan.ts'
import { type ReplicaCounters, withReplica } from '../observe/baseline/replica.ts'
import { baselineReport } from '../observe/baseline/report.ts'
import type { OwnRows } from '../observe/baseline/row-counts.ts'
import {
  type Interval,
  statementTimesTable,
  watchAfter,
  watchBefore,
} from '../observe/interval/interval.ts'
import type { LockWaits, Watching } from '../observe/interval/lock-waits.ts'
import type { PlannedMigration } from '../plan/types.ts'
import type { ErrorReport, Verification } from '../report/types.ts'
import { verifyStanding } from '../verify/standing.ts'
import type { CommandContext } from './context.ts'
import type { Task } from './decide.ts'
import { readReplicaCounters } from './replica-counters.ts'
import { withStopSignal } from './stop-signal.ts'

/** What is measured before and after, understood before anything connects. */
export interface PostflightPlan {
  readonly baseline: BaselinePlan
  readonly log: LogPlan | null
}

/**
 * Baseline and logs of airlock.yml, before anything connects.
 *
 * @throws Refusal for a query that changes something, a name that is none
 */
export function planPostflight({ gates, baselineQueries }: CommandContext): PostflightPlan {
  return { baseline: planBaseline(gates.baseline, baselineQueries), log: planLog(gates.logs) }
}

/** What was measured before the first change. */
export interface Before {
  readonly options: CaptureOptions
  readonly capture: Capture
  readonly replica: ReplicaCounters
  /** Null: observe-for is 0. */
  readonly waits: LockWaits | null
  /** What was not as the applied migrations had left it. */
  readonly failed: readonly Verification[]
}

/** Where the log ends as the run begins. */
export const markLog = ({ log }: PostflightPlan): Promise<LogStart | null> => beginLog(log)

/** Measures before the first change, and puts it into the report. */
export async function captureBefore(
  context: CommandContext,
  open: Pick<OpenRun, 'observer' | 'surroundings'>,
  tasks: readonly Task[],
  { baseline }: PostflightPlan,
  applied: Applied,
): Promise<Before> {
  const { report, settings, gates, emit } = context
  const options: CaptureOptions = {
    plan: baseline,
    pending: tasks.map(({ planned }) => planned),
    searchPath: open.surroundings.searchPath,
    lockTimeout: settings.lockTimeout,
    statementTimeout: settings.statementTimeout,
    ...(settings.role === undefined ? {} : { role: settings.role }),
    user: report.target?.user ?? '',
    observes: gates['observe-for'] > 0,
    redact: context.redact,
  }
  emit({ type: 'phase', title: 'Baseline' })
  const before = await capture(open.observer, options, null)
  const standing = await verifyStanding(open.observer, applied.planned, open.surroundings)
  const replica = await readReplicaCounters(context)
  report.baseline = withReplica(
    baselineReport(baseline, before, null, ownRows(tasks, options.searchPath)),
    replica,
    null,
  )
  const observeFor = gates['observe-for']
  const waits =
    observeFor === 0
      ? null
      : await watchBefore(open.observer, observeFor, watching(context, observeFor))
  emit({ type: 'phase-finished', title: 'Baseline', judged: [] })
  const failed = standing.filter(({ outcome }) => outcome === 'failed')
  return { options, capture: before, replica, waits, failed }
}

/**
 * Measures after the last change, watches for as long as was asked, and judges the success criteria; all of it goes into the report.
 * Returns the criterion that failed as the run's error, null where none did.
 */
export async function judgePostflight(
  context: CommandContext,
  run: Pick<Run, 'observer' | 'surroundings'>,
  tasks: readonly Task[],
  before: Before,
  { baseline }: PostflightPlan,
  log: LogStart | null,
  applied: Applied,
): Promise<ErrorReport | null> {
  const { report, gates, emit } = context
  const interval = await observe(context, run, before)
  emit({ type: 'phase', title: 'Success criteria' })
  const after = await again(() => capture(run.observer, before.options, before.capture))
  const own = ownRows(tasks, before.options.searchPath)
  const measured = withReplica(
    baselineReport(baseline, before.capture, after, own),
    before.replica,
    before.replica === null ? null : await readReplicaCounters(context),
  )
  const times = interval === null ? [] : statementTimesTable(interval)
  report.baseline = { ...measured, statements: [...measured.statements, ...times] }
  report.criteria = judgeCriteria(
    {
      verification: await verifyStanding(run.observer, applied.planned, run.surroundings),
      failedBefore: before.failed,
      ...(applied.unverified === undefined ? {} : { unverified: applied.unverified }),
      rows: report.baseline.rows,
      smoke: report.smoke,
      logs:
        log === null
          ? null
          : await withStopSignal(context.cancellation, (signal) =>
              readLog(log, report.startedAt, { signal, redact: context.redact }),
            ),
      acceptedLines: gates.logs?.max ?? 0,
      interval,
      slower: gates.criteria.slower,
    },
    gates.criteria,
  )
  for (const criterion of report.criteria) emit({ type: 'judged', criterion })
  emit({ type: 'phase-finished', title: 'Success criteria', judged: report.criteria })
  return criterionError(report.criteria)
}

/** The migrations whose effects are to stand, in file order. */
export interface Applied {
  readonly planned: readonly PlannedMigration[]
  /** Why they are not all that was ever applied. */
  readonly unverified?: string
}

/** All that the journal had as applied, and what this run has applied since. */
export function allApplied(
  open: Pick<OpenRun, 'journal'>,
  planned: readonly PlannedMigration[],
  now: readonly Task[],
): Applied {
  const versions = new Set(now.map((task) => task.planned.version))
  const missing: string[] = []
  for (const { version, state } of open.journal.migrations) {
    if (state !== 'applied' && state !== 'verified') continue
    versions.add(version)
    if (!planned.some((migration) => migration.version === version)) missing.push(version)
  }
  return {
    planned: planned.filter(({ version }) => versions.has(version)),
    ...(missing.length === 0
      ? {}
      : { unverified: `${missing.join(', ')}: applied, but not in the folder` }),
  }
}

async function observe(
  context: CommandContext,
  run: Pick<Run, 'observer'>,
  { capture: before, waits }: Before,
): Promise<Interval | null> {
  const observeFor = context.gates['observe-for']
  if (waits === null || observeFor === 0) return null
  context.emit({ type: 'phase', title: 'Observing' })
  const interval = await watchAfter(
    run.observer,
    observeFor,
    { capture: before, waits, redact: context.redact },
    watching(context, observeFor),
  )
  context.emit({ type: 'phase-finished', title: 'Observing', judged: [] })
  return interval
}

/** That it is alive is told this often. */
const aliveEveryMs = 5_000

function watching({ cancellation, emit }: CommandContext, totalMs: number): Watching {
  let toldAt = 0
  return {
    stop: () => cancellation.requested,
    told(elapsedMs, waiting) {
      if (elapsedMs - toldAt < aliveEveryMs) return
      toldAt = elapsedMs
      const detail = `${waiting} ${waiting === 1 ? 'session waits' : 'sessions wait'} for a lock`
      emit({ type: 'observing', elapsedMs, totalMs, detail })
    },
  }
}

function ownRows(tasks: readonly Task[], searchPath: readonly string[]): OwnRows {
  return {
    searchPath,
    effects: tasks.flatMap(({ entry }) => entry.rowEffects),
    earlier: tasks.flatMap(({ action, journaled }) =>
      journaled === undefined || action === 'redo' ? [] : committedRows(journaled),
    ),
    attaches: tasks.some(({ planned }) =>
      planned.script.statements.some(({ effects }) => effects.some(({ op }) => op === 'attach')),
    ),
  }
}
