import pg from 'pg'
import { type Lookout, lookAtBackend, type Patience } from './answer-watch.ts'
import { ClientSession } from './client-session.ts'
import { ServerError, serverErrorOf } from './server-error.ts'
import { silenceSettings } from './silence-settings.ts'
import { sqlstate } from './sqlstate.ts'
import { type TlsAttempt, tlsAttempts } from './tls.ts'
import { isTlsFailure } from './tls-failure.ts'
import type { ConnectionConfig, Endpoint, Session } from './types.ts'

export interface ConnectOptions {
  /** What the session is for, in messages: 'worker', 'keeper', 'observer'. */
  readonly name: string
  readonly applicationName: string
  /** No time limit may end it: keeper and observer outlive every setting of the role or the database. */
  readonly unlimited?: boolean
  /** Further settings, set right after connecting. */
  readonly settings?: Readonly<Record<string, string>>
  /** How long its answers are waited for. Default: as long as another connection, made for the purpose, sees the server at work on them. */
  readonly patience?: Patience
}

/** Looks that need a connection of their own are rare, and a server that is slow to let them in is asked twice. */
const lookoutPace = { firstMs: 5_000, mostMs: 30_000, failures: 2 }

/** Where connect_timeout asks for no limit, a look still has one. */
const lookWithinMs = 10_000

/**
 * A new session on the first endpoint that answers and has the wanted `target_session_attrs`. Throws the ServerError of the last failure
 * (explainConnectionFailure tells it in words).
 */
export async function connect(config: ConnectionConfig, options: ConnectOptions): Promise<Session> {
  const wanted = config.targetSessionAttrs
  // Any will do where there is no standby: a second round.
  if (wanted === 'prefer-standby') {
    const standby = { ...config, targetSessionAttrs: 'standby' } as const
    return connect(standby, options).catch(() =>
      connect({ ...config, targetSessionAttrs: 'any' }, options),
    )
  }
  let failure = serverErrorOf(new Error('no host to connect to'))
  for (const endpoint of config.endpoints) {
    for (const attempt of tlsAttempts(config.tls, endpoint)) {
      try {
        return await establish(config, endpoint, attempt, options)
      } catch (error) {
        failure = serverErrorOf(error)
        if (!otherTlsMayHelp(failure, config, attempt)) break
      }
    }
    if (isFinal(failure)) break
  }
  throw failure
}

/** A server that answers and says no to this user or database ends the search, as in libpq. */
function isFinal(failure: ServerError): boolean {
  return failure.code.startsWith('28') || failure.code === sqlstate.invalidCatalogName
}

/** The same configuration, bound to the endpoint of a session: all connections of a run must reach one server. */
export function pinnedTo(session: Session, config: ConnectionConfig): ConnectionConfig {
  return { ...config, endpoints: [session.endpoint] }
}

async function establish(
  config: ConnectionConfig,
  endpoint: Endpoint,
  ssl: TlsAttempt,
  options: ConnectOptions,
): Promise<Session> {
  const client = new pg.Client({
    host: endpoint.hostaddr ?? endpoint.host,
    port: endpoint.port,
    user: config.user,
    database: config.database,
    password: () => knownPassword(config, endpoint),
    ssl,
    sslnegotiation: 'postgres',
    options: config.options,
    application_name: options.applicationName,
    connectionTimeoutMillis: config.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    enableChannelBinding: config.channelBinding === 'require',
  } as pg.ClientConfig)
  const parameters = new Map<string, string>()
  client.connection.on('parameterStatus', (message: { [field: string]: string }) => {
    parameters.set(message.parameterName ?? '', message.parameterValue ?? '')
  })
  if (config.channelBinding === 'require') requireChannelBinding(client)
  try {
    await client.connect()
  } catch (error) {
    client.connection.stream.destroy()
    throw serverErrorOf(error)
  }
  const withinMs = config.connectTimeoutMs
  const session = new ClientSession(options.name, endpoint, client, parameters, { withinMs })
  try {
    const state = await prepare(session, options)
    refuseUnwanted(state, config)
    session.patience = options.patience ?? anotherConnection(config, endpoint, options)
    return session
  } catch (error) {
    await session.close().catch(() => {})
    throw error
  }
}

/** Looks at a session's backend through a connection made for it, each time. */
function anotherConnection(
  config: ConnectionConfig,
  endpoint: Endpoint,
  { name, applicationName }: ConnectOptions,
): Lookout {
  const withinMs = config.connectTimeoutMs || lookWithinMs
  const there = {
    ...config,
    endpoints: [endpoint],
    targetSessionAttrs: 'any',
    connectTimeoutMs: withinMs,
  } as const
  return {
    ...lookoutPace,
    async look(pid) {
      const session = await connect(there, { name, applicationName, patience: { withinMs } })
      try {
        return await lookAtBackend(session, pid)
      } finally {
        await session.close().catch(() => undefined)
      }
    },
  }
}

/** A server that asks for a password when there is none must not be told an empty one. */
function knownPassword(config: ConnectionConfig, endpoint: Endpoint): string {
  const password = config.password(endpoint)
  if (password !== null && password !== '') return password
  throw new ServerError({
    code: sqlstate.invalidPassword,
    message: 'the server asks for a password, and none was given',
    severity: 'FATAL',
    lost: true,
  })
}

/**
 * `prefer` speaks plainly where the server has no TLS or where pg_hba.conf wants none (28000), `allow` the other way round. libpq also
 * repeats a wrong password so; we don't lock accounts.
 */
function otherTlsMayHelp(
  error: ServerError,
  config: ConnectionConfig,
  attempt: TlsAttempt,
): boolean {
  if (config.tls.mode !== 'prefer' && config.tls.mode !== 'allow') return false
  if (error.code === sqlstate.invalidAuthorizationSpecification) return true
  return config.tls.mode === 'prefer' && attempt !== false && isTlsFailure(error)
}

/** Without SCRAM-SHA-256-PLUS nothing proves that TLS ends at the server: the password must not be sent at all. */
function requireChannelBinding(client: pg.Client): void {
  const { connection } = client
  const refuse = () => {
    connection.stream.destroy(
      new Error('channel binding is required, but the server does not offer SCRAM-SHA-256-PLUS'),
    )
  }
  let bound = false
  connection.on('authenticationSASL', (message: { readonly mechanisms: readonly string[] }) => {
    bound = message.mechanisms.includes('SCRAM-SHA-256-PLUS')
    if (!bound) refuse()
  })
  connection.on('authenticationCleartextPassword', refuse)
  connection.on('authenticationMD5Password', refuse)
  connection.on('authenticationOk', () => {
    if (!bound) refuse()
  })
}

interface ServerState {
  readonly inRecovery: boolean
  readonly readOnly: boolean
}

/**
 * One round trip: the real backend pid, limits, and `client_connection_check_interval`, so that the backend of a killed run ends itself in half a
 * second. A server whose platform can't check (22023) is left without.
 */
async function prepare(session: ClientSession, options: ConnectOptions): Promise<ServerState> {
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

async function applySettings(
  session: ClientSession,
  settings: Readonly<Record<string, string>>,
): Promise<ServerState> {
  const calls = Object.entries(settings).map(
    ([name, value]) => `pg_catalog.set_config(${literal(name)}, ${literal(value)}, false)`,
  )
  const columns = [
    'pg_catalog.pg_backend_pid()',
    'pg_catalog.pg_is_in_recovery()',
    "pg_catalog.current_setting('transaction_read_only')",
    ...calls,
  ]
  const [result] = await session.simple(`SELECT ${columns.join(', ')}`)
  const [pid, inRecovery, readOnly] = result?.rows[0] ?? []
  session.backendPid = Number(pid)
  return { inRecovery: inRecovery === 't', readOnly: readOnly === 'on' }
}

/** target_session_attrs: the next endpoint is tried when this one is of the wrong kind. */
function refuseUnwanted(state: ServerState, config: ConnectionConfig): void {
  const fits = {
    any: true,
    'read-write': !state.readOnly,
    'read-only': state.readOnly,
    primary: !state.inRecovery,
    standby: state.inRecovery,
    'prefer-standby': true,
  }[config.targetSessionAttrs]
  if (fits) return
  throw new ServerError({
    code: sqlstate.connectionRejected,
    message: `the server is not what target_session_attrs=${config.targetSessionAttrs} asks for`,
    severity: 'FATAL',
    lost: true,
  })
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
