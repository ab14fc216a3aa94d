import { type ProgramEnd, runProgram } from '../host/process.ts'
import type { CheckReport } from '../report/types.ts'
import { backupCheck } from './check-report.ts'

/** A program of Postgres on this machine. */
export interface Client {
  /** '15.14'; null where there is none. */
  readonly version: string | null
  readonly major: number | null
  /** What was said instead of a version. */
  readonly complaint: string
}

/** Asks pg_dump, pg_restore or psql for its version. */
export async function clientVersion(
  program: string,
  env: Readonly<Record<string, string>>,
): Promise<Client> {
  const end = await runProgram(program, ['--version'], { env, timeoutMs: 30_000 })
  const [, version = null] = /\(PostgreSQL\) (\d+[\w.]*)/.exec(end.stdout) ?? []
  return {
    version,
    major: version === null ? null : Number.parseInt(version, 10),
    complaint: end.ended === 'not-found' ? `there is no program ${program}` : complaintOf(end),
  }
}

/** The last thing that a program complained of, or how it ended. */
export function complaintOf({
  stderr,
  ended,
  code,
}: Pick<ProgramEnd, 'stderr' | 'ended' | 'code'>): string {
  const said = stderr.trim()
  if (ended === 'not-found') return 'there is no such program'
  if (ended === 'timed-out') return 'it took too long and was stopped'
  if (ended === 'stopped') return 'it was stopped'
  const how = code === null ? 'a signal ended it' : `exit code ${code}`
  return said === '' ? how : `${how}: ${said.split('\n').slice(-5).join('\n')}`
}

/** Did the program that makes the backup end well? `fix` says what to do where it did not. */
export function madeCheck(
  end: Pick<ProgramEnd, 'stderr' | 'ended' | 'code' | 'durationMs'>,
  expected: string,
  fix: string,
  redact: (text: string) => string,
): CheckReport {
  if (end.ended === 'exited' && end.code === 0) {
    const seconds = (end.durationMs / 1000).toFixed(1)
    return backupCheck('made', 'backup made', 'passed', expected, `exit code 0 after ${seconds} s`)
  }
  const actual = complaintOf({ ...end, stderr: redact(end.stderr) })
  return backupCheck('made', 'backup made', 'failed', expected, actual, {
    reason: 'There is no backup of this moment.',
    fix,
  })
}

/**
 * pg_dump refuses a server that is newer than itself, after connecting: told before instead, with what to do. Newer than the server is what
 * Postgres recommends.
 */
export function judgeClient(program: string, client: Client, serverMajor: number): CheckReport {
  const expected = `pg_dump ${serverMajor} or newer`
  const title = 'version of pg_dump'
  const fix = `Install the package postgresql-client-${serverMajor} (from apt.postgresql.org), and name the program in backup.pg-dump.program where it is not the first on the PATH: /usr/lib/postgresql/${serverMajor}/bin/pg_dump.`
  if (client.major === null || client.version === null) {
    return backupCheck('client', title, 'failed', expected, client.complaint, {
      reason: `The backup is to be made with ${program}, which doesn’t say its version.`,
      fix,
    })
  }
  if (client.major < serverMajor) {
    return backupCheck('client', title, 'failed', expected, `pg_dump ${client.version}`, {
      reason: `pg_dump ${client.major} is older than the server, which is ${serverMajor}: it doesn’t know its catalog and refuses to dump it.`,
      fix,
    })
  }
  return backupCheck('client', title, 'passed', expected, `pg_dump ${client.version}`)
}
