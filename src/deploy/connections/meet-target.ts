import { poolingOf } from '../../postgres/pooler.ts'
import { ServerError } from '../../postgres/server-error.ts'
import { describeTarget, type Target } from '../../postgres/target.ts'
import type { ConnectionConfig, Session } from '../../postgres/types.ts'
import type { Listener } from '../../report/events.ts'
import { Refusal } from '../../report/refusal.ts'
import type { Report } from '../../report/types.ts'
import type { Settings } from '../../runbook/types.ts'
import { quoteIdentifier } from '../../sql/identifier.ts'
import type { Surroundings } from '../run.ts'

interface Meeting {
  readonly settings: Settings
  readonly connection: ConnectionConfig
  readonly emit: Listener
  /** Gets the target. */
  readonly report: Report
}

/** Who is there; a standby and a pooler in transaction mode are refused before anything else. */
export async function meetTarget(
  opening: Meeting,
  observer: Session,
  keeper: Session | null,
): Promise<Surroundings> {
  const { settings, report, emit, connection } = opening
  const facts = await describeTarget(observer, connection, {
    ...(settings.target === undefined ? {} : { name: settings.target }),
    ...(settings.role === undefined ? {} : { role: settings.role }),
  })
  report.target = facts.report
  refuseStandby(facts)
  const pooling = keeper === null ? 'none' : await poolingOf(keeper, observer)
  if (pooling === 'transaction' || pooling === 'statement') refusePooler(observer, pooling)
  emit({ type: 'connected', target: facts.report })
  return {
    serverMajor: facts.serverMajor,
    searchPath:
      settings.role === undefined ? facts.searchPath : await searchPathOf(observer, settings.role),
    hasEventTriggers: facts.eventTriggers.length > 0,
    identity: {
      systemIdentifier: facts.report.systemIdentifier ?? null,
      timeline: facts.timeline,
    },
  }
}

/** "$user" in the search path follows the role that the migrations run under. */
async function searchPathOf(observer: Session, role: string): Promise<readonly string[]> {
  const results = await observer
    .simple(
      `set role ${quoteIdentifier(role)}; select pg_catalog.unnest(pg_catalog.current_schemas(false)); reset role`,
    )
    .catch((error: unknown) => {
      throw error instanceof ServerError && !error.lost ? refusedRole(role, error) : error
    })
  return (results[1]?.rows ?? []).map(([schema]) => schema ?? '')
}

function refusedRole(role: string, { message, code }: ServerError): Refusal {
  return new Refusal({
    what: `The migrations can't run as role "${role}".`,
    why: `SET ROLE was refused: ${message} (SQLSTATE ${code}).`,
    fix: 'Check the name; the user that logs in must be a member of the role (GRANT role TO user).',
    exitCode: 1,
  })
}

function refuseStandby(facts: Target): void {
  if (!facts.inRecovery) return
  throw new Refusal({
    what: `${facts.report.host}:${facts.report.port} is a standby: it can't be changed.`,
    why: 'pg_is_in_recovery() is true: only the primary accepts changes.',
    fix: 'Give the URL of the primary, or all hosts with target_session_attrs=read-write.',
    exitCode: 1,
  })
}

/** A pooler that hands out backends by transaction or statement breaks locks, timeouts and settings of a session. */
function refusePooler(observer: Session, mode: 'transaction' | 'statement'): never {
  throw new Refusal({
    what: `There is a connection pooler in ${mode} mode between us and Postgres.`,
    why: `The backend says it has pid ${observer.backendPid}, the connection was opened to ${observer.pid}, and backends change with each ${mode}. Locks, timeouts and settings of a session don't survive that.`,
    fix: 'Give the direct URL of the server (often another port), not that of PgBouncer or a hosted pooler.',
    exitCode: 1,
  })
}
