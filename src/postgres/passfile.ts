/** What a line of .pgpass is looked up by. */
export interface PassfileKey {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
}

/**
 * The password of the first line `host:port:database:user:password` that fits; `*` fits anything, `\:` and `\\` are literal. A Unix socket's
 * host is 'localhost'. Null: no line fits.
 */
export function passwordIn(passfile: string, key: PassfileKey): string | null {
  const host = key.host.startsWith('/') ? 'localhost' : key.host
  const wanted = [host, String(key.port), key.database, key.user]
  for (const line of passfile.split(/\r?\n/)) {
    if (line.startsWith('#') || line === '') continue
    const fields = line.match(/(?:^|:)(?:\\.|[^:\\])*/gs)?.map((field) => field.replace(/^:/, ''))
    const given =
      fields?.slice(0, 4).map((field) => (field === '*' ? null : withoutEscapes(field))) ?? []
    if (given.length < 4 || fields === undefined || fields.length < 5) continue
    const fits = wanted.every((value, index) => given[index] === null || given[index] === value)
    // libpq takes the rest of the line up to the next withoutEscapesd colon.
    if (fits) return withoutEscapes(fields[4] ?? '')
  }
  return null
}

function withoutEscapes(field: string): string {
  return field.replaceAll(/\\(.)/gs, '$1')
}
