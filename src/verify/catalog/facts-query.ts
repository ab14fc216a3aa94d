import { objectsOf } from '../../postgres/row-values.ts'
import type { Query, TextResult } from '../../postgres/types.ts'

/**
 * A query on the catalog whose rows are facts: sent together with others, in one round trip. Planning such a query costs the server several
 * times what running it does, and each sub-select adds to that: what can be put together here is not asked in SQL.
 */
export interface FactsQuery<Fact> extends Query {
  /** Where a row isn't a fact as it comes. */
  readonly facts?: (result: TextResult) => Fact[]
}

/** The facts in its result. */
export function factsOf<Fact>(query: FactsQuery<Fact>, result: TextResult | undefined): Fact[] {
  if (result === undefined) return []
  return query.facts?.(result) ?? objectsOf<Fact>(result)
}
