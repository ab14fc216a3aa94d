import { runShell } from '../host/shell.ts'
import type { BackupReport, CheckReport } from '../report/types.ts'
import type { Backup } from '../runbook/gates/backup.ts'
import { fillTemplate } from '../runbook/gates/template.ts'
import { backupCheck } from './check-report.ts'
import { madeCheck } from './client.ts'
import { withCommandEnvironment } from './libpq-environment.ts'
import { proveMade } from './made.ts'
import { type BackupRequest, databaseBytes } from './request.ts'
import { exportSnapshot, type RowCounts } from './row-counts.ts'

type Command = NonNullable<Backup['command']>

/** Has the user's command make a backup, and proves the file that it wrote. */
export async function makeByCommand(
  settings: Command,
  request: BackupRequest,
): Promise<BackupReport> {
  const startedAt = new Date()
  const path = settings.path === undefined ? undefined : fillTemplate(settings.path, request.values)
  const wantsDrill = path !== undefined && request.drill !== null
  const counts = wantsDrill ? await countNow(request) : null
  const check = await run(settings, request, path)
  const made = { kind: 'command' as const, path, startedAt }
  if (check.outcome === 'failed') return proveMade({ ...made, checks: [check] }, null)
  if (path === undefined) return proveMade({ ...made, checks: [check, unseen] }, null)
  return proveMade(
    { ...made, checks: [check] },
    {
      request,
      file: path,
      restore: 'pg_restore',
      program: 'pg_dump',
      timeoutMs: settings.timeout,
      size: {
        minSize: settings['min-size'],
        databaseBytes: await databaseBytes(request.observer),
        severity: 'failed',
      },
      counts,
      isExact: false,
    },
  )
}

async function countNow(request: BackupRequest): Promise<RowCounts> {
  const snapshot = await exportSnapshot(request)
  try {
    return await snapshot.count(request.tables)
  } finally {
    await snapshot.close()
  }
}

const unseen = backupCheck(
  'readable',
  'backup can be read',
  'not-checked',
  'read from beginning to end',
  'not known',
  {
    reason: 'backup.command.path is not given: only the command’s exit code speaks for it',
    fix: 'Name the file that the command writes in backup.command.path.',
  },
)

async function run(
  { run: command, timeout }: Command,
  { connection, databaseUrl, redact, stop }: BackupRequest,
  path: string | undefined,
): Promise<CheckReport> {
  const end = await withCommandEnvironment(connection, databaseUrl, (env) =>
    runShell(command, {
      env: { ...env, ...(path === undefined ? {} : { AIRLOCK_BACKUP: path }) },
      timeoutMs: timeout,
      signal: stop,
      redact,
    }),
  )
  return madeCheck(
    end,
    'the command ends with exit code 0',
    'Mend the command and deploy again.',
    redact,
  )
}
