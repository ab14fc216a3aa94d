import type { Place } from '../report/refusal.ts'
import type { DirectiveComment } from './directive-syntax.ts'
import { isDirective, refusalAt } from './directive-syntax.ts'

/** A comment with the line on which it ends: its own line, but for block comments. */
export interface PlacedComment extends DirectiveComment {
  readonly kind: 'line' | 'block'
  readonly endLine: number
}

/** Where a statement begins (its first word) and on which line it ends. */
export interface StatementLines {
  readonly line: number
  readonly column: number
  readonly endLine: number
}

/**
 * Parts the comments before a file's first statement: those in the block that touches the statement are the
 * statement's, those above a blank line are the file's. Without a statement all are the file's.
 */
export function splitDirectives<Comment extends PlacedComment>(
  comments: readonly Comment[],
  firstStatementLine: number | null,
): { readonly file: readonly Comment[]; readonly statement: readonly Comment[] } {
  if (firstStatementLine === null) return { file: comments, statement: [] }
  const leading = comments.filter((comment) => comment.where.line <= firstStatementLine)
  let from = leading.length
  let top = firstStatementLine
  for (const [index, comment] of [...leading.entries()].reverse()) {
    if (comment.endLine < top - 1) break
    from = index
    top = comment.where.line
  }
  return { file: leading.slice(0, from), statement: leading.slice(from) }
}

/**
 * Gives every directive of a script to the file or to the statement that it touches.
 *
 * @param comments all comments of the script, in order
 * @param statements all statements, in order
 * @returns the file's comments, and for each statement the block of comments directly above it
 * @throws Refusal for a directive that touches no statement and doesn't stand at the top
 */
export function placeDirectives<Comment extends PlacedComment>(
  comments: readonly Comment[],
  statements: readonly StatementLines[],
  source?: string,
): { readonly file: readonly Comment[]; readonly statements: readonly (readonly Comment[])[] } {
  const first = statements[0]
  let next = 0
  const header =
    first === undefined
      ? { file: comments, statement: [] }
      : splitDirectives(
          comments.filter((comment) => precedes(comment, first)),
          first.line,
        )
  // Both stand in the order of the file, so that each comment is looked at once.
  const blocks = statements.map((statement, index) => {
    const before = next
    for (
      let at = comments[next];
      at !== undefined && precedes(at, statement);
      at = comments[next]
    ) {
      next++
    }
    if (index === 0) return header.statement
    const previous = statements[index - 1]?.endLine ?? 0
    const between = comments.slice(before, next).filter(({ where }) => where.line > previous)
    return splitDirectives(between, statement.line).statement
  })
  const placed = new Set([...header.file, ...blocks.flat()])
  const loose = comments.find((comment) => isDirective(comment) && !placed.has(comment))
  if (loose !== undefined) throw touchesNothing(loose, source)
  return { file: header.file, statements: blocks }
}

function precedes(comment: PlacedComment, statement: StatementLines): boolean {
  const { line, column } = comment.where
  return line < statement.line || (line === statement.line && column < statement.column)
}

function touchesNothing(comment: PlacedComment, source: string | undefined): Error {
  const indent = /^\s*/.exec(comment.text)?.[0].length ?? 0
  const where: Place = { ...comment.where, column: comment.where.column + 2 + indent }
  return refusalAt(comment, where, source, {
    what: 'A directive belongs to no statement',
    why: 'For one statement it stands directly above it, without a blank line; for the file it stands at the top, before a blank line.',
    fix: 'Move it directly above its statement, or to the top of the file.',
  })
}
