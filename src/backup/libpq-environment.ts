import { createPrivateKey } from 'node:crypto'
import { withPrivateFiles } from '../host/backup-files.ts'
import { clusterEnvironment, programEnvironment } from '../host/process.ts'
import type { ConnectionConfig, Endpoint, TlsConfig } from '../postgres/types.ts'

/**
 * The environment in which libpq's programs reach the same server as we do: the password, too, is in it and in no argument. Certificates and
 * keys are files that only their owner may read, gone when `act` is done. `DATABASE_URL` is there for commands that want one.
 */
export async function withLibpqEnvironment<Result>(
  connection: ConnectionConfig,
  databaseUrl: string | undefined,
  act: (env: Readonly<Record<string, string>>) => Promise<Result>,
): Promise<Result> {
  const [endpoint] = connection.endpoints
  if (endpoint === undefined) throw new Error('a connection has an endpoint')
  return withPrivateFiles(tlsTexts(connection.tls), (paths) =>
    act(
      programEnvironment({
        ...connectionVariables(connection, endpoint),
        ...tlsVariables(connection.tls, paths),
        DATABASE_URL: databaseUrl ?? urlOf(connection, endpoint),
      }),
    ),
  )
}

/** The same for a command of the user's, which finds PGDATA and PGCLUSTER as they are set for us, too. */
export function withCommandEnvironment<Result>(
  connection: ConnectionConfig,
  databaseUrl: string | undefined,
  act: (env: Readonly<Record<string, string>>) => Promise<Result>,
): Promise<Result> {
  return withLibpqEnvironment(connection, databaseUrl, (env) =>
    act({ ...clusterEnvironment(), ...env }),
  )
}

function connectionVariables(
  connection: ConnectionConfig,
  endpoint: Endpoint,
): Record<string, string> {
  const password = connection.password(endpoint)
  return {
    PGHOST: endpoint.host,
    ...(endpoint.hostaddr === undefined ? {} : { PGHOSTADDR: endpoint.hostaddr }),
    PGPORT: String(endpoint.port),
    PGUSER: connection.user,
    PGDATABASE: connection.database,
    ...(password === null ? {} : { PGPASSWORD: password }),
    ...(connection.options === '' ? {} : { PGOPTIONS: connection.options }),
    PGCHANNELBINDING: connection.channelBinding,
    PGCONNECT_TIMEOUT: String(Math.ceil(connection.connectTimeoutMs / 1000)),
    PGAPPNAME: 'pg-airlock backup',
  }
}

/** libpq knows no variable for a key's passphrase, so the key is handed over without. */
function tlsTexts(tls: TlsConfig): Record<string, string> {
  const key = tls.key()
  const { rootCertificate, revocationList, certificate } = tls
  return {
    ...(rootCertificate === null || rootCertificate === 'system'
      ? {}
      : { 'root.crt': rootCertificate }),
    ...(revocationList === null ? {} : { 'root.crl': revocationList }),
    ...(certificate === null ? {} : { 'postgresql.crt': certificate }),
    ...(key === null ? {} : { 'postgresql.key': openKey(key.pem, key.passphrase) }),
  }
}

function openKey(pem: string, passphrase: string | undefined): string {
  if (passphrase === undefined) return pem
  const key = createPrivateKey({ key: pem, passphrase })
  return String(key.export({ type: 'pkcs8', format: 'pem' }))
}

function tlsVariables(
  tls: TlsConfig,
  paths: Readonly<Record<string, string>>,
): Record<string, string> {
  const files = {
    PGSSLROOTCERT: tls.rootCertificate === 'system' ? 'system' : paths['root.crt'],
    PGSSLCRL: paths['root.crl'],
    PGSSLCERT: paths['postgresql.crt'],
    PGSSLKEY: paths['postgresql.key'],
  }
  return {
    PGSSLMODE: tls.mode,
    PGSSLMINPROTOCOLVERSION: tls.minVersion,
    PGSSLMAXPROTOCOLVERSION: tls.maxVersion,
    ...Object.fromEntries(
      Object.entries(files).flatMap(([name, path]) => (path === undefined ? [] : [[name, path]])),
    ),
  }
}

function urlOf({ user, password, database, tls }: ConnectionConfig, endpoint: Endpoint): string {
  const secret = password(endpoint)
  const login = [user, ...(secret === null ? [] : [secret])].map(encodeURIComponent).join(':')
  const isSocket = endpoint.host.startsWith('/')
  const bare = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host
  const host = isSocket ? encodeURIComponent(endpoint.host) : bare
  return `postgresql://${login}@${host}:${endpoint.port}/${encodeURIComponent(database)}?sslmode=${tls.mode}`
}
