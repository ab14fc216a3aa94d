import { lookAt, sha256Of } from '../host/backup-files.ts'
import { ServerError } from '../postgres/server-error.ts'
import type { BackupReport, CheckReport } from '../report/types.ts'
import { backupCheck, outcomeOf } from './check-report.ts'
import { type Content, readContent } from './content.ts'
import { judgeDrill } from './drill.ts'
import { withLibpqEnvironment } from './libpq-environment.ts'
import {
  judgeOrigin,
  judgeReadable,
  judgeSize,
  judgeTables,
  judgeWritten,
  type SizeLimits,
} from './prove.ts'
import type { BackupRequest } from './request.ts'
import type { RowCounts } from './row-counts.ts'

/** A backup that was just made, with what is known of it so far. */
export interface MadeBackup {
  readonly kind: 'pg_dump' | 'command'
  readonly path: string | undefined
  readonly startedAt: Date
  readonly checks: readonly CheckReport[]
}

/** How it is to be proven. */
export interface Proving {
  readonly request: BackupRequest
  /** Where it is now. */
  readonly file: string
  readonly restore: string
  readonly program: string
  readonly timeoutMs: number
  readonly size: SizeLimits
  readonly counts: RowCounts | null
  readonly isExact: boolean
}

/** The report of a backup: proven where there is something to prove, else with the checks so far. */
export async function proveMade(made: MadeBackup, proving: Proving | null): Promise<BackupReport> {
  const proven = proving === null ? null : await prove(made, proving)
  const checks = [...made.checks, ...(proven?.checks ?? [])]
  const failure = checks.find(({ outcome }) => outcome === 'failed')
  // A dump of our own that isn't proven is removed; what a command wrote stays where it is.
  const isThere = proven !== null && (failure === undefined || made.kind === 'command')
  return {
    kind: made.kind,
    outcome: outcomeOf(checks),
    ...(made.path === undefined || !isThere ? {} : { path: made.path }),
    ...(proven?.bytes === undefined ? {} : { bytes: proven.bytes }),
    ...(proven?.sha256 === undefined ? {} : { sha256: proven.sha256 }),
    startedAt: made.startedAt.toISOString(),
    durationMs: Date.now() - made.startedAt.getTime(),
    checks,
    ...(failure?.reason === undefined ? {} : { reason: failure.reason }),
  }
}

interface Proven {
  readonly bytes?: number
  readonly sha256?: string
  readonly checks: readonly CheckReport[]
}

async function prove(made: MadeBackup, proving: Proving): Promise<Proven> {
  const { request, file, restore, timeoutMs, size } = proving
  const found = await lookAt(file)
  if (found === null) {
    return {
      checks: [
        backupCheck('size', 'size of the backup', 'failed', `a file ${file}`, 'there is none', {
          reason: 'The program succeeded without writing it.',
          fix: 'Correct backup.command.path, or the command: it finds the path in AIRLOCK_BACKUP.',
        }),
      ],
    }
  }
  const checks = [judgeSize(found.bytes, size), judgeWritten(found, made.startedAt)]
  if (checks.some(({ outcome }) => outcome === 'failed')) return { bytes: found.bytes, checks }
  const content = await withLibpqEnvironment(request.connection, request.databaseUrl, (env) =>
    readContent(file, request.tables, {
      env: { ...env, LC_ALL: 'C' },
      stop: request.stop,
      timeoutMs,
      restore,
      database: request.connection.database,
    }),
  )
  const origin = judgeOrigin(content, request.connection.database, {
    kind: made.kind,
    from: made.startedAt,
    until: new Date(),
  })
  checks.push(judgeReadable(content))
  if (origin !== null) checks.push(origin)
  checks.push(judgeTables(content, request.tables))
  const sound = checks.every(({ outcome }) => outcome !== 'failed')
  if (sound) checks.push(await drilled(proving, content))
  return {
    bytes: found.bytes,
    ...(sound ? { sha256: await sha256Of(file, request.stop) } : {}),
    checks,
  }
}

async function drilled(proving: Proving, content: Content): Promise<CheckReport> {
  const { counts, file, isExact, program, timeoutMs, request } = proving
  const { connection, drill, tables, stop } = request
  const notDone = (reason: string, fix: string) =>
    backupCheck('drill', 'restore drill', 'not-checked', 'restored, with all rows', 'not done', {
      reason,
      fix,
    })
  if (drill === null || counts === null) {
    return notDone('no drill.url is given', 'Give the URL of an empty throw-away database.')
  }
  if (content.archive === null && content.plain === null) {
    return notDone(content.complaint, 'Write a format of pg_dump.')
  }
  if (content.plain !== null && content.plain.databases.size > 0) {
    return notDone(
      'A plain dump with --create makes databases of its own names, or drops what has them, instead of filling the one of drill.url.',
      'Write format custom.',
    )
  }
  try {
    return await judgeDrill({
      connection: drill,
      path: file,
      format: content.format,
      isPacked: content.plain?.isPacked === true,
      target: connection,
      tables,
      counts,
      isExact,
      program,
      timeoutMs,
      stop,
    })
  } catch (error) {
    if (!(error instanceof ServerError)) throw error
    return backupCheck(
      'drill',
      'restore drill',
      'failed',
      'restored, with all rows',
      error.message,
      {
        reason: 'The database for the drill, or a table in it, could not be reached.',
        fix: 'Check backup.drill.url; the role needs CREATE on that database.',
      },
    )
  }
}
