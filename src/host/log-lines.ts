/** Lines that match, counted; the first of them kept, up to 16,384 characters each. */
export interface MatchedLines {
  readonly lines: number
  readonly matches: number
  readonly examples: readonly string[]
}

const keptExamples = 20
/** What stands behind this in one line is not looked at: a line may be a whole document. */
const readCharacters = 16_384

/**
 * Takes a log piece by piece, as it comes from a file or a process, and keeps no more of it than the line under way. Bytes that are no UTF-8
 * are replaced, not refused.
 */
export class LineMatcher {
  readonly #patterns: readonly RegExp[]
  readonly #decoder = new TextDecoder('utf-8')
  #pending = ''
  #begun = false
  #lines = 0
  #matches = 0
  readonly #examples: string[] = []

  constructor(patterns: readonly RegExp[]) {
    this.#patterns = patterns
  }

  add(bytes: Uint8Array): void {
    this.#addText(this.#decoder.decode(bytes, { stream: true }))
  }

  /** The last line may have no end. */
  finish(): MatchedLines {
    this.#addText(this.#decoder.decode())
    if (this.#begun) this.#judgeLine()
    return { lines: this.#lines, matches: this.#matches, examples: this.#examples }
  }

  #addText(text: string): void {
    const parts = text.split('\n')
    for (const [index, part] of parts.entries()) {
      if (index > 0) this.#judgeLine()
      if (part === '') continue
      this.#begun = true
      this.#pending += part.slice(0, readCharacters - this.#pending.length)
    }
  }

  #judgeLine(): void {
    const line = this.#pending.replace(/\r$/, '')
    this.#pending = ''
    this.#begun = false
    this.#lines += 1
    if (!this.#patterns.some((pattern) => pattern.test(line))) return
    this.#matches += 1
    if (this.#examples.length < keptExamples) this.#examples.push(line)
  }
}
