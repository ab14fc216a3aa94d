import { durationText } from '../../report/duration-text.ts'
import type { SmokeHttp } from '../../runbook/gates/smoke.ts'
import { type CompiledComparison, comparisonText, compileComparison } from './json-comparison.ts'
import { refuseTest } from './refuse.ts'
import type { HttpTest } from './types.ts'

/**
 * An HTTP test ready to run. User and password in the URL become a header, as fetch wants it.
 *
 * @throws Refusal that quotes neither the URL nor a header's value
 */
export function compileHttp(name: string, http: SmokeHttp, timeoutMs: number): HttpTest {
  const url = urlOf(name, http.url)
  const headers = headersOf(name, http.headers)
  const { username, password } = url
  if (username !== '' || password !== '') {
    const credentials = `${decoded(username)}:${decoded(password)}`
    headers.authorization ??= `Basic ${Buffer.from(credentials).toString('base64')}`
  }
  const secrets = secretsOf(url, headers)
  url.username = ''
  url.password = ''
  if (http.body !== undefined && (http.method === 'GET' || http.method === 'HEAD')) {
    throw refuseTest(
      name,
      `${http.method} has a body`,
      'HTTP gives it no meaning, and many servers drop it.',
      'Set method (POST, PUT, PATCH), or remove body.',
    )
  }
  const statuses = typeof http.status === 'number' ? [http.status] : http.status
  const json = Object.entries(http.json).map(([path, value]) => comparisonOf(name, path, value))
  const text = http.text ?? null
  const latencyMs = http.latency ?? null
  return {
    kind: 'http',
    name,
    expected: [
      `${http.method} ${shown(url)}: status ${statuses.join(' or ')}`,
      ...json.map(comparisonText),
      ...(text === null ? [] : [`contains ${JSON.stringify(text)}`]),
      ...(latencyMs === null ? [] : [`within ${durationText(latencyMs)}`]),
    ].join(', '),
    timeoutMs,
    request: {
      url: url.href,
      method: http.method,
      headers,
      body: http.body ?? null,
      finalStatuses: statuses,
    },
    statuses,
    json,
    text,
    latencyMs,
    secrets,
  }
}

function urlOf(name: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url !== null && ['http:', 'https:'].includes(url.protocol)) return url
  throw refuseTest(
    name,
    'its url is none that can be asked over HTTP',
    'It has to be a whole URL that begins with http:// or https://.',
    `Write it like https://example.com/api/recipes; if it is \${NAME}, look at what that variable holds.`,
  )
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~\w-]+$/
/** Visible characters of Latin-1, blanks and tabs: what HTTP can carry. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Names in lower case, as HTTP compares them. fetch’s own error would quote the value. */
function headersOf(name: string, given: Readonly<Record<string, string>>): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [header, value] of Object.entries(given)) {
    const key = header.toLowerCase()
    if (!HEADER_NAME.test(header) || !HEADER_VALUE.test(value)) {
      throw refuseTest(
        name,
        `the header ${JSON.stringify(header)} can't be sent`,
        'Its name or its value holds a character that HTTP headers don’t allow, such as a line break at the end of a secret.',
        'Correct the name, or store the secret without the line break.',
      )
    }
    if (key in headers) {
      throw refuseTest(
        name,
        `the header ${key} is given twice`,
        'Names of headers don’t mind upper and lower case.',
        'Remove one of them.',
      )
    }
    headers[key] = value
  }
  return headers
}

function comparisonOf(
  name: string,
  path: string,
  value: string | number | boolean | null,
): CompiledComparison {
  const comparison = compileComparison(path, value)
  if (comparison !== null) return comparison
  throw refuseTest(
    name,
    `json has the path ${JSON.stringify(path)}, which can't be read`,
    'A path names keys and places in lists, from the outside in.',
    'Write it like items[0].id, [0].name, length; a key with other signs goes into ["…"].',
  )
}

/** Without user, password, and the values of the query: any of them may be a secret. */
function shown(url: URL): string {
  const query = [...new Set(url.searchParams.keys())].map((key) => `${key}=…`).join('&')
  return `${url.origin}${url.pathname}${query === '' ? '' : `?${query}`}`
}

const SECRET_HEADER = /auth|cookie|token|key|secret|password/i

/** What an answer might echo. Shorter ones would blot out every text and hide nothing. */
function secretsOf(url: URL, headers: Readonly<Record<string, string>>): readonly string[] {
  const held = Object.entries(headers).flatMap(([name, value]) =>
    SECRET_HEADER.test(name) ? [value, value.replace(/^\w+\s+/, '')] : [],
  )
  const all = [url.password, decoded(url.password), ...url.searchParams.values(), ...held]
  return [...new Set(all)].filter(({ length }) => length >= 4).sort((a, b) => b.length - a.length)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A raw %: what is written is what is meant.
    return text
  }
}
