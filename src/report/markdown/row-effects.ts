import type { Report, RowEffect } from '../types.ts'
import { grouped } from '../words.ts'
import { blocks, code, table, words } from './block.ts'
import type { Detail } from './detail.ts'

/** Rows that the migrations' own transactions touched, a line for each migration and table. */
export function rowEffects(report: Report, detail: Detail): string {
  const rows = report.migrations.flatMap((migration) =>
    migration.rowEffects.map((effect) => [
      code(migration.version, detail),
      ...cells(effect, detail),
    ]),
  )
  if (rows.length === 0) return ''
  const columns = [
    { title: 'migration' },
    { title: 'table' },
    { title: 'inserted', right: true },
    { title: 'updated', right: true },
    { title: 'deleted', right: true },
    { title: 'certainty' },
  ]
  return blocks('### Rows touched', table(columns, rows, detail))
}

function cells(effect: RowEffect, detail: Detail): string[] {
  const reason = effect.reason === undefined ? '' : `: ${words(effect.reason, detail)}`
  const removed =
    effect.removed === undefined
      ? ''
      : `; ${effect.removed.by} removed ${grouped(effect.removed.rows)}`
  if (effect.certainty === 'not-checked') {
    return [code(effect.table, detail), '', '', '', `➖ **not checked**${reason}${removed}`]
  }
  const bound = effect.certainty === 'at-most' ? '≤ ' : ''
  const number = (count: number) => `${bound}${grouped(count)}`
  return [
    code(effect.table, detail),
    number(effect.inserted),
    number(effect.updated),
    number(effect.deleted),
    `${effect.certainty === 'exact' ? 'exact' : 'at most'}${reason}${removed}`,
  ]
}
