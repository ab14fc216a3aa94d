import type { QualifiedName } from '../types.ts'
import type { RangeVar, RoleSpec, TreeNode } from './types.ts'
import { textsOf } from './value.ts'

/** The relation of a RangeVar; a database in front of the schema can only be the current one and is left out. */
export function relationName(relation: RangeVar | undefined): QualifiedName {
  return { schema: relation?.schemaname ?? null, name: relation?.relname ?? '' }
}

/** A name written as a list of parts: `name`, `schema.name` or `database.schema.name`. */
export function listedName(parts: readonly TreeNode[] | undefined): QualifiedName {
  return nameOfParts(textsOf(parts))
}

export function nameOfParts(parts: readonly string[]): QualifiedName {
  return { schema: parts.at(-2) ?? null, name: parts.at(-1) ?? '' }
}

const SPECIAL_ROLES: Readonly<Record<string, string>> = {
  ROLESPEC_CURRENT_ROLE: 'CURRENT_ROLE',
  ROLESPEC_CURRENT_USER: 'CURRENT_USER',
  ROLESPEC_SESSION_USER: 'SESSION_USER',
  ROLESPEC_PUBLIC: 'PUBLIC',
}

/** A role as written, unquoted; the special ones (CURRENT_USER, PUBLIC, …) in capitals. */
export function roleName(role: RoleSpec | undefined): string {
  return SPECIAL_ROLES[role?.roletype ?? ''] ?? role?.rolename ?? ''
}
