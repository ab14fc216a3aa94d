import { excerptAt, Refusal } from '../report/refusal.ts'
import { doBlockEffects, sourceOf, statementsInDoBlock } from './do-block.ts'
import { effectsOf } from './effects.ts'
import { type ParsedStatement, parseSql, SyntaxFailure } from './parser.ts'
import { checkCopyRows, copyRowsOf, type RefuseAt } from './script/copy-data.ts'
import { type CommentSpan, type CopySpan, type Lexed, lex, type Span } from './script/lexer.ts'
import { LineIndex } from './script/line-index.ts'
import { isAcceptedMeta, metaAdvice, metaName } from './script/meta-command.ts'
import { statementKind } from './script/statement-kind.ts'
import { brief, syntaxAdvice } from './script/syntax-advice.ts'
import { SearchPathTracker } from './search-path.ts'
import { sessionSettings } from './setting.ts'
import { transactionNeed } from './transaction.ts'
import { typeOf } from './tree/node.ts'
import type { Comment, Effect, Node, Script, Statement } from './types.ts'

/**
 * Reads a SQL file as psql would send it: its statements with their places, comments, COPY data, effects and needs.
 * `source` is the file's text as it is, a byte order mark included; an empty file has no statements.
 * @throws Refusal at file:line:column for text that is no SQL, psql's meta-commands and variables, COPY without rows or to STDOUT.
 */
export function parseScript(file: string, source: string): Script {
  return new ScriptReader(file, source).read()
}

class ScriptReader {
  readonly #file: string
  readonly #source: string
  readonly #lines: LineIndex
  readonly #lexed: Lexed
  readonly #copies: ReadonlyMap<number, CopySpan>
  readonly #path = new SearchPathTracker()

  constructor(file: string, source: string) {
    this.#file = file
    this.#source = source
    this.#lines = new LineIndex(file, source)
    this.#lexed = lex(source)
    this.#copies = new Map(this.#lexed.copies.map((copy) => [copy.statement, copy]))
  }

  read(): Script {
    const skipped = this.#lexed.metas.map((meta) => this.#skipMeta(meta))
    for (const copy of this.#lexed.copies) checkCopyRows(copy, this.#refuse)
    const comments = this.#lexed.comments.map((span) => this.#readComment(span))
    return {
      file: this.#file,
      source: this.#source,
      statements: this.#readStatements(comments),
      comments,
      skipped,
    }
  }

  #readStatements(comments: readonly Comment[]): readonly Statement[] {
    const statements: Statement[] = []
    let next = 0
    let previousEnd = 0
    for (const parsed of this.#parse()) {
      const span = trimSpan(this.#lexed, parsed)
      const first = next
      while ((comments[next]?.start ?? span.end) < span.end) next++
      const leading = comments
        .slice(first, next)
        .filter(({ start, end }) => start >= previousEnd && end <= span.start)
      statements.push(this.#readStatement(parsed.node, span, statements.length, leading))
      previousEnd = span.end
    }
    return statements
  }

  #readStatement(
    node: Node,
    { start, end }: Span,
    index: number,
    leading: readonly Comment[],
  ): Statement {
    this.#checkStrings(node, start)
    const rows = copyRowsOf(node, start, this.#copies.get(start), this.#refuse)
    const statement: Statement = {
      index,
      text: this.#source.slice(start, end),
      start,
      end,
      where: this.#lines.placeOf(start),
      kind: statementKind(node),
      node,
      leading,
      copyData: rows === null ? null : this.#source.slice(rows.start, rows.end),
      effects: this.#effects(node, { start, end }),
      transaction: transactionNeed(node),
    }
    for (const inner of statementsInDoBlock(node)) this.#path.follow(inner, transactionNeed(inner))
    this.#path.follow(node, statement.transaction)
    return statement
  }

  #parse(): readonly ParsedStatement[] {
    try {
      return parseSql(this.#lexed.blanked)
    } catch (error) {
      if (!(error instanceof SyntaxFailure)) throw error
      throw this.#refuse(error.offset ?? 0, {
        what: `${this.#file} is not valid SQL: ${brief(error.message)}`,
        ...syntaxAdvice(error.message, this.#lexed.blanked, error.offset ?? 0),
      })
    }
  }

  #effects(node: Node, span: Span): readonly Effect[] {
    const searchPath = this.#path.current
    if (typeOf(node) !== 'DoStmt') return effectsOf(node, { searchPath })
    try {
      return doBlockEffects(node, effectsOf, { searchPath })
    } catch (error) {
      if (!(error instanceof SyntaxFailure)) throw error
      const offset = placeInBody(this.#source, span, sourceOf(node).body, error.message)
      throw this.#refuse(offset, {
        what: `A DO block of ${this.#file} is not valid PL/pgSQL: ${brief(error.message)}`,
        ...syntaxAdvice(error.message, this.#lexed.blanked, offset),
      })
    }
  }

  #readComment({ kind, start, end }: CommentSpan): Comment {
    const { line, column } = this.#lines.placeOf(start)
    const text = this.#source.slice(start, end)
    const inner = kind === 'line' ? text.slice(2) : text.slice(2).replace(/\*\/$/, '')
    return { text: inner, kind, line, column, start, end }
  }

  #skipMeta({ start, end }: Span): Script['skipped'][number] {
    const text = this.#source.slice(start, end)
    if (isAcceptedMeta(text)) return { text, where: this.#lines.placeOf(start) }
    throw this.#refuse(start, {
      what: `${metaName(text)} can't be run: it is a meta-command of psql`,
      ...metaAdvice(text),
    })
  }

  /** The server would read strings with backslashes in another way than the parser does. */
  #checkStrings(node: Node, start: number): void {
    const set = sessionSettings(node).findLast(({ name }) => name === 'standard_conforming_strings')
    if (set === undefined || ['on', 'true'].includes(set.value?.toLowerCase() ?? '')) return
    throw this.#refuse(start, {
      what: 'standard_conforming_strings is changed',
      why: "With any value but on, a backslash in '…' means something else, and the file can't be read with certainty.",
      fix: "Remove the line and write E'…' for strings with escapes.",
    })
  }

  readonly #refuse: RefuseAt = (offset, parts) => {
    const where = this.#lines.placeOf(offset)
    return new Refusal({
      ...parts,
      where,
      excerpt: excerptAt(this.#source, where.line, where.column),
    })
  }
}

/** From the statement's first token to its last: the parser's span may hold blanks and comments at either end. */
function trimSpan(lexed: Lexed, { start, length }: ParsedStatement): Span {
  let first = start
  let last = start + length
  for (;;) {
    while (first < last && isBlank(lexed.blanked, first)) first++
    while (last > first && isBlank(lexed.blanked, last - 1)) last--
    const opening = lexed.commentsByStart.get(first)
    const closing = lexed.commentsByEnd.get(last)
    if (opening !== undefined && opening.end <= last) first = opening.end
    else if (closing !== undefined && closing.start >= first) last = closing.start
    else return { start: first, end: last }
  }
}

function isBlank(text: string, offset: number): boolean {
  return ' \t\r\n\f\v'.includes(text.charAt(offset))
}

/** The PL/pgSQL parser tells no position: the word it stopped at when the body holds it once, else the block. */
function placeInBody(source: string, block: Span, body: string, message: string): number {
  const [, word] = /at or near "([\s\S]*)"$/.exec(message) ?? []
  const start = body === '' ? -1 : source.indexOf(body, block.start)
  if (word === undefined || start < 0 || start >= block.end) return block.start
  const first = body.indexOf(word)
  return first >= 0 && body.indexOf(word, first + 1) < 0 ? start + first : block.start
}
