import { Refusal } from '../report/refusal.ts'

/** Parameters as written, decoded: keyword → value. */
export type Parameters = ReadonlyMap<string, string>

const scheme = /^postgres(?:ql)?:\/\//

/**
 * Reads a connection URL or a `key=value` string as libpq does. `origin` names where it came from ('DATABASE_URL'); what it holds is
 * never repeated in a message, since a password may be anywhere in a string that can't be read.
 */
export function parseConnectionString(text: string, origin: string): Parameters {
  const trimmed = text.trim()
  if (scheme.test(trimmed)) return parseUrl(trimmed.replace(scheme, ''), origin)
  if (/^["'`]/.test(trimmed)) {
    throw unreadable(
      origin,
      'It begins with a quotation mark, which became part of it.',
      'Remove the quotation marks around it.',
    )
  }
  if (/^[a-z][a-z0-9+.-]*:/i.test(trimmed)) {
    throw unreadable(
      origin,
      'It begins with another scheme than postgres:// or postgresql://.',
      `Write it as ${example}`,
    )
  }
  if (/^\s*\w+\s*=/.test(trimmed)) return parseKeyValues(trimmed, origin)
  throw unreadable(origin, 'It is neither a URL nor a list of key=value.', `Write it as ${example}`)
}

const example = 'postgresql://user:password@host:5432/database'

function unreadable(origin: string, why: string, fix: string): Refusal {
  return new Refusal({ what: `${origin} is not a connection string that can be read`, why, fix })
}

/** postgresql://[user[:password]@][host[:port],…][/dbname][?key=value&…] */
function parseUrl(text: string, origin: string): Parameters {
  const decode = (part: string) => decodePercent(part, origin)
  const parts = /^(?:([^@/]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(text)
  if (parts === null) throw unreadable(origin, 'Its parts can not be told apart.', encodingAdvice)
  const [, login, hosts = '', database = '', query = ''] = parts
  const parameters = new Map<string, string>()
  const put = (name: string, value: string) => {
    if (value !== '') parameters.set(name, value)
  }
  if (login !== undefined) {
    const [user = '', ...password] = login.split(':')
    put('user', decode(user))
    put('password', decode(password.join(':')))
  }
  const places = hosts.split(',').map((host) => splitHost(host, origin))
  put(
    'host',
    places.every(({ host }) => host === '') ? '' : places.map(({ host }) => decode(host)).join(','),
  )
  put(
    'port',
    places.every(({ port }) => port === '') ? '' : places.map(({ port }) => decode(port)).join(','),
  )
  put('dbname', decode(database))
  for (const pair of query === '' ? [] : query.split('&')) {
    const [name = '', value] = pair.split(/=(.*)/s)
    if (value === undefined) {
      throw unreadable(origin, 'After the question mark, a parameter has no "=".', encodingAdvice)
    }
    putParameter(parameters, decode(name), decode(value))
  }
  return parameters
}

/** JDBC's `ssl=true` is understood by libpq in URLs too. */
function putParameter(parameters: Map<string, string>, name: string, value: string): void {
  if (name === 'ssl' && value === 'true') parameters.set('sslmode', 'require')
  else parameters.set(name, value)
}

const encodingAdvice =
  'Write the characters @ : / ? # [ ] % and blanks in the user name and the password percent-encoded (@ is %40, / is %2F, # is %23).'

function splitHost(text: string, origin: string): { readonly host: string; readonly port: string } {
  const parts = /^(?:\[([^\]]*)\]|([^:[\]@]*))(?::([^:@]*))?$/.exec(text)
  const port = parts?.[3] ?? ''
  if (parts === null || !/^\d*$/.test(decodePercent(port, origin))) {
    throw unreadable(
      origin,
      'Host and port can not be told apart; most often a character of the password is not percent-encoded.',
      encodingAdvice,
    )
  }
  return { host: parts[1] ?? parts[2] ?? '', port }
}

function decodePercent(text: string, origin: string): string {
  try {
    const decoded = decodeURIComponent(text)
    if (!decoded.includes('\0')) return decoded
  } catch {
    // Told below.
  }
  throw unreadable(
    origin,
    'A "%" is not followed by the two hexadecimal digits of a UTF-8 character.',
    encodingAdvice,
  )
}

/** host=a password='it''s' : quotes and backslashes as libpq reads them. */
function parseKeyValues(text: string, origin: string): Parameters {
  const parameters = new Map<string, string>()
  const pair =
    /\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:(?:[^\s\\']|\\.)(?:[^\s\\]|\\.)*)?))(?=\s|$)/gsy
  let end = 0
  for (const found of text.matchAll(pair)) {
    const [whole, name = '', quoted, bare = ''] = found
    parameters.set(name, (quoted ?? bare).replaceAll(/\\(.)/gs, '$1'))
    end = found.index + whole.length
  }
  if (text.slice(end).trim() !== '') {
    throw unreadable(
      origin,
      `After ${parameters.size} parameters, what follows is not key=value.`,
      "Put values with blanks into single quotes, and write ' and \\ in them as \\' and \\\\.",
    )
  }
  return parameters
}
