import { quoteIdentifier } from '../../sql/identifier.ts'
import type { ConstraintDefinition } from '../../sql/types.ts'
import { ownRows, shown, tableWords } from './sample.ts'
import type { Derived, KnownRelation } from './types.ts'

/** Pairs of rows that an exclusion constraint would refuse: a self join with its operators. */
export function exclusionCheck(
  { exclusion }: ConstraintDefinition,
  name: string | null,
  table: KnownRelation,
): Derived {
  const words = {
    title: `pairs of rows of ${tableWords(table)} against ${name ?? 'EXCLUDE'}`,
    expected: '0 pairs that exclude each other',
    counted: ['pair of rows', 'pairs of rows'],
    fix: `Correct or remove one row of each pair of ${tableWords(table)}; an earlier migration may do it.`,
  } as const
  if (exclusion === undefined || exclusion.elements.length === 0) {
    return { ...words, unasked: 'its operators are not known' }
  }
  const key = table.key.length === 0 ? ['ctid'] : table.key
  const keys = exclusion.elements.map(({ key: { column, expression, collation } }) => {
    const plain = column === null ? `(${expression ?? 'NULL'})` : quoteIdentifier(column)
    return collation === null ? plain : `(${plain} COLLATE ${collation})`
  })
  const columns = [
    'tableoid AS t',
    'ctid AS c',
    ...keys.map((each, place) => `${each} AS k${place + 1}`),
    ...key.map((column, place) => `${shown(quoteIdentifier(column))} AS p${place + 1}`),
  ]
  const where = exclusion.predicate === null ? '' : ` WHERE (${exclusion.predicate})`
  const rows = `(SELECT ${columns.join(', ')} FROM ${ownRows(table)}${where})`
  const conflicts = exclusion.elements.map(
    ({ operator }, place) => `a.k${place + 1} ${operator} b.k${place + 1}`,
  )
  const list = ['a', 'b'].flatMap((side, half) =>
    key.map((_, place) => `${side}.p${place + 1} AS s${half * key.length + place + 1}`),
  )
  const labels = ['', 'other '].flatMap((word) => key.map((each) => word + quoteIdentifier(each)))
  return {
    ...words,
    ask: {
      sql: `SELECT ${list.join(', ')} FROM ${rows} AS a JOIN ${rows} AS b ON (a.t, a.c) < (b.t, b.c) AND ${conflicts.join(' AND ')}`,
      labels,
    },
  }
}
