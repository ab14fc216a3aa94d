/**
 * A value as JSON that jsonb takes: it has no NUL and no half of a surrogate pair, which a text that was cut, or came from a program, may hold.
 */
export function storableJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'string' ? whole(part) : part,
  )
}

/**
 * The same for what is only read by people. A database in LATIN1 or the like refuses (22P05) what its encoding lacks, and our own sentences
 * hold typographic signs: they become the plain ones. Never for SQL or names, which must stay as they are.
 */
export function toldJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'string'
      ? whole(part).replace(/[‘’“”…–—↻→]/g, (sign) => plain[sign] ?? sign)
      : part,
  )
}

const whole = (text: string) => text.toWellFormed().replaceAll('\0', '\ufffd')

const plain: Readonly<Record<string, string>> = {
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  '…': '...',
  '–': '-',
  '—': '-',
  '↻': '',
  '→': '->',
}
