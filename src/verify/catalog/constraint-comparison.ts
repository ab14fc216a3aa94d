import { parseConstraintDefinition } from '../../sql/catalog-definition.ts'
import type { ConstraintDefinition } from '../../sql/types.ts'
import { asExpressions, asSets, exactly, inOrder, type Likeness, together } from '../likeness.ts'
import { meansName, type Scope } from '../scope.ts'
import type { ConstraintFact } from './constraint-facts.ts'

/** Everything but validity, which changes without the definition. */
export function compareConstraint(
  wanted: ConstraintDefinition,
  fact: ConstraintFact,
  scope: Scope,
): Likeness {
  const parts: Likeness[] = [
    exactly(wanted.type, fact.type),
    exactly(wanted.deferrable, fact.deferrable),
    exactly(wanted.initiallyDeferred, fact.deferred),
    exactly(wanted.period ?? false, fact.period),
  ]
  switch (wanted.type) {
    case 'check':
      parts.push(
        asExpressions(wanted.expression, fact.expression),
        exactly(wanted.noInherit, fact.noInherit),
      )
      break
    case 'foreign key':
      parts.push(inOrder(wanted.columns, fact.columns), compareReference(wanted, fact, scope))
      break
    case 'exclude':
      parts.push(compareExclusion(wanted.exclusion, definitionOf(fact, wanted).exclusion))
      break
    default:
      // USING INDEX names no columns: they are the index's.
      if (wanted.usingIndex === null) {
        parts.push(
          inOrder(wanted.columns, fact.columns),
          inOrder(wanted.include, fact.include),
          exactly(wanted.nullsNotDistinct, fact.nullsNotDistinct),
        )
      }
  }
  return together(parts)
}

function compareExclusion(
  wanted: ConstraintDefinition['exclusion'],
  found: ConstraintDefinition['exclusion'],
): Likeness {
  if (wanted === undefined || found === undefined) return 'unknown'
  return together([
    exactly(wanted.method, found.method),
    exactly(wanted.elements.length, found.elements.length),
    asExpressions(wanted.predicate, found.predicate),
    ...wanted.elements.flatMap(({ key, operator }, place): Likeness[] => {
      const element = found.elements[place]
      if (element === undefined) return []
      return [
        exactly(operator, element.operator),
        exactly(key.column, element.key.column),
        asExpressions(key.expression, element.key.expression),
      ]
    }),
  ])
}

function compareReference(
  wanted: ConstraintDefinition,
  fact: ConstraintFact,
  scope: Scope,
): Likeness {
  const { references } = wanted
  if (references === null || fact.targetSchema === null || fact.targetTable === null) {
    return 'different'
  }
  const target = { schema: fact.targetSchema, name: fact.targetTable }
  return together([
    exactly(true, meansName(references.table, target, scope)),
    references.columns.length === 0
      ? exactly(true, fact.targetIsKey)
      : inOrder(references.columns, fact.targetColumns),
    exactly(references.onDelete, fact.onDelete),
    asSets(wanted.onDeleteColumns ?? [], fact.onDeleteColumns),
    exactly(references.onUpdate, fact.onUpdate),
    exactly(references.match, fact.match),
  ])
}

/** A constraint that was found, as a definition. Columns of a target that `wanted` leaves out are left out where they are its primary key. */
export function definitionOf(
  fact: ConstraintFact,
  wanted: ConstraintDefinition,
): ConstraintDefinition {
  const target = fact.targetTable
  return {
    type: fact.type ?? wanted.type,
    columns: fact.columns,
    include: fact.include,
    nullsNotDistinct: fact.nullsNotDistinct,
    references:
      target === null
        ? null
        : {
            table: { schema: fact.targetSchema, name: target },
            // Columns left out mean the primary key: they are printed only where they were written.
            columns:
              wanted.references?.columns.length === 0 && fact.targetIsKey ? [] : fact.targetColumns,
            onDelete: fact.onDelete,
            onUpdate: fact.onUpdate,
            match: fact.match,
          },
    deferrable: fact.deferrable,
    initiallyDeferred: fact.deferred,
    expression: fact.expression,
    valid: fact.valid,
    enforced: fact.enforced,
    noInherit: fact.noInherit,
    usingIndex: null,
    onDeleteColumns: fact.onDeleteColumns,
    period: fact.period,
    ...(fact.definition === null ? {} : parseExclusion(fact.definition)),
  }
}

/** Read from the server's print by the same parser as the script. */
function parseExclusion(definition: string): Pick<ConstraintDefinition, 'exclusion'> {
  const exclusion = parseConstraintDefinition(definition)?.exclusion
  return exclusion === undefined ? {} : { exclusion }
}
