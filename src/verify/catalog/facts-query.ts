import { objectsOf } from '../../postgres/row-values.ts'
import type { Query, TextResult } from '../../postgres/types.ts'

/** A query on the catalog whose rows are facts: sent together with others, in one round trip. */
export interface FactsQuery<Fact> extends Query {
  /** For the compiler alone: what a row becomes. */
  readonly fact?: Fact
}

/** The rows of its result. */
export function factsOf<Fact>(_query: FactsQuery<Fact>, result: TextResult | undefined): Fact[] {
  return result === undefined ? [] : objectsOf<Fact>(result)
}
