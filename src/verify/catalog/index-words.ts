import { quoteIdentifier } from '../../sql/identifier.ts'
import type { IndexDefinition } from '../../sql/types.ts'
import { inParentheses } from './parentheses.ts'

/** An index in SQL's words: 'UNIQUE btree (lower(email), "createdAt" DESC) INCLUDE (id) WHERE (active)'. */
export function describeIndex(index: IndexDefinition): string {
  const words = [index.method, `(${index.keys.map(describeKey).join(', ')})`]
  if (index.unique) words.unshift('UNIQUE')
  if (index.include.length > 0) {
    words.push(`INCLUDE (${index.include.map(quoteIdentifier).join(', ')})`)
  }
  if (index.nullsNotDistinct) words.push('NULLS NOT DISTINCT')
  if (index.predicate !== null) words.push(`WHERE ${inParentheses(index.predicate)}`)
  return words.join(' ')
}

function describeKey(key: IndexDefinition['keys'][number]): string {
  const words = [key.column === null ? (key.expression ?? '') : quoteIdentifier(key.column)]
  if (key.collation !== null) words.push(`COLLATE ${key.collation}`)
  if (key.opclass !== null) words.push(key.opclass)
  if (key.descending) words.push('DESC')
  if (key.nullsFirst !== null && key.nullsFirst !== key.descending) {
    words.push(key.nullsFirst ? 'NULLS FIRST' : 'NULLS LAST')
  }
  return words.join(' ')
}
