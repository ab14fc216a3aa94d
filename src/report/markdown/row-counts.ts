import type { Report, RowCountReport } from '../types.ts'
import { grouped } from '../words.ts'
import { blocks, code, folded, prose, table } from './block.ts'
import type { Detail } from './detail.ts'
import { figureTable } from './figures.ts'

/** More tables than this are folded, but for those whose rows changed or could not be counted. */
const inView = 25

/** Rows before and after, what the migrations did themselves and what is left for others; then the probes. */
export function rowCounts(report: Report, detail: Detail): string {
  if (report.baseline === null) return ''
  const { rows, probes } = report.baseline
  if (rows.length + probes.length === 0) return ''
  return blocks('### Row counts', counts(rows, detail), figureTable('probe', probes, detail))
}

function counts(rows: readonly RowCountReport[], detail: Detail): string {
  if (rows.length <= inView) return countTable(rows, detail)
  const remarkable = rows.filter(isRemarkable).slice(0, Math.min(inView, detail.rows))
  return blocks(
    countTable(remarkable, detail),
    folded(
      `All ${grouped(rows.length)} tables`,
      detail.name === 'counts' ? '' : countTable(rows, detail),
    ),
  )
}

function isRemarkable({ before, after, byUs, reason }: RowCountReport): boolean {
  return before !== after || byUs !== 0 || reason !== undefined
}

function countTable(rows: readonly RowCountReport[], detail: Detail): string {
  const noted = rows.some((one) => noteOf(one, detail) !== '')
  const columns = [
    { title: 'table' },
    ...['before', 'after', 'by the migrations', 'by others'].map((title) => ({
      title,
      right: true,
    })),
    ...(noted ? [{ title: 'note' }] : []),
  ]
  const cells = rows.map((one) => [
    code(one.table, detail),
    number(one.before, one.exact),
    number(one.after, one.exact),
    change(one.byUs),
    change(one.byOthers),
    ...(noted ? [noteOf(one, detail)] : []),
  ])
  return table(columns, cells, detail)
}

function number(rows: number | null, exact: boolean): string {
  if (rows === null) return '_not counted_'
  return exact ? grouped(rows) : `≈&nbsp;${grouped(rows)}`
}

function change(rows: number | null): string {
  if (rows === null) return '_not known_'
  if (rows === 0) return '0'
  return rows > 0 ? `+${grouped(rows)}` : `−${grouped(-rows)}`
}

function noteOf(one: RowCountReport, detail: Detail): string {
  const reason = prose(one.reason ?? '', detail)
  if (one.exact || one.before === null) return reason
  return reason === '' ? '**estimate**' : `**estimate**: ${reason}`
}
