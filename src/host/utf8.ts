import { Refusal } from '../report/refusal.ts'

/**
 * The text of a file. Strict: a byte that isn't UTF-8 would reach the database as another character. A byte order mark
 * stays, so that positions count as in the file.
 *
 * @throws Refusal with the place of the first bad byte
 */
export function decodeUtf8(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw notUtf8(path, bytes)
  }
}

function notUtf8(path: string, bytes: Uint8Array): Refusal {
  const offset = firstBadByte(bytes)
  const before = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, offset))
  const lines = before.split(/\r\n|\n|\r/)
  const last = lines.at(-1) ?? ''
  const byte = (bytes[offset] ?? 0).toString(16).padStart(2, '0')
  const isUtf16 =
    (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  return new Refusal({
    what: `${path} is not UTF-8: byte ${offset} is 0x${byte}`,
    where: { file: path, line: lines.length, column: [...last].length + 1 },
    excerpt: `${last}\uFFFD\n${last.replace(/[^\t]/gu, ' ')}^`,
    why: isUtf16
      ? 'It begins like UTF-16, as some editors on Windows write it.'
      : 'Read in any other way its text would silently become another.',
    fix: `Save it as UTF-8, for instance: iconv -f ${isUtf16 ? 'UTF-16' : 'LATIN1'} -t UTF-8.`,
  })
}

/**
 * Where the longest prefix of whole characters ends. Whether a prefix can be the beginning of a text changes once, so
 * it is found by halving; the character that it may end within is then given back.
 */
function firstBadByte(bytes: Uint8Array): number {
  let good = 0
  let bad = bytes.length
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2)
    if (decodes(bytes.subarray(0, middle), true)) good = middle
    else bad = middle
  }
  while (good > 0 && !decodes(bytes.subarray(0, good), false)) good--
  return good
}

/** Whether the bytes are UTF-8; as the beginning of a text they may end within a character. */
function decodes(bytes: Uint8Array, isBeginning: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isBeginning })
    return true
  } catch {
    return false
  }
}
