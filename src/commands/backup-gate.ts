import { judgeBackup, makeBackup } from '../backup/backup.ts'
import { findPlanTables, tablesNamedIn } from '../backup/plan-tables.ts'
import type { BackupRequest } from '../backup/request.ts'
import { makeRestorePoint } from '../backup/restore-point.ts'
import { lookAtArchiveAgain } from '../backup/wal-archive.ts'
import type { OpenRun } from '../deploy/connections/open.ts'
import { stopIfAsked } from '../deploy/stop/cancellation.ts'
import { ServerError } from '../postgres/server-error.ts'
import { pinnedTo } from '../postgres/session.ts'
import type { CheckReport } from '../report/types.ts'
import type { Placeholder } from '../runbook/gates/template.ts'
import type { CommandContext } from './context.ts'
import type { Task } from './decide.ts'
import { untilStopped } from './stop-signal.ts'

type Opened = Pick<OpenRun, 'observer' | 'surroundings' | 'runId'>

/**
 * The backup and then the restore point, made and put into the report with their checks. No restore point follows a backup that failed.
 * Errors: Cancelled, with the programs that were running ended.
 *
 * @returns whether it may have taken so long that what was checked before is no longer true
 */
export async function secure(
  context: CommandContext,
  open: Opened,
  tasks: readonly Task[],
): Promise<boolean> {
  const { gates, report, emit } = context
  const values = valuesOf(context, open)
  if (gates.backup === undefined) report.checks.push(noBackup)
  else {
    emit({ type: 'phase', title: 'Backup' })
    const { backup } = gates
    report.backup = await untilStopped(context.cancellation, graceMs, async (stop) =>
      makeBackup(backup, await requestOf(context, open, tasks, values, stop)),
    )
    tell(context, 'Backup', report.backup.checks, report.backup.path)
    if (report.backup.outcome === 'failed') return false
  }
  await point(context, open, values, true)
  return report.backup?.kind === 'pg_dump' || report.backup?.kind === 'command'
}

/** The same without making anything: what `plan`, and a deployment that is refused already, can say of them. */
export async function judgeSecurity(
  context: CommandContext,
  open: Opened,
  tasks: readonly Task[],
): Promise<void> {
  const { gates, report, emit } = context
  const values = valuesOf(context, open)
  if (gates.backup === undefined) report.checks.push(noBackup)
  else {
    emit({ type: 'phase', title: 'Backup' })
    const never = new AbortController().signal
    const request = await requestOf(context, open, tasks, values, never)
    report.backup = await judgeBackup(gates.backup, request)
    tell(context, 'Backup', report.backup.checks)
  }
  await point(context, open, values, false)
}

/** That nobody asked for a backup is said, never passed over. */
const noBackup: CheckReport = {
  id: 'backup.made',
  group: 'backup',
  title: 'Backup made',
  outcome: 'not-checked',
  expected: 'a backup from before the first change',
  actual: 'not known',
  reason: 'airlock.yml has no section backup',
  fix: 'Add backup: pg-dump, command or proof; or none, with the reason.',
}

/** What became of the restore point's WAL by the end of the run. A server that can't say leaves it as it was. */
export async function followRestorePoint(
  { report, cancellation }: CommandContext,
  { observer }: Pick<Opened, 'observer'>,
): Promise<void> {
  if (report.restorePoint === null) return
  const isStopped = () => cancellation.requested
  try {
    report.restorePoint = await lookAtArchiveAgain(observer, report.restorePoint, isStopped)
  } catch (error) {
    if (!(error instanceof ServerError)) throw error
  }
}

async function point(
  context: CommandContext,
  { observer }: Opened,
  values: Values,
  make: boolean,
): Promise<void> {
  const settings = context.gates['restore-point']
  if (settings === undefined) return
  // A request that came while nothing listened must not be followed by a change.
  if (make) stopIfAsked(context.cancellation)
  context.emit({ type: 'phase', title: 'Restore point' })
  const { report, check } = await makeRestorePoint(settings, observer, values, make)
  context.report.restorePoint = report
  tell(context, 'Restore point', [check])
}

function tell(
  { report, emit }: CommandContext,
  title: string,
  judged: readonly CheckReport[],
  note?: string,
): void {
  for (const check of judged) emit({ type: 'checked', check })
  emit({ type: 'phase-finished', title, judged, ...(note === undefined ? {} : { note }) })
  report.checks.push(...judged)
}

type Values = Readonly<Record<Placeholder, string>>

/** `date` as in the runbook: date +%Y%m%d_%H%M%S, in UTC. */
function valuesOf({ settings, origin, report }: CommandContext, { runId }: Opened): Values {
  const [day = '', time = ''] = new Date().toISOString().split('T')
  return {
    target: settings.target ?? report.target?.database ?? '',
    date: `${day.replaceAll('-', '')}_${time.slice(0, 8).replaceAll(':', '')}`,
    run: runId,
    commit: origin.commit?.slice(0, 12) ?? 'unknown',
  }
}

async function requestOf(
  { connection, drill, settings, redact }: CommandContext,
  { observer, surroundings }: Opened,
  tasks: readonly Task[],
  values: Values,
  stop: AbortSignal,
): Promise<BackupRequest> {
  if (connection === null) throw new Error('a target that is open was connected to')
  const named = tablesNamedIn(tasks.map(({ planned }) => planned))
  return {
    connection: pinnedTo(observer, connection),
    databaseUrl: settings.databaseUrl,
    drill,
    observer,
    tables: await findPlanTables(observer, named, surroundings.searchPath),
    values,
    redact,
    stop,
  }
}

/** What programs get to end; then the run ends without them. */
const graceMs = 4_000
