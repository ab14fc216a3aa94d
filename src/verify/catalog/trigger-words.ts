import { quoteIdentifier, quoteLiteral } from '../../sql/identifier.ts'
import type { TriggerDefinition } from '../../sql/types.ts'
import { printName, type Scope } from '../scope.ts'
import { inParentheses } from './parentheses.ts'

/** 'AFTER INSERT OR UPDATE OF a FOR EACH ROW EXECUTE FUNCTION f()'. */
export function describeTrigger(trigger: TriggerDefinition, scope: Scope): string {
  const columns = trigger.columns.map(quoteIdentifier).toSorted().join(', ')
  const events = trigger.events
    .toSorted()
    .map((event) => (event === 'UPDATE' && columns !== '' ? `UPDATE OF ${columns}` : event))
  const words = [trigger.timing.toUpperCase(), events.join(' OR ')]
  if (trigger.deferrable === true) words.push('DEFERRABLE')
  if (trigger.initiallyDeferred === true) words.push('INITIALLY DEFERRED')
  if (trigger.referencing?.length) words.push(`REFERENCING ${trigger.referencing.join(' ')}`)
  words.push(`FOR EACH ${trigger.forEach.toUpperCase()}`)
  if (trigger.when != null) words.push(`WHEN ${inParentheses(trigger.when)}`)
  const values = (trigger.arguments ?? []).map(quoteLiteral).join(', ')
  const call = `${printName(trigger.function, scope)}(${values})`
  return `${trigger.constraint ? 'CONSTRAINT ' : ''}${words.join(' ')} EXECUTE FUNCTION ${call}`
}
