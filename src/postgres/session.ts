import pg from 'pg'
import { type Lookout, lookAtBackend, type Patience } from './answer-watch.ts'
import { requireChannelBinding } from './channel-binding.ts'
import { ClientSession } from './client-session.ts'
import { prepare, type ServerState, type SessionOptions } from './prepare.ts'
import { ServerError, serverErrorOf } from './server-error.ts'
import { sqlstate } from './sqlstate.ts'
import { type TlsAttempt, tlsAttempts } from './tls.ts'
import { isTlsFailure } from './tls-failure.ts'
import type { ConnectionConfig, Endpoint, Session } from './types.ts'

export interface ConnectOptions extends SessionOptions {
  /** What the session is for, in messages: 'worker', 'keeper', 'observer'. */
  readonly name: string
  readonly applicationName: string
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
    async look(backendPid) {
      const session = await connect(there, { name, applicationName, patience: { withinMs } })
      try {
        return await lookAtBackend(session, backendPid)
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
