import { quoteIdentifier } from '../../sql/identifier.ts'
import type { ConstraintDefinition } from '../../sql/types.ts'
import { printName, type Scope } from '../scope.ts'
import { inParentheses } from './parentheses.ts'

/** A constraint in SQL's words, validity left out: 'UNIQUE ("recipeId", "ingredientId")'. What is the default is not said. */
export function describeConstraint(constraint: ConstraintDefinition, scope: Scope): string {
  const words = [kindOf(constraint), bodyOf(constraint), ...clausesOf(constraint, scope)]
  if (constraint.deferrable) words.push('DEFERRABLE')
  if (constraint.initiallyDeferred) words.push('INITIALLY DEFERRED')
  if (constraint.type === 'check' && constraint.noInherit) words.push('NO INHERIT')
  return words.filter((word) => word !== '').join(' ')
}

function kindOf({ type, nullsNotDistinct }: ConstraintDefinition): string {
  return nullsNotDistinct ? `${type.toUpperCase()} NULLS NOT DISTINCT` : type.toUpperCase()
}

function bodyOf(constraint: ConstraintDefinition): string {
  const { type, columns, expression, usingIndex, period } = constraint
  if (usingIndex !== null) return `USING INDEX ${quoteIdentifier(usingIndex)}`
  if (type === 'check') return expression === null ? '' : inParentheses(expression)
  if (constraint.exclusion !== undefined) return describeExclusion(constraint.exclusion)
  if (columns.length === 0) return ''
  if (period !== true) return listOf(columns)
  const last = quoteIdentifier(columns.at(-1) ?? '')
  const words = type === 'foreign key' ? `PERIOD ${last}` : `${last} WITHOUT OVERLAPS`
  return `(${[...columns.slice(0, -1).map(quoteIdentifier), words].join(', ')})`
}

function describeExclusion(exclusion: NonNullable<ConstraintDefinition['exclusion']>): string {
  const elements = exclusion.elements.map(({ key, operator }) => {
    const subject = key.column === null ? (key.expression ?? '') : quoteIdentifier(key.column)
    return `${subject} WITH ${operator}`
  })
  const where = exclusion.predicate === null ? '' : ` WHERE ${inParentheses(exclusion.predicate)}`
  return `USING ${exclusion.method} (${elements.join(', ')})${where}`
}

function clausesOf(constraint: ConstraintDefinition, scope: Scope): string[] {
  const { include, references, onDeleteColumns = [] } = constraint
  const clauses = include.length === 0 ? [] : [`INCLUDE ${listOf(include)}`]
  if (references === null) return clauses
  const columns = references.columns.length === 0 ? '' : ` ${listOf(references.columns)}`
  clauses.push(`REFERENCES ${printName(references.table, scope)}${columns}`)
  if (references.match !== 'SIMPLE') clauses.push(`MATCH ${references.match}`)
  if (references.onUpdate !== 'NO ACTION') {
    clauses.push(`ON UPDATE ${references.onUpdate}`)
  }
  if (references.onDelete !== 'NO ACTION') {
    const only = onDeleteColumns.length === 0 ? '' : ` ${listOf(onDeleteColumns)}`
    clauses.push(`ON DELETE ${references.onDelete}${only}`)
  }
  return clauses
}

function listOf(columns: readonly string[]): string {
  return `(${columns.map(quoteIdentifier).join(', ')})`
}
