/** A stretch of the source in UTF-16 offsets. */
export interface Span {
  readonly start: number
  readonly end: number
}

export interface CommentSpan extends Span {
  readonly kind: 'line' | 'block'
}

/** The rows after a COPY … FROM STDIN; `end` is the start of the line `\.`, null when that line is missing. */
export interface CopySpan {
  /** Offset of the word COPY. */
  readonly statement: number
  readonly start: number
  readonly end: number | null
  /** What stands on the statement's line after its semicolon, where psql would read no data; null for nothing. */
  readonly strayAt: number | null
}

export interface Lexed {
  readonly comments: readonly CommentSpan[]
  readonly commentsByStart: ReadonlyMap<number, CommentSpan>
  readonly commentsByEnd: ReadonlyMap<number, CommentSpan>
  /** A backslash outside quotes, up to the end of its line. */
  readonly metas: readonly Span[]
  readonly copies: readonly CopySpan[]
  /** The source with byte order mark, COPY data and meta-commands as blanks: as long as the source, so that every offset stays true. */
  readonly blanked: string
}

/**
 * Reads a psql script the way psql does before the server sees it: quotes ('…', E'…', "…", $tag$…$tag$), nested comments, COPY data and
 * meta-commands. Strings are standard-conforming; B'', X'', N'' and U&'' need no rule of their own. An unterminated quote or comment
 * runs to the end: the parser then says so.
 */
export function lex(source: string): Lexed {
  return new Lexer(source).read()
}

const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y
/** A number, or a parameter such as $1. */
const NUMBER = /\$\d+|\d[\w.]*/y
const BLANKS = /[ \t\r\n\f\v]+/y
const LINE_COMMENT = /--[^\r\n]*/y
const REST_OF_LINE = /[^\r\n]*/y
const LINE_END = /\r\n|\n|\r|$/y
const COPY_END = /(?<=[\r\n])\\\.(?:\r\n|\n|\r|$)/g

class Lexer {
  readonly #source: string
  readonly #comments: CommentSpan[] = []
  readonly #metas: Span[] = []
  readonly #copies: CopySpan[] = []
  readonly #blanks: Span[] = []
  #at = 0
  #depth = 0
  /** The statement's words so far outside parentheses: enough to tell COPY … FROM STDIN; kept only when the first is COPY. */
  #statement: { start: number; words: string[] } | null = null
  /** An E'…' has just ended: a string after a line break continues it, escapes included. */
  #escapes = false

  constructor(source: string) {
    this.#source = source
    if (!source.startsWith('\uFEFF')) return
    this.#at = 1
    this.#blanks.push({ start: 0, end: 1 })
  }

  read(): Lexed {
    while (this.#at < this.#source.length) this.#readToken()
    return {
      comments: this.#comments,
      commentsByStart: new Map(this.#comments.map((comment) => [comment.start, comment])),
      commentsByEnd: new Map(this.#comments.map((comment) => [comment.end, comment])),
      metas: this.#metas,
      copies: this.#copies,
      blanked: blank(this.#source, this.#blanks),
    }
  }

  #readToken(): void {
    const start = this.#at
    if (this.#skip(BLANKS)) return
    if (this.#skip(LINE_COMMENT)) {
      this.#comments.push({ kind: 'line', start, end: this.#at })
      return
    }
    if (this.#source.startsWith('/*', start)) {
      this.#at = blockCommentEnd(this.#source, start)
      this.#comments.push({ kind: 'block', start, end: this.#at })
      return
    }
    if (this.#source[start] === '\\') this.#readMeta()
    else if (this.#source[start] === ';' && this.#depth <= 0) this.#endStatement()
    else this.#readPart()
  }

  /** A token of a statement. */
  #readPart(): void {
    const start = this.#at
    const escapes = this.#escapes
    this.#escapes = false
    if (this.#source[start] === "'") {
      this.#at = (escapes ? escapedEnd : quotedEnd)(this.#source, start)
      this.#escapes = escapes
    } else if (this.#source[start] === '"') {
      this.#at = quotedEnd(this.#source, start)
    } else if (this.#skip(WORD)) {
      const word = this.#source.slice(start, this.#at)
      this.#noteWord(word, start)
      if (/^e$/i.test(word) && this.#source[this.#at] === "'") {
        this.#at = escapedEnd(this.#source, this.#at)
        this.#escapes = true
      }
      return
    } else if (this.#skip(DOLLAR_TAG)) {
      const tag = this.#source.slice(start, this.#at)
      const end = this.#source.indexOf(tag, this.#at)
      this.#at = end < 0 ? this.#source.length : end + tag.length
    } else if (!this.#skip(NUMBER)) {
      if (this.#source[start] === '(') this.#depth++
      if (this.#source[start] === ')') this.#depth--
      this.#at++
    }
    this.#noteWord('', start)
  }

  #noteWord(word: string, start: number): void {
    if (this.#statement === null) this.#statement = { start, words: [word.toLowerCase()] }
    else if (this.#statement.words[0] === 'copy' && this.#depth <= 0) {
      this.#statement.words.push(word.toLowerCase())
    }
  }

  #readMeta(): void {
    const start = this.#at
    this.#skip(REST_OF_LINE)
    const span = { start, end: start + this.#source.slice(start, this.#at).trimEnd().length }
    this.#metas.push(span)
    this.#blanks.push(span)
  }

  #endStatement(): void {
    this.#at++
    this.#depth = 0
    this.#escapes = false
    const statement = this.#statement
    this.#statement = null
    if (statement !== null && readsStdin(statement.words)) this.#readCopyData(statement.start)
  }

  /** psql takes the data from the line after the semicolon's. */
  #readCopyData(statement: number): void {
    const rest = this.#at
    this.#skip(REST_OF_LINE)
    const after = this.#source.slice(rest, this.#at)
    const strayAt = /^\s*(?:--.*)?$/.test(after) ? null : rest + after.search(/\S/)
    const comment = after.indexOf('--')
    if (strayAt === null && comment >= 0) {
      this.#comments.push({ kind: 'line', start: rest + comment, end: this.#at })
    }
    this.#skip(LINE_END)
    const start = this.#at
    COPY_END.lastIndex = start
    const end = COPY_END.exec(this.#source)
    this.#at = end === null ? this.#source.length : end.index + end[0].length
    this.#copies.push({ statement, start, end: end === null ? null : end.index, strayAt })
    this.#blanks.push({ start, end: this.#at })
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at
    const matched = pattern.test(this.#source)
    if (matched) this.#at = pattern.lastIndex
    return matched
  }
}

/** COPY … FROM STDIN outside parentheses; the grammar takes STDOUT for it as well. */
function readsStdin(words: readonly string[]): boolean {
  if (words[0] !== 'copy') return false
  const from = words.indexOf('from')
  return from > 0 && (words[from + 1] === 'stdin' || words[from + 1] === 'stdout')
}

/** The end of a '…' or "…" that starts at `start`; a doubled quote stands for itself. Loops, because a long string exhausts a regular expression. */
function quotedEnd(source: string, start: number): number {
  const quote = source.charAt(start)
  for (let at = start + 1; ; at += 2) {
    at = source.indexOf(quote, at)
    if (at < 0) return source.length
    if (source[at + 1] !== quote) return at + 1
  }
}

/** The end of an E'…' whose quote stands at `start`: a backslash takes the character after it along. */
function escapedEnd(source: string, start: number): number {
  for (let at = start + 1; at < source.length; at++) {
    if (source[at] === '\\') at++
    else if (source[at] === "'") {
      if (source[at + 1] !== "'") return at + 1
      at++
    }
  }
  return source.length
}

function blockCommentEnd(source: string, start: number): number {
  const mark = /\/\*|\*\//g
  mark.lastIndex = start
  let depth = 0
  for (let found = mark.exec(source); found !== null; found = mark.exec(source)) {
    depth += found[0] === '/*' ? 1 : -1
    if (depth === 0) return mark.lastIndex
  }
  return source.length
}

/** Everything but line breaks becomes a space, so that lines stay lines. */
function blank(source: string, spans: readonly Span[]): string {
  let text = ''
  let at = 0
  for (const { start, end } of spans) {
    text += source.slice(at, start) + source.slice(start, end).replace(/[^\r\n]/g, ' ')
    at = end
  }
  return text + source.slice(at)
}
