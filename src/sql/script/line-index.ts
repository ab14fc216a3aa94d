import type { Place } from '../../report/refusal.ts'

/**
 * Places of UTF-16 offsets in one file. Lines end at LF, CRLF or CR; columns count characters, so that an astral character is one, a
 * tab is one and a byte order mark none. Built once, then each place costs two binary searches, in a file of one endless line too.
 */
export class LineIndex {
  readonly #file: string
  readonly #lineStarts: readonly number[]
  /** Offsets of the second halves of astral characters. */
  readonly #halves: readonly number[]

  constructor(file: string, source: string) {
    this.#file = file
    this.#lineStarts = [
      source.startsWith('\uFEFF') ? 1 : 0,
      ...Array.from(source.matchAll(/\r\n|\n|\r/g), (end) => end.index + end[0].length),
    ]
    this.#halves = Array.from(source.matchAll(/[\u{10000}-\u{10ffff}]/gu), (pair) => pair.index + 1)
  }

  /** The place of the character at `offset`; the end of the file counts as a character. */
  placeOf(offset: number): Place {
    const line = Math.max(1, countUpTo(this.#lineStarts, offset))
    const start = this.#lineStarts[line - 1] ?? 0
    const halves = countUpTo(this.#halves, offset) - countUpTo(this.#halves, start)
    return { file: this.#file, line, column: Math.max(0, offset - start) - halves + 1 }
  }
}

/** How many of the ascending numbers are at most `limit`. */
function countUpTo(ascending: readonly number[], limit: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ascending[middle] ?? 0) <= limit) low = middle + 1
    else high = middle
  }
  return low
}
