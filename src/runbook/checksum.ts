import { createHash } from 'node:crypto'

/**
 * SHA-256 in hex of a script. A byte order mark and the kind of line ending don't count: Git may turn LF into CRLF on
 * checkout, and the same migration must not look changed on another machine.
 */
export function checksum(text: string): string {
  const evened = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n')
  return createHash('sha256').update(evened, 'utf8').digest('hex')
}

/**
 * Had this script that checksum before `retry=safe` was added to it? The directive answers a question that came up half way through the file; it changes
 * no statement. It may stand beside others, or in a line of its own with a blank one behind it.
 */
export function sameButForRetry(text: string, earlier: string): boolean {
  const evened = text.replace(/\r\n?/g, '\n')
  const without = [
    evened.replace(/^--[ \t]*airlock:[ \t]*retry=safe[ \t]*\n\n?/m, ''),
    evened.replace(/^--[ \t]*airlock:[ \t]*retry=safe[ \t]*\n/m, ''),
    evened.replace(/^(--[ \t]*airlock:.*?)[ \t]+retry=safe\b/m, '$1'),
    evened.replace(/^(--[ \t]*airlock:[ \t]*)retry=safe[ \t]+/m, '$1'),
  ]
  return without.some((one) => one !== evened && checksum(one) === earlier)
}
