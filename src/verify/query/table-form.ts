import type { VerifyQuery } from '../../plan/types.ts'
import type { TextResult } from '../../postgres/types.ts'
import type { QueryExpectation } from '../../runbook/types.ts'
import { countRows, listRows, type QueryJudgement, rowCount, writeCell } from './query-table.ts'
import { matchAsMultiset, matchInOrder } from './row-matching.ts'

type TableExpectation = Extract<QueryExpectation, { form: 'table' }>

/** A result beside the table written: header, number of rows, rows (in order where the query orders them, else as a multiset). */
export function judgeTable(
  query: VerifyQuery,
  expectation: TableExpectation,
  result: TextResult,
): QueryJudgement {
  const expected = countRows(expectation.rows.length)
  const count = rowCount(result)
  const actual = countRows(count)
  const names = result.columns.map(({ name }) => name.trim())
  const sameHeader =
    names.length === expectation.columns.length &&
    names.every((name, place) => name === expectation.columns[place])
  if (!sameHeader) {
    return {
      expected: expectation.columns.join(' | '),
      actual: names.join(' | '),
      outcome: 'failed',
      reason: 'the columns of the result are not those of the expected table',
    }
  }
  if (count > result.rows.length) {
    const reason = unkeptReason(expectation, result, count)
    return { expected, actual, outcome: 'failed', reason }
  }
  const { missing, unexpected } = query.ordered
    ? matchInOrder(expectation.rows, result.rows)
    : matchAsMultiset(expectation.rows, result.rows)
  if (missing.length === 0 && unexpected.length === 0)
    return { expected, actual, outcome: 'passed' }
  const parts = [
    ...(missing.length > 0
      ? [`missing: ${listRows(missing.map((row) => row.map(writeCell)))}`]
      : []),
    ...(unexpected.length > 0 ? [`not expected: ${listRows(unexpected)}`] : []),
  ]
  const sameRows = query.ordered && isSameMultiset(expectation, result)
  const order = sameRows ? ['the rows are those expected, in another order'] : []
  return { expected, actual, outcome: 'failed', reason: [...order, ...parts].join('; ') }
}

/** Far more rows than expected, not all of which were kept: what is missing among these may be among the others. */
function unkeptReason(expectation: TableExpectation, { rows }: TextResult, count: number): string {
  const { unexpected } = matchAsMultiset(expectation.rows, rows)
  return `not expected, among the first ${rows.length} of ${countRows(count)}: ${listRows(unexpected)}`
}

function isSameMultiset(expectation: TableExpectation, result: TextResult): boolean {
  const { missing, unexpected } = matchAsMultiset(expectation.rows, result.rows)
  return missing.length === 0 && unexpected.length === 0
}
