import { parseTriggerDefinition } from '../../sql/catalog-definition.ts'
import type { TriggerDefinition } from '../../sql/types.ts'
import { asExpressions, asSets, exactly, inOrder, type Likeness, together } from '../likeness.ts'
import { meansName, type Scope } from '../scope.ts'
import type { TriggerFact } from './trigger-facts.ts'

export function compareTrigger(
  wanted: TriggerDefinition,
  fact: TriggerFact,
  scope: Scope,
): Likeness {
  const found = definitionOf(fact)
  return together([
    exactly(
      true,
      meansName(wanted.function, { schema: fact.functionSchema, name: fact.functionName }, scope),
    ),
    exactly(wanted.timing, found.timing),
    asSets(wanted.events, found.events),
    exactly(wanted.forEach, found.forEach),
    asSets(wanted.columns, found.columns),
    exactly(wanted.constraint, found.constraint),
    exactly(wanted.deferrable ?? false, found.deferrable),
    exactly(wanted.initiallyDeferred ?? false, found.initiallyDeferred),
    asSets(wanted.referencing ?? [], found.referencing ?? []),
    inOrder(wanted.arguments ?? [], found.arguments ?? []),
    asExpressions(wanted.when ?? null, found.when ?? null),
  ])
}

/** WHEN and the arguments are read from the server's print of the trigger, by the same parser as the script. */
export function definitionOf(fact: TriggerFact): TriggerDefinition {
  const printed = fact.definition === null ? null : parseTriggerDefinition(fact.definition)
  const { functionSchema, functionName, timing, events, forEach, columns, constraint } = fact
  const { deferrable, initiallyDeferred, referencing } = fact
  return {
    function: { schema: functionSchema, name: functionName },
    timing,
    events,
    forEach,
    columns,
    constraint,
    deferrable,
    initiallyDeferred,
    referencing,
    when: printed?.when ?? null,
    arguments: printed?.arguments ?? [],
  }
}
