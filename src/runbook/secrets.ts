/**
 * What must never be printed because of a connection: the whole URL, and every password in it as written, decoded and
 * percent-encoded. Host, user and database are never masked, so a password that equals one of them (postgres:postgres) is
 * covered only where it stands as a password.
 *
 * @param url connection URL or keyword/value string; undefined when the PG* variables are used
 * @param password PGPASSWORD, where it is set
 */
export function secretsOf(url: string | undefined, password?: string): readonly string[] {
  const secrets = new Set<string>()
  const open = namesIn(url ?? '')
  const add = (written: string): void => {
    for (const form of formsOf(written)) {
      if (form.length >= SHORTEST && !open.has(form)) secrets.add(form)
    }
  }
  if (url !== undefined && passwordsIn(url).length > 0) {
    secrets.add(url)
    for (const written of passwordsIn(url)) {
      if (url.includes(`:${written}@`)) secrets.add(`:${written}@`)
      add(written)
    }
  }
  if (password !== undefined) add(password)
  return [...secrets]
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
    return /^postgres(ql)?:\/\//i.test(value) ? secretsOf(value) : formsOf(value)
  })
  const secrets = hidden.length === 0 ? [] : [text, ...hidden]
  return [...new Set(secrets)].filter((secret) => secret.length >= SHORTEST)
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

/** A password of one or two characters would blot out half of every text and hides nothing. */
const SHORTEST = 3

/** What stands between `scheme://` and the last `@` before the query: a password may hold a raw `/` or `@`. */
function userinfoOf(url: string): string | null {
  const match = /^[a-z][a-z0-9+.-]*:\/\/([^?]*)@/is.exec(url.trim())
  return match?.[1] ?? null
}

function namesIn(url: string): ReadonlySet<string> {
  try {
    const { username, hostname, pathname } = new URL(url)
    return new Set([username, hostname, pathname.slice(1)].flatMap(formsOf))
  } catch {
    return new Set()
  }
}

function formsOf(written: string): readonly string[] {
  let decoded = written
  try {
    decoded = decodeURIComponent(written)
  } catch {
    // A raw % in a password: what is written is what is sent.
  }
  return [written, decoded, encodeURIComponent(decoded), decoded.replaceAll("'", "''")]
}
