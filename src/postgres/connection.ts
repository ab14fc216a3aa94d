import { join } from 'node:path'
import { Refusal } from '../report/refusal.ts'
import { passwordForms } from '../report/secret-forms.ts'
import { type ConnectionFiles, realFiles } from './connection-files.ts'
import { type Parameters, parseConnectionString } from './connection-string.ts'
import { foreign, keywords, nearestKeyword } from './keywords.ts'
import { passwordIn } from './passfile.ts'
import { serviceIn } from './service-file.ts'
import { resolveTls } from './tls-config.ts'
import type { ConnectionConfig, Endpoint, TargetSessionAttrs } from './types.ts'

export interface ConnectionInput {
  /** URL or key=value string; undefined or empty: PG* variables alone. */
  readonly url: string | undefined
  /** Where `url` came from, for messages. Default 'DATABASE_URL'. */
  readonly origin?: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly files?: ConnectionFiles
}

/** Ten seconds: a runner that can't reach a server should say so soon. libpq waits for ever. */
const defaultConnectTimeoutMs = 10_000

/**
 * Everything needed to connect, by libpq's rules: the connection string wins over the service file, that over PG* variables, these
 * over defaults. Throws a Refusal (exit 2) for what is malformed, unknown or not supported; no message holds a password.
 */
export function resolveConnection(input: ConnectionInput): ConnectionConfig {
  const files = input.files ?? realFiles()
  const origin = input.origin ?? 'DATABASE_URL'
  const url = input.url?.trim() ?? ''
  const written = url === '' ? new Map<string, string>() : parseConnectionString(url, origin)
  const variables = fromEnvironment(input.env)
  check(written, origin)
  check(variables, 'the PG* variables')
  const service = serviceOf(written, variables, input.env, files)
  check(service, 'the service file')
  const parameters: Parameters = new Map([...variables, ...service, ...written])
  requireSomeTarget(parameters, origin)
  return build(parameters, files, url)
}

/** All that must be masked or redacted: the URL as written where it holds a password, and every password in the forms of `passwordForms`. */
export function secretsOf(config: ConnectionConfig): readonly string[] {
  return config.secrets()
}

function fromEnvironment(env: ConnectionInput['env']): Parameters {
  const found = [...keywords].flatMap(([name, { variable }]): [string, string][] => {
    const value = variable === undefined ? undefined : env[variable]
    // A secret that isn't there reaches a job as an empty variable.
    return value === undefined || value === '' ? [] : [[name, value]]
  })
  return new Map(found)
}

function check(parameters: Parameters, origin: string): void {
  for (const [name, value] of parameters) {
    const keyword = keywords.get(name)
    if (keyword === undefined) throw unknownParameter(name, origin)
    const { treatment } = keyword
    if (treatment.type !== 'refused' || treatment.accepted.includes(value)) continue
    throw new Refusal({
      what: `The parameter ${name} of ${origin} can not be honoured`,
      why: 'It is not supported here, and ignoring it would weaken what was asked for.',
      fix: treatment.fix,
    })
  }
}

function unknownParameter(name: string, origin: string): Refusal {
  const owner = foreign.get(name)
  const nearest = nearestKeyword(name)
  return new Refusal({
    what: `${origin} has an unknown parameter "${name}"`,
    why:
      owner === undefined
        ? "It is none of libpq's connection parameters."
        : `It belongs to the URLs of ${owner}; libpq does not know it.`,
    fix:
      owner !== undefined || nearest === null
        ? `Remove "${name}" from the connection string.`
        : `Did you mean "${nearest}"?`,
  })
}

function serviceOf(
  written: Parameters,
  variables: Parameters,
  env: ConnectionInput['env'],
  files: ConnectionFiles,
): Parameters {
  const name = written.get('service') ?? variables.get('service')
  if (name === undefined) return new Map()
  const own =
    written.get('servicefile') ??
    (env.PGSERVICEFILE || undefined) ??
    join(files.home, '.pg_service.conf')
  const shared = join(env.PGSYSCONFDIR || '/etc/postgresql-common', 'pg_service.conf')
  for (const path of [own, shared]) {
    const text = readOrRefuse(files, path)
    const found = text === null ? null : serviceIn(text, path, name)
    if (found !== null) return found
  }
  throw new Refusal({
    what: `The service "${name}" is not defined`,
    why: `Neither ${own} nor ${shared} has a section [${name}].`,
    fix: 'Add the section, or name the file that has it in PGSERVICEFILE.',
  })
}

function readOrRefuse(files: ConnectionFiles, path: string): string | null {
  try {
    return files.read(path)
  } catch (error) {
    throw new Refusal({
      what: `${path} can not be read`,
      why: error instanceof Error ? error.message : String(error),
      fix: 'Make it readable for the user that runs this, or name another file.',
    })
  }
}

function requireSomeTarget(parameters: Parameters, origin: string): void {
  if (['host', 'hostaddr', 'dbname', 'service'].some((name) => parameters.has(name))) return
  throw new Refusal({
    what: 'No database was named',
    why: `${origin} is empty, and neither PGHOST nor PGDATABASE nor PGSERVICE is set.`,
    fix: 'Set DATABASE_URL to postgresql://user:password@host:5432/database (in a workflow: from a secret of the environment).',
  })
}

function build(parameters: Parameters, files: ConnectionFiles, url: string): ConnectionConfig {
  const user = parameters.get('user') ?? files.userName
  const database = parameters.get('dbname') ?? user
  const warnings: string[] = []
  const password = passwords(parameters, user, database, files, warnings)
  const endpoints = endpointsOf(parameters, files)
  return {
    endpoints,
    database,
    user,
    password,
    tls: resolveTls(parameters, files),
    channelBinding: choice(parameters, 'channel_binding', ['prefer', 'disable', 'require']),
    options: parameters.get('options') ?? '',
    connectTimeoutMs: connectTimeout(parameters),
    targetSessionAttrs: choice<TargetSessionAttrs>(parameters, 'target_session_attrs', [
      'any',
      'read-write',
      'read-only',
      'primary',
      'standby',
      'prefer-standby',
    ]),
    secrets: () => {
      const names = [
        user,
        database,
        ...endpoints.flatMap(({ host, hostaddr = '' }) => [host, hostaddr]),
      ]
      return secretsIn(url, parameters, endpoints.map(password), names)
    },
    warnings,
  }
}

function endpointsOf(parameters: Parameters, files: ConnectionFiles): readonly Endpoint[] {
  const split = (name: string) => parameters.get(name)?.split(',')
  const addresses = split('hostaddr')
  const hosts = split('host') ?? addresses ?? ['']
  const ports = split('port') ?? ['']
  const uneven = addresses !== undefined && addresses.length !== hosts.length
  if (uneven || (ports.length !== 1 && ports.length !== hosts.length)) {
    throw new Refusal({
      what: 'The lists of hosts and ports (or addresses) differ in length',
      why: `There are ${hosts.length} hosts, ${addresses?.length ?? 0} addresses and ${ports.length} ports.`,
      fix: 'Give one port for all hosts, or one for each.',
    })
  }
  return hosts.map((host, index) => {
    const port = portOf(ports.length === 1 ? ports[0] : ports[index])
    const hostaddr = addresses?.[index] ?? ''
    const known = host === '' ? hostaddr || defaultHost(port, files) : host
    return { host: known, port, ...(hostaddr === '' ? {} : { hostaddr }) }
  })
}

function portOf(text = ''): number {
  if (text === '') return 5432
  const port = Number(text)
  if (/^\d+$/.test(text) && port >= 1 && port <= 65535) return port
  throw new Refusal({
    what: 'The port is not a number from 1 to 65535',
    why: 'No server can listen there.',
    fix: "Write the server's port, most often 5432.",
  })
}

/** libpq's default is a socket's folder fixed when it was built: Debian's, then Postgres's own. */
function defaultHost(port: number, files: ConnectionFiles): string {
  const folders = ['/var/run/postgresql', '/tmp']
  return folders.find((folder) => files.exists(`${folder}/.s.PGSQL.${port}`)) ?? 'localhost'
}

function passwords(
  parameters: Parameters,
  user: string,
  database: string,
  files: ConnectionFiles,
  warnings: string[],
): ConnectionConfig['password'] {
  const given = parameters.get('password')
  if (given !== undefined) return () => given
  const path = parameters.get('passfile') ?? join(files.home, '.pgpass')
  const text = readOrRefuse(files, path)
  if (text === null) return () => null
  const mode = files.permissions(path)?.mode ?? 0
  if ((mode & 0o077) !== 0) {
    warnings.push(
      `${path} was not used: others may read it (mode 0${mode.toString(8)}); chmod 0600 makes it acceptable`,
    )
    return () => null
  }
  return (endpoint) => passwordIn(text, { ...endpoint, database, user })
}

function connectTimeout(parameters: Parameters): number {
  const text = parameters.get('connect_timeout')
  if (text === undefined) return defaultConnectTimeoutMs
  if (/^-?\d+$/.test(text.trim())) return Math.max(0, Number(text) * 1000)
  throw new Refusal({
    what: 'connect_timeout is not a whole number',
    why: 'It counts seconds; 0 waits for ever.',
    fix: 'Write connect_timeout=10, for example.',
  })
}

/** One of the values that a parameter may have; the first is its default. */
function choice<Value extends string>(
  parameters: Parameters,
  name: string,
  values: readonly [Value, ...Value[]],
): Value {
  const text = parameters.get(name)
  if (text === undefined) return values[0]
  const found = values.find((value) => value === text)
  if (found !== undefined) return found
  throw new Refusal({
    what: `${name} has an unknown value`,
    why: `It may be ${values.join(', ')}.`,
    fix: 'Write one of these, or leave it out.',
  })
}

function secretsIn(
  url: string,
  parameters: Parameters,
  known: readonly (string | null)[],
  names: readonly string[],
): readonly string[] {
  const asWritten = /^\w+:\/\/[^:@/]*:([^@/]*)@/.exec(url)?.[1] ?? ''
  const isInUrl = asWritten !== '' || (parameters.has('password') && /password/.test(url))
  const passwords = [asWritten, parameters.get('sslpassword') ?? '', ...known]
  const forms = passwords.flatMap((password) => passwordForms(password ?? '', names))
  return [...new Set([...(isInUrl ? [url] : []), ...forms])]
}
