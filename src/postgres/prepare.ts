import pg from 'pg'
import { backendStartText } from './backend-start.ts'
import type { ClientSession } from './client-session.ts'
import { ServerError } from './server-error.ts'
import { silenceSettings } from './silence-settings.ts'
import { sqlstate } from './sqlstate.ts'

export interface SessionOptions {
  /** No time limit may end it: keeper and observer outlive every setting of the role or the database. */
  readonly unlimited?: boolean
  /** Further settings, set right after connecting. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Which kind of server it is, for target_session_attrs. */
export interface ServerState {
  readonly inRecovery: boolean
  readonly readOnly: boolean
}

/**
 * One round trip: the real backend pid and its start, limits, and `client_connection_check_interval`, so that the backend of a killed run ends itself in half a
 * second. A server whose platform can't check (22023) is left without.
 */
export async function prepare(
  session: ClientSession,
  options: SessionOptions,
): Promise<ServerState> {
  const limits = options.unlimited ? unlimited(session.serverMajor) : {}
  const settings = { ...limits, ...silenceSettings, ...options.settings }
  try {
    return await applySettings(session, { client_connection_check_interval: '500ms', ...settings })
  } catch (error) {
    const unable = error instanceof ServerError && error.code === sqlstate.invalidParameterValue
    if (!unable) throw error
    return await applySettings(session, settings)
  }
}

const ownStart = `(SELECT ${backendStartText('a')} FROM pg_catalog.pg_stat_activity a WHERE a.pid = pg_catalog.pg_backend_pid())`

async function applySettings(
  session: ClientSession,
  settings: Readonly<Record<string, string>>,
): Promise<ServerState> {
  const calls = Object.entries(settings).map(
    ([name, value]) => `pg_catalog.set_config(${literal(name)}, ${literal(value)}, false)`,
  )
  const columns = [
    'pg_catalog.pg_backend_pid()',
    ownStart,
    'pg_catalog.pg_is_in_recovery()',
    "pg_catalog.current_setting('transaction_read_only')",
    ...calls,
  ]
  const [result] = await session.simple(`SELECT ${columns.join(', ')}`)
  const [pid, start, inRecovery, readOnly] = result?.rows[0] ?? []
  session.backendPid = Number(pid)
  session.backendStart = start ?? ''
  return { inRecovery: inRecovery === 't', readOnly: readOnly === 'on' }
}

function literal(text: string): string {
  return pg.escapeLiteral(text)
}

/** transaction_timeout (17+) ends an idle keeper with 25P04. */
function unlimited(major: number): Readonly<Record<string, string>> {
  return {
    statement_timeout: '0',
    lock_timeout: '0',
    idle_in_transaction_session_timeout: '0',
    idle_session_timeout: '0',
    ...(major >= 17 ? { transaction_timeout: '0' } : {}),
  }
}
