import { passwordForms, shortestSecret, textForms } from '../report/secret-forms.ts'

type Env = Readonly<Record<string, string | undefined>>

/**
 * What must never be printed because of a connection: the whole URL, and every password in it as written, decoded and
 * percent-encoded. Host, user and database are never masked: see `passwordForms`.
 *
 * @param url connection URL or keyword/value string; undefined when the PG* variables are used
 * @param env the PG* variables that complete it
 */
export function secretsOf(url: string | undefined, env: Env = {}): readonly string[] {
  const names = namesOf(url, env)
  const inUrl = passwordsIn(url ?? '')
  const passwords = [...inUrl, env.PGPASSWORD ?? '']
  return [
    ...new Set([
      ...(url === undefined || inUrl.length === 0 ? [] : [url]),
      ...passwords.flatMap((password) => passwordForms(password, names)),
    ]),
  ]
}

/** User, database and hosts of a connection, as they are written in its URL or keyword/value string and in the PG* variables. */
export function namesOf(url: string | undefined, env: Env = {}): readonly string[] {
  const text = url?.trim() ?? ''
  const login = userinfoOf(text)
  const [, hosts = '', database = ''] =
    /^[a-z][a-z0-9+.-]*:\/\/([^/?]*)(?:\/([^?]*))?/i.exec(
      login === null ? text : text.replace(`${login}@`, ''),
    ) ?? []
  const written = [
    ...text.matchAll(
      /(?:^|[?&\s])(?:user|host|hostaddr|dbname)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|([^&\s']+))/gi,
    ),
  ].map(([, quoted, plain = '']) => quoted?.replace(/\\(.)/gs, '$1') ?? plain)
  const variables = [env.PGUSER, env.PGDATABASE, env.PGHOST, env.PGHOSTADDR]
  return [login?.split(':')[0], database, hosts, ...written, ...variables]
    .flatMap((name = '') => [name, ...name.split(',').map(withoutPort)])
    .filter((name) => name !== '')
}

/**
 * What must never be printed of a text that was filled in from the environment: each value and the whole text, as they are, decoded and
 * percent-encoded. Of a connection URL the passwords alone, and an address without anything but scheme, host and port is no secret:
 * hosts are never masked.
 */
export function secretsOfFilled(
  text: string,
  values: readonly string[],
  kind: 'connection' | 'text',
): readonly string[] {
  if (kind === 'connection') return secretsOf(text)
  const hidden = values.flatMap((value) => {
    if (isAddress(value)) return []
    return /^postgres(ql)?:\/\//i.test(value) ? secretsOf(value) : textForms(value)
  })
  const secrets = hidden.length === 0 ? [] : [text, ...hidden]
  return [...new Set(secrets)].filter((secret) => secret.length >= shortestSecret)
}

/** 'http://localhost:8080', 'https://app.example.com/'. */
function isAddress(value: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@]*\/?$/i.test(value)
}

/** The passwords in a connection URL or keyword/value string, as written there. */
export function passwordsIn(url: string): readonly string[] {
  const passwords: string[] = []
  const userinfo = userinfoOf(url)
  const colon = userinfo?.indexOf(':') ?? -1
  if (userinfo !== null && colon >= 0) passwords.push(userinfo.slice(colon + 1))
  for (const match of url.matchAll(
    /(?:^|[?&\s])(?:ssl)?password\s*=\s*(?:'((?:[^'\\]|\\.)*)'|([^&\s']+))/gi,
  )) {
    passwords.push(match[1]?.replace(/\\(.)/gs, '$1') ?? match[2] ?? '')
  }
  return passwords.filter((password) => password !== '')
}

/** Passwords written out in URLs anywhere in a text, such as a command; those that a shell fills in (`$PASSWORD`) are none. */
export function passwordsInUrls(text: string): readonly string[] {
  return [...text.matchAll(/[a-z][a-z0-9+.-]*:\/\/[^\s:/@'"]*:([^\s@'"]+)@/gi)]
    .map(([, password = '']) => password)
    .filter((password) => !password.includes('$'))
}

/** The text with every password of a connection string in it replaced, for excerpts of files. */
export function withoutPasswords(text: string): string {
  const inUrls = text.replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s]*(@)/gi, '$1***$2')
  return inUrls.replace(/((?:ssl)?password\s*[=:]\s*)[^\s&]+/gi, '$1***')
}

/** What stands between `scheme://` and the last `@` before the query: a password may hold a raw `/` or `@`. */
function userinfoOf(url: string): string | null {
  const match = /^[a-z][a-z0-9+.-]*:\/\/([^?]*)@/is.exec(url.trim())
  return match?.[1] ?? null
}

function withoutPort(host: string): string {
  return host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')
}
