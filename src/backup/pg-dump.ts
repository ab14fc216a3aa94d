import { draftBeside, lookAt, putInPlace, removeBackup } from '../host/backup-files.ts'
import { runProgram } from '../host/process.ts'
import type { BackupReport, CheckReport } from '../report/types.ts'
import type { Backup } from '../runbook/gates/backup.ts'
import { fillTemplate } from '../runbook/gates/template.ts'
import { backupCheck } from './check-report.ts'
import { clientVersion, judgeClient, madeCheck } from './client.ts'
import { besidePgDump } from './content.ts'
import { withLibpqEnvironment } from './libpq-environment.ts'
import { type MadeBackup, proveMade } from './made.ts'
import { type BackupRequest, databaseBytes } from './request.ts'
import { exportSnapshot, type Snapshot } from './row-counts.ts'

type PgDump = NonNullable<Backup['pg-dump']>

/** pg_dump waits so long for a table that another session holds exclusively; it asks for the weakest lock only. */
const lockWait = '60s'

/** What can be judged before a dump is made: the program, its major beside the server's, the place. */
export async function judgePgDump(
  settings: PgDump,
  { connection, databaseUrl, observer, values }: BackupRequest,
): Promise<CheckReport[]> {
  const client = await withLibpqEnvironment(connection, databaseUrl, (env) =>
    clientVersion(settings.program, env),
  )
  const path = fillTemplate(settings.path, values)
  return [
    judgeClient(settings.program, client, observer.serverMajor),
    ...((await lookAt(path)) === null ? [] : [taken(path)]),
  ]
}

function taken(path: string): CheckReport {
  return backupCheck('made', 'backup made', 'failed', `a new ${path}`, 'it is there already', {
    reason: 'An earlier backup is not overwritten before a new one is proven.',
    fix: 'Put {date} or {run} into backup.pg-dump.path, or move the old one away.',
  })
}

/** Makes a dump beside its place, proves it, and puts it there. One that isn't proven is removed. */
export async function makePgDump(settings: PgDump, request: BackupRequest): Promise<BackupReport> {
  const path = fillTemplate(settings.path, request.values)
  const startedAt = new Date()
  const before = await judgePgDump(settings, request)
  const made: MadeBackup = { kind: 'pg_dump', path, startedAt, checks: before }
  if (before.some(({ outcome }) => outcome === 'failed')) return proveMade(made, null)
  const draft = await draftBeside(path)
  const snapshot = request.drill === null ? null : await exportSnapshot(request)
  try {
    const check = await dump(settings, request, draft, snapshot)
    const isMade = check.outcome === 'passed'
    const report = await proveMade(
      { ...made, checks: [...before, check] },
      isMade
        ? {
            request,
            file: draft,
            restore: besidePgDump(settings.program, 'pg_restore'),
            program: settings.program,
            timeoutMs: settings.timeout,
            size: {
              minSize: settings['min-size'],
              databaseBytes:
                settings.schemas.length > 0 ? null : await databaseBytes(request.observer),
              severity: 'warned',
            },
            counts: (await snapshot?.count(request.tables)) ?? null,
            isExact: true,
          }
        : null,
    )
    if (report.outcome !== 'failed') await putInPlace(draft, path)
    return report
  } finally {
    await removeBackup(draft)
    await snapshot?.close().catch(() => undefined)
  }
}

async function dump(
  settings: PgDump,
  { connection, databaseUrl, redact, stop }: BackupRequest,
  file: string,
  snapshot: Snapshot | null,
): Promise<CheckReport> {
  const end = await withLibpqEnvironment(connection, databaseUrl, (env) =>
    runProgram(settings.program, dumpArguments(settings, file, snapshot), {
      env: { ...env, LC_ALL: 'C' },
      timeoutMs: settings.timeout,
      stop,
      redact,
      isPrivate: true,
    }),
  )
  return madeCheck(
    end,
    `pg_dump (${settings.format}) ends with exit code 0`,
    'Mend what pg_dump says and deploy again; the role needs SELECT on all tables (pg_read_all_data) and BYPASSRLS where there is row security.',
    redact,
  )
}

function dumpArguments(
  { format, schemas, jobs }: PgDump,
  file: string,
  snapshot: Snapshot | null,
): string[] {
  return [
    `--format=${format}`,
    `--file=${file}`,
    `--lock-wait-timeout=${lockWait}`,
    '--no-password',
    ...(format === 'directory' && jobs > 1 ? [`--jobs=${jobs}`] : []),
    // In quotes a pattern is a name.
    ...(schemas.length > 0 ? ['--strict-names'] : []),
    ...schemas.map((schema) => `--schema="${schema.replaceAll('"', '""')}"`),
    ...(snapshot === null ? [] : [`--snapshot=${snapshot.id}`]),
  ]
}
