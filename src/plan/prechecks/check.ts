import type { ConstraintDefinition } from '../../sql/types.ts'
import { allRows, samplesOf, tableWords } from './sample.ts'
import type { Derived, KnownRelation } from './types.ts'

/** Rows for which a CHECK is false; NULL passes. */
export function checkCheck(
  { expression, noInherit }: ConstraintDefinition,
  name: string | null,
  table: KnownRelation,
  only: boolean,
): Derived {
  const condition = expression ?? 'true'
  const words = {
    title: `rows of ${tableWords(table)} against ${name === null ? 'a CHECK' : name}`,
    expected: `0 rows where ${condition} is false`,
    counted: ['row', 'rows'],
    fix: `Correct these rows of ${tableWords(table)}, or the condition; an earlier migration may do it.`,
  } as const
  if (isOpaque(condition))
    return { ...words, unasked: 'the condition can only be read by the server' }
  const mentioned = table.columns
    .map((column) => column.name)
    .filter((column) => mentions(condition, column))
  const { list, labels } = samplesOf(table, mentioned)
  const from = allRows(table, only || noInherit)
  return { ...words, ask: { sql: `SELECT ${list} FROM ${from} WHERE NOT (${condition})`, labels } }
}

/** What the parse doesn't spell out stands between these signs. */
export const isOpaque = (expression: string): boolean => expression.includes('«')

/** Whether a column's name stands in an expression, as far as its text can tell: for showing and for the order of the plan. */
export function mentions(expression: string, column: string): boolean {
  const plain = column.replaceAll('"', '""')
  const escaped = plain.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
  return (
    expression.includes(`"${plain}"`) ||
    new RegExp(`(?<![\\p{L}\\p{N}_$"'])${escaped}(?![\\p{L}\\p{N}_$"'])`, 'u').test(expression)
  )
}
