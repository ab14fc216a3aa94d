import { quoteIdentifier } from '../../sql/identifier.ts'
import { allRows, columnList, isNull, samplesOf, tableWords } from './sample.ts'
import type { Derived, KnownRelation } from './types.ts'

/** Rows with NULL in a column that is to be NOT NULL, or in one of the columns of a new primary key. */
export function notNullCheck(
  columns: readonly string[],
  table: KnownRelation,
  only: boolean,
): Derived {
  const words = {
    title: `NULLs in ${tableWords(table)} (${columnList(columns)})`,
    expected: '0 rows with NULL',
    counted: ['row with NULL', 'rows with NULL'],
    fix: `Give these rows of ${tableWords(table)} a value first; an earlier migration may do it.`,
  } as const
  const nullable = columns.filter(
    (column) => table.columns.find(({ name }) => name === column)?.notNull !== true,
  )
  if (nullable.length === 0) return { ...words, holds: 'NOT NULL already' }
  const { list, labels } = samplesOf(table, columns)
  const missing = nullable.map((column) => isNull(quoteIdentifier(column))).join(' OR ')
  const sql = `SELECT ${list} FROM ${allRows(table, only)} WHERE ${missing}`
  return { ...words, ask: { sql, labels } }
}

/** A new column that is NOT NULL without a default: any row at all refuses it. */
export function requiredColumnCheck(column: string, table: KnownRelation, only: boolean): Derived {
  const { list, labels } = samplesOf(table, [])
  return {
    title: `rows of ${tableWords(table)} without a value for the new column ${quoteIdentifier(column)}`,
    expected: `0 rows: ${quoteIdentifier(column)} is NOT NULL and has no default`,
    counted: ['row at least', 'rows at least'],
    fix: `Give ${quoteIdentifier(column)} a default, or add it without NOT NULL, fill it, and set NOT NULL then.`,
    // One row is enough to know, and a big table needs no counting.
    ask: { sql: `SELECT ${list} FROM ${allRows(table, only)} LIMIT 1`, labels },
  }
}
