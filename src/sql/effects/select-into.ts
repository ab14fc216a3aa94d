import { relationName } from '../tree/name.ts'
import type { IntoClause } from '../tree/types.ts'
import type { Effect } from '../types.ts'
import { effect, objectRef } from './effect.ts'
import { temporaryOf } from './persistence.ts'
import { referencesIn } from './references.ts'

/** A table made of a query: CREATE TABLE AS and SELECT INTO. Its columns are the query's, unknown to the parse. */
export function selectInto(
  into: IntoClause | undefined,
  query: unknown,
  kind: 'table' | 'materialized view' = 'table',
  ifNotExists = false,
): readonly Effect[] {
  const name = relationName(into?.rel)
  const uses = referencesIn(query).filter(
    (used) => used.kind !== 'table' || used.name !== name.name || used.schema !== name.schema,
  )
  const change = into?.skipData === true ? { change: 'WITH NO DATA' } : {}
  return [
    effect('create', objectRef(kind, name), {
      ifNotExists,
      ...(uses.length === 0 ? {} : { uses }),
      ...change,
      ...temporaryOf(into?.rel, into?.onCommit),
    }),
  ]
}
