import { quoteIdentifier } from '../../sql/identifier.ts'
import type { IndexDefinition } from '../../sql/types.ts'
import { asExpressions, asSets, exactly, type Likeness, together } from '../likeness.ts'
import { lastName } from '../scope.ts'
import type { IndexFact, KeyFact } from './index-facts.ts'

/** Everything but validity. */
export function compareIndex(wanted: IndexDefinition, fact: IndexFact): Likeness {
  if (wanted.keys.length !== fact.keys.length) return 'different'
  return together([
    exactly(wanted.method, fact.method),
    exactly(wanted.unique, fact.unique),
    exactly(wanted.nullsNotDistinct, fact.nullsNotDistinct),
    asSets(wanted.include, fact.include),
    asExpressions(wanted.predicate, fact.predicate),
    ...wanted.keys.map((key, place) => compareKey(key, fact.keys[place], wanted.method)),
  ])
}

function compareKey(
  wanted: IndexDefinition['keys'][number],
  fact: KeyFact | undefined,
  method: string,
): Likeness {
  if (fact === undefined) return 'different'
  const parts: Likeness[] = [
    exactly(wanted.column, fact.column),
    asExpressions(wanted.expression, fact.expression),
    wanted.opclass === null
      ? exactly(true, fact.opclassIsDefault)
      : exactly(lastName(wanted.opclass), fact.opclass),
  ]
  // Only B-tree keeps an order; the other methods take the words and ignore them, or refuse them.
  if (method === 'btree') {
    parts.push(
      exactly(wanted.descending, fact.descending),
      exactly(wanted.nullsFirst ?? wanted.descending, fact.nullsFirst),
    )
  }
  // An expression inherits the collation of its columns; one written out may also be the column's own, which is stored as its default.
  if (wanted.collation === null ? fact.expression === null : fact.collation !== null) {
    parts.push(
      exactly(wanted.collation === null ? null : lastName(wanted.collation), fact.collation),
    )
  }
  return together(parts)
}

/** An index that was found, as a definition. */
export function definitionOf(fact: IndexFact): IndexDefinition {
  return {
    method: fact.method,
    unique: fact.unique,
    nullsNotDistinct: fact.nullsNotDistinct,
    keys: fact.keys.map((key) => ({
      column: key.column,
      expression: key.expression,
      opclass: key.opclassIsDefault ? null : quoteIdentifier(key.opclass),
      descending: key.descending,
      nullsFirst: key.nullsFirst === key.descending ? null : key.nullsFirst,
      collation: key.collation === null ? null : quoteIdentifier(key.collation),
    })),
    include: fact.include,
    predicate: fact.predicate,
    concurrently: false,
  }
}
