import type { VerifyQuery } from '../../plan/types.ts'
import type { TextResult } from '../../postgres/types.ts'
import type { CheckOutcome, QueryTable, Verification } from '../../report/types.ts'
import type { ExpectedCell, QueryExpectation } from '../../runbook/types.ts'

/** So many rows of a result are kept for the report. */
const keptRows = 100

export interface QueryJudgement {
  readonly expected: string
  readonly actual: string
  readonly outcome: CheckOutcome
  readonly reason?: string
}

/** A query's judgement as a row of the report, with both tables; `result` is null where the query failed. */
export function queryVerification(
  query: VerifyQuery,
  result: TextResult | null,
  { expected, actual, outcome, reason }: QueryJudgement,
): Verification {
  return {
    kind: 'query',
    object: query.title,
    table: '',
    expected,
    actual,
    outcome,
    ...(reason === undefined ? {} : { reason }),
    where: query.statement.where,
    query: tableOf(query, result),
  }
}

function tableOf({ title, expectation }: VerifyQuery, result: TextResult | null): QueryTable {
  const isTable = expectation.form === 'table'
  return {
    title,
    columns: result?.columns.map(({ name }) => name) ?? (isTable ? expectation.columns : []),
    expectedRows: isTable ? expectation.rows.map((row) => row.map(writeCell)) : [],
    actualRows: result?.rows.slice(0, keptRows) ?? [],
    actualRowCount: result === null ? 0 : rowCount(result),
    conditions: isTable ? [] : expectation.conditions.map(({ text }) => text),
  }
}

/** What was expected, in one line. */
export function describeExpectation(expectation: QueryExpectation): string {
  return expectation.form === 'table'
    ? countRows(expectation.rows.length)
    : expectation.conditions.map(({ text }) => text).join(', ')
}

/** Of all rows, those that were not kept included. */
export function rowCount({ tag, rows }: TextResult): number {
  const [, count] = /^SELECT (\d+)$/.exec(tag) ?? []
  return count === undefined ? rows.length : Number(count)
}

export function countRows(count: number): string {
  return count === 1 ? '1 row' : `${count} rows`
}

/** A cell as it is written in a verify script. */
export function writeCell(cell: ExpectedCell): string {
  if (cell.type === 'any') return '*'
  if (cell.type === 'null') return 'NULL'
  const escaped = cell.text.replaceAll('|', '\\|')
  return cell.text === '*' || cell.text === 'NULL' ? `\\${escaped}` : escaped
}

/** Rows for a sentence, at most three of them. */
export function listRows(rows: readonly (readonly (string | null)[])[]): string {
  const shown = rows.slice(0, 3).map((row) => row.map((cell) => cell ?? 'NULL').join(' | '))
  const more = rows.length > shown.length ? [`and ${rows.length - shown.length} more`] : []
  return [...shown, ...more].join('; ')
}
