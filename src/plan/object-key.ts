import { isOwned } from '../sql/owned-kind.ts'
import type { ObjectKind, ObjectRef, QualifiedName } from '../sql/types.ts'

const relations: ReadonlySet<ObjectKind> = new Set([
  'table',
  'view',
  'materialized view',
  'sequence',
  'foreign table',
  'index',
])
const routines: ReadonlySet<ObjectKind> = new Set(['function', 'procedure', 'aggregate'])
const types: ReadonlySet<ObjectKind> = new Set(['type', 'domain'])

/** Kinds that share one set of names: a view and a table can't both be called x. */
export function nameSpaceOf(kind: ObjectKind): string {
  if (relations.has(kind)) return 'relation'
  if (routines.has(kind)) return 'routine'
  return types.has(kind) ? 'type' : kind
}

/**
 * The identity of an object within one script. A null schema (left to the search path) and a schema
 * as written are different: only the server knows whether they are the same.
 */
export function objectKey(object: ObjectRef): string {
  const { kind, schema, name, table } = object
  if (isOwned(kind)) return JSON.stringify([kind, table?.schema, table?.name, name])
  const args = routines.has(kind) ? object.arguments : undefined
  return JSON.stringify([nameSpaceOf(kind), schema, name, args])
}

/** Same name, and the same schema as far as the text can tell: a null schema may be any. */
export function maybeSameName(one: QualifiedName, other: QualifiedName): boolean {
  if (one.name !== other.name) return false
  return one.schema === other.schema || one.schema === null || other.schema === null
}

/** True when both may be one object: equal but for a schema that one of them leaves to the search path. */
export function maybeSame(one: ObjectRef, other: ObjectRef): boolean {
  if (nameSpaceOf(one.kind) !== nameSpaceOf(other.kind) || one.name === null) return false
  if (isOwned(one.kind)) {
    if (one.name !== other.name || one.table === undefined || other.table === undefined) {
      return false
    }
    return maybeSameName(one.table, other.table)
  }
  if (other.name === null || !sameArguments(one, other)) return false
  return maybeSameName(
    { schema: one.schema, name: one.name },
    { schema: other.schema, name: other.name },
  )
}

function sameArguments(one: ObjectRef, other: ObjectRef): boolean {
  if (one.arguments === undefined || other.arguments === undefined) return true
  return JSON.stringify(one.arguments) === JSON.stringify(other.arguments)
}

export function sameName(one: QualifiedName | undefined, other: QualifiedName): boolean {
  return one !== undefined && one.name === other.name && one.schema === other.schema
}

/** The name of an object that others belong to: a table, a view, a type, a domain. */
export function ownerName({ schema, name }: ObjectRef): QualifiedName | null {
  return name === null ? null : { schema, name }
}
