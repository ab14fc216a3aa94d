import { quoteIdentifier, quoteLiteral, quoteName } from '../../sql/identifier.ts'
import { isOpaque } from './check.ts'
import { isNull, shown } from './sample.ts'
import type { Derived, KnownDomain } from './types.ts'

/** Values in columns of a domain for which its new constraint is false; `condition` null is NOT NULL. */
export function domainCheck(
  condition: string | null,
  name: string | null,
  domain: KnownDomain,
): Derived {
  const words = {
    title: `values of domain ${quoteName(domain)} against ${name ?? (condition === null ? 'NOT NULL' : 'a CHECK')}`,
    expected: condition === null ? '0 NULLs' : `0 values where ${condition} is false`,
    counted: ['value', 'values'],
    fix: 'Correct these values, or the condition; an earlier migration may do it.',
  } as const
  if (condition !== null && isOpaque(condition)) {
    return { ...words, unasked: 'the condition can only be read by the server' }
  }
  if (domain.columns.length === 0) return { ...words, holds: 'no column has this type' }
  const violated = condition === null ? isNull('v.value') : `NOT (${condition})`
  const parts = domain.columns.map(({ schema, table, column }) => {
    const place = quoteLiteral(`${quoteName({ schema, name: table })}.${quoteIdentifier(column)}`)
    const from = quoteName({ schema, name: table })
    return `SELECT ${place}::pg_catalog.text AS s1, ${shown('v.value')} AS s2 FROM (SELECT t.${quoteIdentifier(column)} AS value FROM ONLY ${from} AS t) AS v WHERE ${violated}`
  })
  return { ...words, ask: { sql: parts.join(' UNION ALL '), labels: ['column', 'value'] } }
}
