import type { ColumnDefinition } from '../../sql/types.ts'
import { inParentheses } from './parentheses.ts'

/**
 * A column in SQL's words: 'numeric(10,2) COLLATE "C" DEFAULT 0 NOT NULL'. Of a definition without a type, which an ALTER speaks of, what
 * there is not is said too: 'no DEFAULT', 'NULL allowed'.
 */
export function describeColumn(column: Partial<ColumnDefinition>): string {
  const whole = column.type !== undefined
  const { type = '', collation, notNull, identity, generated } = column
  const words = [type]
  if (collation != null) words.push(`COLLATE ${collation}`)
  if (generated != null) words.push(describeGenerated(column.default, generated))
  else if (column.default != null) words.push(`DEFAULT ${column.default}`)
  if (identity != null) words.push(`GENERATED ${identity.toUpperCase()} AS IDENTITY`)
  if (notNull === true) words.push('NOT NULL')
  if (!whole && notNull === false) words.push('NULL allowed')
  if (!whole && column.default === null) words.push('no DEFAULT')
  if (!whole && identity === null) words.push('no IDENTITY')
  if (!whole && generated === null) words.push('not GENERATED')
  return words.filter((word) => word !== '').join(' ')
}

function describeGenerated(
  expression: string | null | undefined,
  generated: 'stored' | 'virtual',
): string {
  return `GENERATED ALWAYS AS ${inParentheses(expression ?? '…')} ${generated.toUpperCase()}`
}
