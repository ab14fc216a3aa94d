/** A place in a file: 1-based line and column, the column counted in characters. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/**
 * The four parts of a refusal. `where` is absent only when no file is to blame (a flag, a server);
 * `excerpt` is the source line with a caret under the column.
 */
export interface RefusalParts {
  readonly what: string
  readonly where?: Place
  readonly excerpt?: string
  readonly why: string
  readonly fix: string
  /** 2: usage, configuration, SQL that can't be planned. 1: a gate. Default 2. */
  readonly exitCode?: 1 | 2
}

/**
 * An input that can't be accepted, told in four parts: what, where, why, what to do.
 * Thrown before anything is changed; commands turn it into the outcome `refused`.
 */
export class Refusal extends Error {
  readonly parts: RefusalParts

  constructor(parts: RefusalParts) {
    super(parts.what)
    this.name = 'Refusal'
    this.parts = parts
  }

  get exitCode(): 1 | 2 {
    return this.parts.exitCode ?? 2
  }
}

/** The source line at `place` with a caret below its column; tabs are kept so that the caret lines up. */
export function excerptAt(source: string, line: number, column: number): string {
  const text = source.split(/\r\n|\n|\r/)[line - 1] ?? ''
  const before = [...text].slice(0, column - 1)
  const indent = before.map((character) => (character === '\t' ? '\t' : ' ')).join('')
  return `${text}\n${indent}^`
}
