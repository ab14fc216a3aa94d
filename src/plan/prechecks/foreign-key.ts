import { quoteIdentifier } from '../../sql/identifier.ts'
import type { ConstraintDefinition } from '../../sql/types.ts'
import { columnList, ownRows, samplesOf, tableWords } from './sample.ts'
import type { Derived, KnownRelation } from './types.ts'

/**
 * Rows of a table that refer to nothing. MATCH SIMPLE lets a row pass that has NULL in one of the columns, MATCH FULL only one that has it in all. Columns
 * that the constraint doesn't name are those of the referenced primary key.
 */
export function foreignKeyCheck(
  constraint: ConstraintDefinition,
  table: KnownRelation,
  referenced: KnownRelation,
): Derived {
  const { columns, references } = constraint
  const target = references?.columns.length ? references.columns : referenced.key
  const words = {
    title: `orphans of ${tableWords(table)} (${columnList(columns)})`,
    expected: `0 rows without their ${tableWords(referenced)}`,
    counted: ['orphaned row', 'orphaned rows'],
    fix: `Correct or remove these rows of ${tableWords(table)}, or add the missing rows of ${tableWords(referenced)}; an earlier migration may do it.`,
  } as const
  if (constraint.period === true) {
    return { ...words, unasked: 'a foreign key over a PERIOD is not asked for' }
  }
  if (target.length !== columns.length || target.length === 0) {
    return {
      ...words,
      unasked: `the columns of ${tableWords(referenced)} that are referenced are not known: it has no primary key of ${columns.length} columns`,
    }
  }
  const { list, labels } = samplesOf(table, columns, 'c')
  const matches = columns.map(
    (column, place) => `p.${quoteIdentifier(target[place] ?? '')} = c.${quoteIdentifier(column)}`,
  )
  const from = `SELECT ${list} FROM ${ownRows(table)} AS c WHERE`
  // As the server itself asks (ri_triggers.c): it passes over a row value with a NULL in it.
  const present = columns.map((column) => `c.${quoteIdentifier(column)} IS NOT NULL`)
  const orphans = `${from} ${present.join(' AND ')} AND NOT EXISTS (SELECT FROM ${ownRows(referenced)} AS p WHERE ${matches.join(' AND ')})`
  const mixed = `${from} (${present.join(' OR ')}) AND NOT (${present.join(' AND ')})`
  const isFull = references?.match === 'FULL' && columns.length > 1
  return { ...words, ask: { sql: isFull ? `${orphans} UNION ALL ${mixed}` : orphans, labels } }
}
