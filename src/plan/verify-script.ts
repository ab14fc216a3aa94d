import type { Refusal } from '../report/refusal.ts'
import { findQueryExpectation } from '../runbook/query-expectation.ts'
import type { QueryExpectation } from '../runbook/types.ts'
import { type QueryShape, queryShape } from '../sql/query-shape.ts'
import type { Comment, Script, Statement } from '../sql/types.ts'
import { refusalAt } from './refusal-at.ts'
import type { VerifyQuery } from './types.ts'

/**
 * A verify script as a list of queries with what each must return, in file order. A query's expectation stands in comments behind it;
 * the comment directly above a query is its title.
 * @throws Refusal at the statement that is no reading query or has no expectation, or at the expectation that names other columns.
 */
export function compileVerifyScript(script: Script): VerifyQuery[] {
  let above = script.statements[0]?.leading ?? []
  return script.statements.map((statement) => {
    const shape = queryShape(statement.node)
    if (typeof shape === 'string') throw refuseStatement(script, statement, shape)
    const { expectation, rest } = behind(script, statement)
    checkColumns(script, shape, expectation)
    const title = titleOf(statement, above)
    above = rest
    return { statement, expectation, title, ordered: shape.ordered }
  })
}

/** A query's expectation, and the comments behind that: the next query's title is among them. */
interface Behind {
  readonly expectation: QueryExpectation
  readonly rest: readonly Comment[]
}

function behind(script: Script, statement: Statement): Behind {
  const next = script.statements[statement.index + 1]
  const comments = script.comments.filter(
    ({ start }) => start >= statement.end && (next === undefined || start < next.start),
  )
  const found = findQueryExpectation(
    comments.map(({ text, kind, line, column }) => ({
      text,
      kind,
      where: { file: script.file, line, column },
    })),
    script.source,
  )
  if (found !== null) {
    return { expectation: found.expectation, rest: comments.slice(found.end) }
  }
  throw refusalAt(script, statement.where, {
    what: 'This query has no expectation.',
    why: 'A verify script is a list of queries, each followed by what it must return; a query alone proves nothing.',
    fix: 'Write the expected table below it in comments, as psql prints it, or a line such as "-- expect: rows = 0".',
  })
}

/** The comment right above the query, its lines joined; else the query's first line. */
export function titleOf(statement: Statement, comments: readonly Comment[]): string {
  const words = blockAbove(statement, comments)
    .filter(({ text }) => !/^\s*airlock:/.test(text))
    .flatMap(({ text }) => text.split(lineBreak))
    .map((line) => line.replace(/^\s*\*(?=\s|$)/, '').trim())
    .filter((line) => line !== '')
  return words.join(' ') || (statement.text.split(lineBreak)[0]?.trim() ?? '')
}

const lineBreak = /\r\n|\n|\r/

/** The last of the comments that end on the line above the statement, on its own line, or above one another. */
function blockAbove(statement: Statement, comments: readonly Comment[]): readonly Comment[] {
  let line = statement.where.line
  let first = comments.length
  for (const comment of comments.toReversed()) {
    const last = comment.line + comment.text.split(lineBreak).length - 1
    if (last < line - 1) break
    line = comment.line
    first -= 1
  }
  return comments.slice(first)
}

/** Names that the parse knows are compared at once, so that a misspelt header is told before anything runs. */
function checkColumns(script: Script, shape: QueryShape, expectation: QueryExpectation): void {
  if (expectation.form === 'short') {
    checkConditions(script, shape, expectation)
    return
  }
  const { columns: expected, where } = expectation
  const tooMany = !shape.open && expected.length > shape.columns.length
  const wrong = shape.columns.findIndex(
    (name, place) =>
      expected[place] === undefined || (name !== null && name.trim() !== expected[place]),
  )
  if (!tooMany && wrong === -1) return
  throw refusalAt(script, where, {
    what: `The expected table has the columns ${expected.join(' | ')}, the query returns ${print(shape)}.`,
    why: 'The header of an expectation must equal the column names of its query.',
    fix: 'Write the header as psql prints it for this query, or give its columns these names with AS.',
  })
}

function checkConditions(
  script: Script,
  shape: QueryShape,
  { conditions, where }: Extract<QueryExpectation, { form: 'short' }>,
): void {
  if (shape.open || shape.columns.includes(null)) return
  for (const { column, text } of conditions) {
    if (column === null || shape.columns.includes(column)) continue
    throw refusalAt(script, where, {
      what: `The condition "${text}" speaks of a column that the query does not return: ${print(shape)}.`,
      why: 'A condition compares a column of the result by its name, or "rows", the number of rows.',
      fix: 'Use one of these names, or give the column this one with AS.',
    })
  }
}

function print({ columns, open }: QueryShape): string {
  const names = columns.map((name) => name ?? '(unnamed)')
  return [...names, ...(open ? ['…'] : [])].join(' | ')
}

function refuseStatement(script: Script, { kind, where }: Statement, reason: string): Refusal {
  return refusalAt(script, where, {
    what: `A verify script can't hold this ${kind}: ${reason}.`,
    why: 'A verify script only reads: it is a list of SELECT, VALUES, TABLE, SHOW or WITH … SELECT, each with what it must return.',
    fix: 'Move what changes the database into the migration, and select here what must be true after it.',
  })
}
