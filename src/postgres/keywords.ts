/** What becomes of a libpq parameter here. */
type Treatment =
  | { readonly type: 'used' }
  /** Has no meaning here, or one that we set ourselves. */
  | { readonly type: 'ignored' }
  /** Ignoring it would weaken what the user asked for. `accepted`: values that ask for nothing. */
  | { readonly type: 'refused'; readonly accepted: readonly string[]; readonly fix: string }

interface Keyword {
  /** The variable that sets it when the connection string doesn't. */
  readonly variable?: string
  readonly treatment: Treatment
}

const used = (variable?: string): Keyword => ({
  treatment: { type: 'used' },
  ...(variable === undefined ? {} : { variable }),
})
const ignored: Keyword = { treatment: { type: 'ignored' } }
const refused = (
  variable: string | undefined,
  accepted: readonly string[],
  fix: string,
): Keyword => ({
  treatment: { type: 'refused', accepted, fix },
  ...(variable === undefined ? {} : { variable }),
})

/** libpq's parameters (18, "Parameter Key Words") and `uselibpqcompat`, which node-postgres asks its users to add. */
export const keywords: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  ['host', used('PGHOST')],
  ['hostaddr', used('PGHOSTADDR')],
  ['port', used('PGPORT')],
  ['dbname', used('PGDATABASE')],
  ['user', used('PGUSER')],
  ['password', used('PGPASSWORD')],
  ['passfile', used('PGPASSFILE')],
  ['service', used('PGSERVICE')],
  ['servicefile', used('PGSERVICEFILE')],
  ['options', used('PGOPTIONS')],
  ['connect_timeout', used('PGCONNECT_TIMEOUT')],
  ['target_session_attrs', used('PGTARGETSESSIONATTRS')],
  ['channel_binding', used('PGCHANNELBINDING')],
  ['sslmode', used('PGSSLMODE')],
  ['sslrootcert', used('PGSSLROOTCERT')],
  ['sslcert', used('PGSSLCERT')],
  ['sslkey', used('PGSSLKEY')],
  ['sslpassword', used()],
  ['sslcrl', used('PGSSLCRL')],
  ['ssl_min_protocol_version', used('PGSSLMINPROTOCOLVERSION')],
  ['ssl_max_protocol_version', used('PGSSLMAXPROTOCOLVERSION')],
  ['application_name', ignored],
  ['fallback_application_name', ignored],
  ['client_encoding', ignored],
  ['keepalives', ignored],
  ['keepalives_idle', ignored],
  ['keepalives_interval', ignored],
  ['keepalives_count', ignored],
  ['tcp_user_timeout', ignored],
  ['sslcompression', ignored],
  ['sslcertmode', ignored],
  ['sslsni', ignored],
  ['krbsrvname', ignored],
  ['gsslib', ignored],
  ['gssdelegation', ignored],
  ['min_protocol_version', ignored],
  ['max_protocol_version', ignored],
  ['sslkeylogfile', ignored],
  ['uselibpqcompat', ignored],
  [
    'sslnegotiation',
    refused(
      'PGSSLNEGOTIATION',
      ['postgres'],
      'Leave it out: TLS is then negotiated as all servers understand it.',
    ),
  ],
  [
    'gssencmode',
    refused(
      'PGGSSENCMODE',
      ['disable', 'prefer'],
      'Use TLS (sslmode=verify-full) instead of GSSAPI encryption.',
    ),
  ],
  [
    'load_balance_hosts',
    refused('PGLOADBALANCEHOSTS', ['disable'], 'Name the one host to deploy to.'),
  ],
  [
    'require_auth',
    refused('PGREQUIREAUTH', [], 'Use sslmode=verify-full, which proves who the server is.'),
  ],
  ['requirepeer', refused('PGREQUIREPEER', [], 'Leave it out.')],
  [
    'sslcrldir',
    refused('PGSSLCRLDIR', [], 'Put the revocation list into one file and name it by sslcrl.'),
  ],
  [
    'replication',
    refused(
      undefined,
      ['false', 'off', 'no', '0'],
      'Leave it out: migrations need an ordinary connection.',
    ),
  ],
])

/** Parameters of other tools' URLs that people paste here. */
export const foreign: ReadonlyMap<string, string> = new Map([
  ...[
    'schema',
    'connection_limit',
    'pool_timeout',
    'pgbouncer',
    'sslaccept',
    'sslidentity',
    'socket_timeout',
    'statement_cache_size',
  ].map((name): [string, string] => [name, 'Prisma']),
  ...[
    'currentSchema',
    'sslfactory',
    'loggerLevel',
    'prepareThreshold',
    'ApplicationName',
    'loginTimeout',
    'socketTimeout',
  ].map((name): [string, string] => [name, 'the JDBC driver']),
  ...['search_path', 'statement_timeout', 'lock_timeout'].map((name): [string, string] => [
    name,
    'another driver',
  ]),
])

/** The known keyword with the fewest letters changed, if it is near enough to be meant. */
export function nearestKeyword(name: string): string | null {
  const distances = [...keywords.keys()].map((known) => ({
    known,
    distance: editDistance(name, known),
  }))
  const best = distances.toSorted((a, b) => a.distance - b.distance)[0]
  return best !== undefined && best.distance <= Math.max(2, name.length / 3) ? best.known : null
}

/** Levenshtein's. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [row, letter] of [...a].entries()) {
    const current = [row + 1]
    for (const [column, other] of [...b].entries()) {
      const replace = (previous[column] ?? 0) + (letter === other ? 0 : 1)
      current.push(Math.min(replace, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
