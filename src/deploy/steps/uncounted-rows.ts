import type { Step } from '../../plan/types.ts'
import type { RowEffect } from '../../report/types.ts'
import { quoteName } from '../../sql/identifier.ts'

const rowOps: ReadonlySet<string> = new Set([
  'insert',
  'update',
  'delete',
  'merge',
  'copy',
  'truncate',
  'refresh',
])

/** Outside a transaction no counter belongs to the statement alone: what it may have done to rows is not checked, and said. */
export function uncounted(step: Step): RowEffect[] {
  if (step.rows === 'none') return []
  const tables = step.statements.flatMap(({ statement }) =>
    statement.effects
      .filter(({ op }) => rowOps.has(op))
      .map(({ object }) => quoteName({ schema: object.schema, name: object.name ?? '' })),
  )
  return [...new Set(tables.length > 0 ? tables : ['(unknown)'])].map((table) => ({
    table,
    inserted: 0,
    updated: 0,
    deleted: 0,
    certainty: 'not-checked',
    reason:
      'the statement ran outside a transaction, where the server counts for the whole session',
  }))
}
