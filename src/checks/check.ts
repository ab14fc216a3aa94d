import type { PlannedMigration } from '../plan/types.ts'
import { ServerError } from '../postgres/server-error.ts'
import { sqlstate } from '../postgres/sqlstate.ts'
import type { Session } from '../postgres/types.ts'
import type { Place } from '../report/refusal.ts'
import type { CheckGroup, CheckReport, TargetReport } from '../report/types.ts'
import type { Preflight } from '../runbook/gates/preflight.ts'
import type { Settings } from '../runbook/types.ts'

/** Where a check may ask. Each session is in autocommit and read-only by default. */
export interface CheckSessions {
  readonly target: Session
  /** Null where no staging-url is given, or staging can't be reached (`stagingFailure` of the subject). */
  readonly staging: Session | null
  readonly data: DataSessions
}

/** Where the data prechecks are asked: sessions of their own on the target, or on a replica. */
export interface DataSessions {
  readonly onReplica: boolean
  /** Whoever opens one closes it. Nothing was set on it. */
  open(): Promise<Session>
  /** Hands over the milliseconds that are left of preflight.data-budget, and takes off those that `act` needs. */
  timed<Result>(act: (budgetMs: number) => Promise<Result>): Promise<Result>
  /** Keeps how long the rows were read that the statement at `where` will read again. */
  took(where: Place, ms: number): void
}

/** What a check is about: plain data, so that judging is pure. */
export interface Subject {
  /** What would run, in order. */
  readonly pending: readonly PlannedMigration[]
  readonly preflight: Preflight
  readonly settings: Settings
  readonly target: TargetReport
  readonly serverMajor: number
  /** Schemas that unqualified names are looked up in, under the migrations' role. */
  readonly searchPath: readonly string[]
  /** The role that the migrations run as. */
  readonly role: string
  readonly now: Date
  /** Why staging can't be asked although a staging-url is given: the reason of what is not checked for want of it. */
  readonly stagingFailure?: string
  /** Of exactly what would run: see plan/digest.ts. */
  readonly planDigest: string
}

/** What one look showed. A `problem` warns or refuses, as the check's severity says. */
export interface Finding {
  readonly outcome: 'passed' | 'problem' | 'not-checked'
  /** Where it differs from the check's own: a problem that is known to be harmless, or fatal. */
  readonly severity?: 'fail' | 'warn'
  /** Where it says more than the check's own. */
  readonly title?: string
  readonly expected: string
  readonly actual: string
  /** Always with `problem` (why it matters) and `not-checked` (why not). */
  readonly reason?: string
  /** Always with `problem`; with `not-checked` what would allow the check. */
  readonly fix?: string
  readonly where?: Place
  readonly details?: readonly string[]
}

/** One preflight check: what it reads and how it judges, in one file. */
export interface CheckDefinition<Facts> {
  /** Stable: 'server.version'. */
  readonly id: string
  readonly group: CheckGroup
  /** What is looked at, in a few words. */
  readonly title: string
  /** What a problem does unless airlock.yml says otherwise (`preflight.checks`). */
  readonly severity: 'fail' | 'warn'
  /** What allows the check to a role that may not make it (42501): a GRANT, in one sentence. */
  readonly needs: string
  /** Changes from minute to minute: asked again after the backup, which may take hours. */
  readonly volatile?: true
  /** False: there is nothing that it could say for this plan, and it has no line in the report. */
  applies?(subject: Subject): boolean
  /** Set-based: one query or a few, however many objects. Reads only. */
  read(sessions: CheckSessions, subject: Subject): Promise<Facts>
  /** Pure. Never empty: what passes says so. */
  judge(facts: Facts, subject: Subject): readonly Finding[]
}

export interface Check extends Omit<CheckDefinition<never>, 'read' | 'judge'> {
  run(sessions: CheckSessions, subject: Subject): Promise<readonly Finding[]>
}

/** Ties a check's two halves together, so that a list of checks needs no type parameters. */
export function defineCheck<Facts>(definition: CheckDefinition<Facts>): Check {
  const { read, judge, ...rest } = definition
  return {
    ...rest,
    run: async (sessions, subject) => judge(await read(sessions, subject), subject),
  }
}

/**
 * Makes the checks one after the other and tells each. What the role may not read, or the server can't answer, is not checked.
 *
 * @throws ServerError only when a connection is lost
 */
export async function runChecks(
  checks: readonly Check[],
  sessions: CheckSessions,
  subject: Subject,
  tell: (report: CheckReport) => void = () => {},
): Promise<CheckReport[]> {
  const reports: CheckReport[] = []
  for (const check of checks) {
    const asked = subject.preflight.checks[check.id]
    if (asked === 'off' || check.applies?.(subject) === false) continue
    for (const finding of await findingsOf(check, sessions, subject)) {
      const report = reportOf(check, finding, asked)
      reports.push(report)
      tell(report)
    }
  }
  return reports
}

async function findingsOf(
  check: Check,
  sessions: CheckSessions,
  subject: Subject,
): Promise<readonly Finding[]> {
  try {
    return await check.run(sessions, subject)
  } catch (error) {
    if (!(error instanceof ServerError) || error.lost) throw error
    const forbidden = error.code === sqlstate.insufficientPrivilege
    return [
      {
        outcome: 'not-checked',
        expected: '',
        actual: 'not known',
        reason: `${error.message} (SQLSTATE ${error.code})`,
        ...(forbidden ? { fix: check.needs } : {}),
      },
    ]
  }
}

/** What `preflight.checks` says holds for all that the check finds; else a finding's own severity comes before the check's. */
function reportOf(
  { id, group, title, severity: own }: Check,
  { outcome, severity: found, ...finding }: Finding,
  asked: 'fail' | 'warn' | undefined,
): CheckReport {
  const severity = asked ?? found ?? own
  const verdict = severity === 'fail' ? 'failed' : 'warned'
  const shown = finding.title ?? title
  return {
    id,
    group,
    ...finding,
    title: shown.slice(0, 1).toUpperCase() + shown.slice(1),
    outcome: outcome === 'problem' ? verdict : outcome,
  }
}
