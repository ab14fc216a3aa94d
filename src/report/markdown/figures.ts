import type { BaselineRow } from '../types.ts'
import { code, prose, table } from './block.ts'
import type { Detail } from './detail.ts'

/** Figures before and after, as psql prints them; one that changed stands out. */
export function figureTable(title: string, rows: readonly BaselineRow[], detail: Detail): string {
  const noted = rows.some(({ note }) => note !== undefined)
  const columns = [title, 'before', 'after', ...(noted ? ['note'] : [])]
  return table(
    columns.map((column) => ({ title: column })),
    rows.map((row) => [
      code(row.name, detail),
      figure(row.before, detail),
      row.after !== null && row.after !== row.before
        ? `**${figure(row.after, detail)}**`
        : figure(row.after, detail),
      ...(noted ? [prose(row.note ?? '', detail)] : []),
    ]),
    detail,
  )
}

function figure(text: string | null, detail: Detail): string {
  return text === null ? '_not read_' : code(text, detail)
}
