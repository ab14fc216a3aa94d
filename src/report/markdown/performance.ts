import { codeElement } from '../escape.ts'
import type { BaselineReport, Report, ResultSetReport } from '../types.ts'
import { shorten } from '../visible.ts'
import { counted, grouped } from '../words.ts'
import { blocks, code, fence, folded, leftOut, place, prose, table } from './block.ts'
import type { Detail } from './detail.ts'
import { figureTable } from './figures.ts'

/** What was measured before and after beside the rows: counters, slowest statements, the user's own queries, invalid objects. */
export function performance(report: Report, detail: Detail): string {
  const { baseline } = report
  if (baseline === null) return ''
  const parts = [
    figureTable('counter', baseline.counters, detail),
    resultSets(baseline.statements, detail),
    resultSets(baseline.queries, detail),
    invalid(baseline, detail),
    notes(baseline, detail),
  ].filter((part) => part !== '')
  return parts.length === 0 ? '' : blocks('### Performance metrics, before and after', ...parts)
}

function invalid({ invalid }: BaselineReport, detail: Detail): string {
  return invalid.length === 0
    ? ''
    : blocks('**Invalid indexes and constraints**', figureTable('object', invalid, detail))
}

function notes(baseline: BaselineReport, detail: Detail): string {
  const lines = baseline.notes.map((note) => `- ➖ **not checked**: ${prose(note, detail)}`)
  return blocks(lines.slice(0, detail.rows).join('\n'), leftOut(lines.length - detail.rows, 'note'))
}

function resultSets(all: readonly ResultSetReport[], detail: Detail): string {
  const shown = all.slice(0, detail.rows).map((one) => resultSet(one, detail))
  return blocks(...shown, leftOut(all.length - shown.length, 'result set'))
}

function resultSet(one: ResultSetReport, detail: Detail): string {
  if (one.error !== undefined) {
    return `➖ ${code(one.title, detail)} **not checked**: ${prose(one.error, detail)} ${place(one.where)}`
  }
  const title = `${codeElement(shorten(one.title, detail.text))}: ${difference(one)}`
  const body = blocks(
    one.difference.length === 0 ? '' : fence(one.difference.join('\n'), 'diff', detail),
    detail.name === 'full' ? resultTable(one, detail) : '',
  )
  return body === '' ? `${code(one.title, detail)}: ${difference(one)}` : folded(title, body)
}

function difference(one: ResultSetReport): string {
  if (one.after === null) return 'not captured afterwards'
  if (one.difference.length === 0) return 'unchanged'
  const side = (sign: string) => one.difference.filter((line) => line.startsWith(sign)).length
  const [gone, come] = [side('-'), side('+')]
  return gone === come
    ? `${counted(gone, 'row')} changed`
    : `${counted(gone, 'row')} gone, ${grouped(come)} new`
}

/** As it was last seen. */
function resultTable(one: ResultSetReport, detail: Detail): string {
  const rows = one.after ?? one.before
  const body = table(
    one.columns.slice(0, detail.columns).map((title) => ({ title: code(title, detail) })),
    rows.map((row) =>
      row.slice(0, detail.columns).map((cell) => (cell === null ? '_NULL_' : code(cell, detail))),
    ),
    detail,
  )
  return body === ''
    ? 'No rows.'
    : blocks(`As it was ${one.after === null ? 'before' : 'afterwards'}:`, body)
}
