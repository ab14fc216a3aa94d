import { quoteIdentifier, quoteName } from '../sql/identifier.ts'
import type { ObjectRef, QualifiedName } from '../sql/types.ts'

/** The name as SQL would write it: 'public."Company"', '"x" on t' stays apart for what belongs to a table. */
export function objectName(object: ObjectRef): string {
  return object.name === null || object.name === ''
    ? ''
    : quoteName({ schema: object.schema, name: object.name })
}

/** 'constraint a on "Company"', 'column t.c', 'function f(integer)'. */
export function describeObject(object: ObjectRef): string {
  const table: QualifiedName | undefined = object.table
  if (object.kind === 'column' && table !== undefined) {
    return `column ${quoteName(table)}.${quoteIdentifier(object.name ?? '?')}`
  }
  if (object.kind === 'enum value' && table !== undefined) {
    return `value '${object.name ?? ''}' of type ${quoteName(table)}`
  }
  const name =
    object.name === null ? `unnamed ${object.kind}` : `${object.kind} ${objectName(object)}`
  const args = object.arguments === undefined ? '' : `(${object.arguments.join(', ')})`
  const owned = table !== undefined && object.kind !== 'sequence'
  return `${name}${args}${owned ? ` on ${quoteName(table)}` : ''}`
}
