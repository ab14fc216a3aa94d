/** A function that replaces every secret in a text by `***`. Longer ones go first: a URL before the password in it. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const longestFirst = [...new Set(secrets)]
    .filter((secret) => secret !== '')
    .sort((a, b) => b.length - a.length)
  if (longestFirst.length === 0) return (text) => text
  const pattern = new RegExp(longestFirst.map(escapePattern).join('|'), 'g')
  return (text) => text.replace(pattern, '***')
}

/**
 * The last `most` characters at most, begun where no secret is cut in two: half a secret would be overlooked when the rest is redacted.
 */
export function endOf(text: string, most: number, redact: (text: string) => string): string {
  if (text.length <= most) return text
  const first = text.length - most
  for (let more = 0; first + more < text.length; more = more * 2 + 1) {
    if (cutsNoSecret(text, first + more, redact)) return text.slice(first + more)
  }
  return ''
}

/** The first `most` characters at most, ended where no secret is cut in two. */
export function beginningOf(text: string, most: number, redact: (text: string) => string): string {
  if (text.length <= most) return text
  for (let less = 0; less < most; less = less * 2 + 1) {
    if (cutsNoSecret(text, most - less, redact)) return text.slice(0, most - less)
  }
  return ''
}

function cutsNoSecret(text: string, at: number, redact: (text: string) => string): boolean {
  return redact(text.slice(0, at)) + redact(text.slice(at)) === redact(text)
}

/** The same data with every string in it redacted, at any depth; keys are ours and stay. */
export function redactStrings<Data>(data: Data, redact: (text: string) => string): Data {
  return redacted(data, redact) as Data
}

function redacted(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === 'string') return redact(value)
  if (Array.isArray(value)) return value.map((item) => redacted(item, redact))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, redacted(inner, redact)]),
  )
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
}
