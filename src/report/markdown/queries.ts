import { standingVerificationOf } from '../tally.ts'
import type { QueryTable, Report, Verification } from '../types.ts'
import { counted } from '../words.ts'
import { blocks, code, folded, leftOut, place, score, sign, table, words } from './block.ts'
import type { Detail } from './detail.ts'
import { type ComparedRow, compareRows } from './query-rows.ts'

/** More queries than this fold when they passed. */
const inView = 8

/** The verify scripts: each query's expected rows beside the actual ones; failed ones are shown with the failure. */
export function queries(report: Report, detail: Detail): string {
  const all = standingVerificationOf(report).filter((one) => one.query !== undefined)
  if (all.length === 0) return ''
  const passed = all.filter((one) => one.outcome === 'passed')
  const others = all.filter((one) => one.outcome !== 'passed').slice(0, detail.rows)
  const heading = `### Verify scripts: ${score(all)}`
  const render = (one: Verification) =>
    one.outcome === 'failed' ? `${titleOf(one, detail)}: see above` : queryBlock(one, detail)
  if (detail.name === 'counts') return blocks(heading, ...others.map(render))
  if (all.length <= inView) return blocks(heading, ...all.map(render))
  return blocks(
    heading,
    ...others.map(render),
    folded(
      `${counted(passed.length, 'query', 'queries')} as expected`,
      blocks(...passed.slice(0, detail.rows).map(render)),
    ),
  )
}

/** One query: its title and place, what was expected, what came. */
export function queryBlock(one: Verification, detail: Detail): string {
  const { query } = one
  if (query === undefined) return ''
  const title = titleOf(one, detail)
  const reason = one.reason === undefined ? '' : words(one.reason, detail)
  if (one.outcome === 'not-checked') return blocks(title, `Not checked: ${reason}`)
  const body =
    query.conditions.length > 0 ? shortForm(query, detail) : tableForm(one, query, detail)
  const unshown = leftOut(query.columns.length - detail.columns, 'column')
  return blocks(title, one.outcome === 'passed' ? '' : reason, body, unshown)
}

function titleOf(one: Verification, detail: Detail): string {
  return `${sign(one.outcome)} **${words(one.query?.title ?? one.object, detail)}** ${place(one.where)}`
}

function shortForm(query: QueryTable, detail: Detail): string {
  const expected = query.conditions.map((condition) => code(condition, detail)).join(', ')
  const rows = query.actualRows.map((row) => ['actual', ...row.map((cell) => value(cell, detail))])
  return blocks(
    `Expected ${expected}; found ${counted(query.actualRowCount, 'row')}:`,
    queryTable(query, rows, detail),
  )
}

function tableForm(one: Verification, query: QueryTable, detail: Detail): string {
  const unkept = query.actualRowCount - query.actualRows.length
  const sameShape = query.expectedRows.every((row) => row.length === query.columns.length)
  const compared = sameShape ? compareRows(query) : []
  const allFit = compared.every(
    (row) => row.expected !== null && row.actual !== null && row.wrong.length === 0,
  )
  const paired = sameShape && unkept <= 0 && (one.outcome === 'failed' || allFit)
  const rows = paired
    ? compared.flatMap((row) => rowsOf(row, query.columns.length, detail))
    : apart(query, detail)
  const unmarked = one.outcome === 'failed' && !(paired && !allFit)
  return blocks(
    unmarked ? `Expected ${code(one.expected, detail)}, found ${code(one.actual, detail)}` : '',
    rows.length === 0 && !unmarked ? 'Expected no rows, found none.' : '',
    queryTable(query, rows, detail),
    unkept > 0 ? `_${counted(unkept, 'more actual row')} not kept._` : '',
  )
}

/** Where rows can't be paired (another shape, more rows than were kept): all expected, then all actual. */
function apart(query: QueryTable, detail: Detail): string[][] {
  const fits = query.expectedRows.filter((row) => row.length === query.columns.length)
  return [
    ...fits.map((row) => ['expected', ...row.map((cell) => code(cell, detail))]),
    ...query.actualRows.map((row) => ['actual', ...row.map((cell) => value(cell, detail))]),
  ]
}

/** The first cell of each row says what the row is. */
function queryTable(query: QueryTable, rows: readonly string[][], detail: Detail): string {
  const header = ['', ...query.columns.map((column) => code(column, detail))]
  const shown = <Item>(cells: readonly Item[]) => cells.slice(0, detail.columns + 1)
  return table(
    shown(header).map((title) => ({ title })),
    rows.map(shown),
    detail,
  )
}

function rowsOf(row: ComparedRow, columns: number, detail: Detail): string[][] {
  const { expected, actual, wrong } = row
  const blank = Array.from({ length: columns }, () => '')
  if (expected === null)
    return [['❌ not expected', ...(actual ?? blank).map((cell) => value(cell, detail))]]
  const wanted = expected.map((cell) => code(cell, detail))
  if (actual === null) return [['❌ missing', ...wanted]]
  const found = actual.map((cell, column) =>
    wrong.includes(column) ? `❌ **${value(cell, detail)}**` : value(cell, detail),
  )
  if (wrong.length === 0 && !expected.includes('*')) return [['expected = actual', ...found]]
  return [
    ['expected', ...wanted],
    ['actual', ...found],
  ]
}

function value(cell: string | null, detail: Detail): string {
  return cell === null ? '_NULL_' : code(cell, detail)
}
