import { runShell } from '../host/shell.ts'
import { ServerError } from '../postgres/server-error.ts'
import { connect } from '../postgres/session.ts'
import type { ConnectionConfig } from '../postgres/types.ts'
import type { BackupReport, CheckReport } from '../report/types.ts'
import type { Backup } from '../runbook/gates/backup.ts'
import { backupCheck, outcomeOf } from './check-report.ts'
import { complaintOf } from './client.ts'
import { withCommandEnvironment } from './libpq-environment.ts'
import { judgeSize } from './prove.ts'
import { type BackupRequest, databaseBytes } from './request.ts'

type Proof = NonNullable<Backup['proof']>

/** What was said of the newest backup. */
interface Claim {
  readonly time: string | null
  readonly bytes: string | null
  /** By the clock of whoever answered. */
  readonly now: Date
}

/** A command's answer and a query's should come at once. */
const timeoutMs = 5 * 60_000

/** Judges a backup that exists already, by the time and size that a query or a command tells. */
export async function judgeExisting(
  settings: Proof,
  request: BackupRequest,
): Promise<BackupReport> {
  const started = Date.now()
  const claim = await ask(settings, request)
  const checks = 'id' in claim ? [claim] : await judgeClaim(claim, settings, request)
  const failure = checks.find(({ outcome }) => outcome === 'failed')
  const time = 'id' in claim ? null : timeOf(claim.time)
  return {
    kind: 'proof',
    outcome: outcomeOf(checks),
    ...('id' in claim || !isCount(claim.bytes) ? {} : { bytes: Number(claim.bytes) }),
    ...(time === null ? {} : { startedAt: time.toISOString() }),
    durationMs: Date.now() - started,
    checks,
    ...(failure?.reason === undefined ? {} : { reason: failure.reason }),
  }
}

const notTold = (actual: string): CheckReport =>
  backupCheck('made', 'backup exists', 'failed', 'time and size of the newest backup', actual, {
    reason: 'Nothing shows that there is a backup.',
    fix: 'Correct backup.proof: a query must return one row, time (timestamptz) and bytes; a command must print them in one line, “2025-01-15T12:00:00Z 123456”.',
  })

async function ask(settings: Proof, request: BackupRequest): Promise<Claim | CheckReport> {
  if (settings.query !== undefined) return askServer(settings.query, request.connection)
  const { connection, databaseUrl, redact, stop } = request
  const end = await withCommandEnvironment(connection, databaseUrl, (env) =>
    runShell(settings.command ?? '', { env, timeoutMs, signal: stop, redact }),
  )
  if (end.ended !== 'exited' || end.code !== 0)
    return notTold(complaintOf({ ...end, stderr: redact(end.stderr) }))
  const [, time, bytes] = /^(\S+(?: \d\d:\d\d:\d\d\S*)?)\s+(\d+)$/.exec(end.stdout.trim()) ?? []
  if (time === undefined || bytes === undefined)
    return notTold(`the command printed: ${redact(end.stdout).slice(0, 200)}`)
  return { time, bytes, now: new Date() }
}

/** On a session of its own that can only read: the query is the user's, and whatever it sets is gone with it. */
async function askServer(
  query: string,
  connection: ConnectionConfig,
): Promise<Claim | CheckReport> {
  const session = await connect(connection, {
    name: 'proof',
    applicationName: 'pg-airlock proof',
    settings: {
      default_transaction_read_only: 'on',
      TimeZone: 'UTC',
      DateStyle: 'ISO',
      statement_timeout: String(timeoutMs),
      lock_timeout: '2s',
    },
  })
  try {
    const { rows, columns } = await session.query(query)
    const clock = await session.query('select pg_catalog.clock_timestamp()')
    const [row] = rows
    if (row === undefined) return notTold('the query returned no row')
    if (columns.length < 2) return notTold('the query returned one column')
    const now = timeOf(clock.rows[0]?.[0] ?? null) ?? new Date()
    return { time: row[0] ?? null, bytes: row[1] ?? null, now }
  } catch (error) {
    if (!(error instanceof ServerError) || error.lost) throw error
    return notTold(`${error.message} (SQLSTATE ${error.code})`)
  } finally {
    await session.close()
  }
}

/** Null for what is no time, or has no time zone: an hour is decided by it. */
function timeOf(text: string | null): Date | null {
  if (text === null || !/(Z|[+-]\d\d(:?\d\d)?)$/.test(text)) return null
  const time = new Date(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'))
  return Number.isNaN(time.getTime()) ? null : time
}

const isCount = (text: string | null): boolean => text !== null && /^\d+$/.test(text)

async function judgeClaim(
  { time: written, bytes, now }: Claim,
  settings: Proof,
  { observer }: BackupRequest,
): Promise<CheckReport[]> {
  const time = timeOf(written)
  if (time === null)
    return [notTold(`the time is ${written ?? 'null'}, with no time zone or none at all`)]
  if (bytes === null || !isCount(bytes)) return [notTold(`the size is ${bytes ?? 'null'}`)]
  const size = {
    minSize: settings['min-size'],
    databaseBytes: await databaseBytes(observer),
    severity: 'failed' as const,
  }
  return [judgeAge(time, now, settings['max-age']), judgeSize(Number(bytes), size)]
}

function judgeAge(time: Date, now: Date, maxAge: number): CheckReport {
  const title = 'age of the backup'
  const age = now.getTime() - time.getTime()
  const expected = `at most ${hours(maxAge)} old`
  const actual = `${hours(age)} old (${time.toISOString()})`
  // Clocks differ by seconds, not by minutes.
  const isFuture = age < -120_000
  if (age <= maxAge && !isFuture) return backupCheck('age', title, 'passed', expected, actual)
  return backupCheck('age', title, 'failed', expected, actual, {
    reason: isFuture
      ? 'It is said to be from the future: the time can’t be trusted.'
      : 'What was written since then would be lost by restoring it.',
    fix: 'Make a backup now, or raise backup.proof.max-age.',
  })
}

const hours = (ms: number): string => `${(ms / 3_600_000).toFixed(1)} h`
