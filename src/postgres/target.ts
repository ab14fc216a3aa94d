import type { TargetReport } from '../report/types.ts'
import { ServerError } from './server-error.ts'
import { sqlstate } from './sqlstate.ts'
import type { ConnectionConfig, Session } from './types.ts'

/** What is known of the database before anything runs. */
export interface Target {
  readonly report: TargetReport
  readonly serverMajor: number
  readonly inRecovery: boolean
  /** Schemas of the search path that exist, in order, without the implicit ones. */
  readonly searchPath: readonly string[]
  /** As it is set: '"$user", public'. */
  readonly searchPathSetting: string
  /** Names of enabled event triggers, which may refuse or add DDL. */
  readonly eventTriggers: readonly string[]
  /** Changes at a failover; null where the role may not read it, and on a standby. */
  readonly timeline: number | null
  readonly superuser: boolean
  /** pg_read_all_stats: without it other sessions' queries and ages can't be seen. */
  readonly readsAllStats: boolean
}

interface Row {
  readonly database: string
  readonly user: string
  readonly systemIdentifier: string | null
  readonly timeline: number | null
  readonly tls: string | null
  readonly inRecovery: boolean
  readonly searchPath: readonly string[]
  readonly searchPathSetting: string
  readonly eventTriggers: readonly string[]
  readonly superuser: boolean
  readonly readsAllStats: boolean
}

/** One query, more where EXECUTE on the functions that identify the server was revoked. */
export async function describeTarget(
  session: Session,
  config: ConnectionConfig,
  extra: { readonly name?: string; readonly role?: string } = {},
): Promise<Target> {
  const row = await readTarget(session)
  const { systemIdentifier, tls, database, user, ...facts } = row
  // Behind a pooler the server sees the pooler's connection: our own end counts.
  const direct = session.pid === session.backendPid
  const report: TargetReport = {
    ...(extra.name === undefined ? {} : { name: extra.name }),
    host: session.endpoint.host,
    port: session.endpoint.port,
    database: database || config.database,
    user,
    ...(extra.role === undefined ? {} : { role: extra.role }),
    serverVersion: session.serverVersion,
    ...(systemIdentifier === null ? {} : { systemIdentifier }),
    tls: direct && tls !== null ? tls : session.tls,
  }
  return { report, serverMajor: session.serverMajor, ...facts }
}

/**
 * The timeline comes from the name of the WAL file that is written now: pg_control_checkpoint() names the old one until the first checkpoint after a
 * promotion (seen on 18: a promoted standby was taken for the primary). CASE: on a standby there is no such file, and asking is an error.
 */
const timeline = `(CASE WHEN pg_is_in_recovery() THEN NULL
           ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer END)`
const systemIdentifier = '(SELECT system_identifier::text FROM pg_control_system())'

/** What is asked where EXECUTE was revoked, or a service has other WAL than Postgres: the next of these. */
const identities = [
  { systemIdentifier, timeline },
  { systemIdentifier: 'NULL::text', timeline },
  { systemIdentifier: 'NULL::text', timeline: 'NULL::integer' },
] as const

const unable: ReadonlySet<string> = new Set([
  sqlstate.insufficientPrivilege,
  sqlstate.featureNotSupported,
])

async function readTarget(session: Session): Promise<Row> {
  let refusal: unknown = new Error('the server described nothing')
  for (const identity of identities) {
    try {
      const [row] = await session.rows<Row>(describeQuery(identity))
      if (row !== undefined) return row
    } catch (error) {
      if (!(error instanceof ServerError) || !unable.has(error.code)) throw error
      refusal = error
    }
  }
  throw refusal
}

function describeQuery(control: {
  readonly systemIdentifier: string
  readonly timeline: string
}): string {
  return `
    SELECT current_database() AS database, session_user AS "user",
           ${control.systemIdentifier} AS "systemIdentifier",
           ${control.timeline} AS timeline,
           (SELECT CASE WHEN s.ssl THEN s.version ELSE 'off' END FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid()) AS tls,
           pg_is_in_recovery() AS "inRecovery",
           current_schemas(false) AS "searchPath",
           current_setting('search_path') AS "searchPathSetting",
           ARRAY(SELECT e.evtname FROM pg_event_trigger e WHERE e.evtenabled <> 'D' ORDER BY e.evtname) AS "eventTriggers",
           (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user) AS superuser,
           pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS "readsAllStats"`
}
