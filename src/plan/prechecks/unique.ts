import { quoteIdentifier } from '../../sql/identifier.ts'
import type { ConstraintDefinition, IndexDefinition, IndexKey } from '../../sql/types.ts'
import { isPresent, ownRows, shown, tableWords } from './sample.ts'
import type { Derived, KnownRelation } from './types.ts'

export interface UniqueKeys {
  readonly keys: readonly IndexKey[]
  readonly predicate: string | null
  /** Since PostgreSQL 15: two NULLs are the same. */
  readonly nullsNotDistinct: boolean
}

/** The keys of a UNIQUE or PRIMARY KEY constraint, as those of the index that it makes. */
export function keysOfConstraint({ columns, nullsNotDistinct }: ConstraintDefinition): UniqueKeys {
  return {
    nullsNotDistinct,
    predicate: null,
    keys: columns.map((column) => ({
      column,
      expression: null,
      opclass: null,
      descending: false,
      nullsFirst: null,
      collation: null,
    })),
  }
}

export const keysOfIndex = ({
  keys,
  predicate,
  nullsNotDistinct,
}: IndexDefinition): UniqueKeys => ({
  keys,
  predicate,
  nullsNotDistinct,
})

/** Values that occur more than once where a unique index is to be, compared under its collations. NULLs are all different unless it says otherwise. */
export function uniqueCheck(
  { keys, predicate, nullsNotDistinct }: UniqueKeys,
  table: KnownRelation,
): Derived {
  const expressions = keys.map(keyExpression)
  const shownKeys = expressions.join(', ')
  const words = {
    title: `duplicates in ${tableWords(table)} (${shownKeys})`,
    expected: '0 values that occur more than once',
    counted: ['value that occurs more than once', 'values that occur more than once'],
    fix: `Merge or remove the duplicate rows of ${tableWords(table)}; an earlier migration may do it.`,
  } as const
  const opclass = keys.find((key) => key.opclass !== null && !/_pattern_ops$/.test(key.opclass))
  if (opclass !== undefined) {
    return {
      ...words,
      unasked: `what is equal under the operator class ${opclass.opclass} is not known`,
    }
  }
  const named = expressions.map((expression, place) => `${expression} AS k${place + 1}`)
  const present = nullsNotDistinct ? [] : expressions.map(isPresent)
  const conditions = [...present, ...(predicate === null ? [] : [`(${predicate})`])]
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
  const groups = expressions.map((_, place) => place + 1).join(', ')
  const found = `SELECT ${named.join(', ')}, pg_catalog.count(*) AS n FROM ${ownRows(table)}${where} GROUP BY ${groups} HAVING pg_catalog.count(*) > 1`
  const list = [...expressions.map((_, place) => `g.k${place + 1}`), 'g.n']
    .map((each, place) => `${shown(each)} AS s${place + 1}`)
    .join(', ')
  return {
    ...words,
    ask: { sql: `SELECT ${list} FROM (${found}) AS g`, labels: [...expressions, 'rows'] },
  }
}

function keyExpression({ column, expression, collation }: IndexKey): string {
  const plain = column === null ? `(${expression ?? 'NULL'})` : quoteIdentifier(column)
  return collation === null ? plain : `(${plain} COLLATE ${collation})`
}
