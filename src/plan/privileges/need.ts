import type { Place } from '../../report/refusal.ts'
import type { ObjectKind, ObjectRef } from '../../sql/types.ts'

/** Which check judges a need: each asks the catalog once. */
export type PrivilegeGroup = 'ownership' | 'schemas' | 'tables' | 'special'

/** What one effect asks of the role. */
export interface Want {
  readonly group: PrivilegeGroup
  /** On which object; a role without a name is the one that the migrations run as. */
  readonly object: ObjectRef
  /**
   * Any of these suffices. A privilege as GRANT spells it ('SELECT', 'CREATE'), 'OWNER', 'GRANT OPTION' (of any privilege), of an object's
   * schema 'SCHEMA OWNER', 'SCHEMA CREATE'; of roles 'SET' (to become it, or to
   * give it something), 'SESSION SET' (the same of the role that logs in), 'USAGE' (to have its privileges), 'ADMIN'; of the role itself 'SUPERUSER', 'CREATEROLE', 'CREATEDB' or a
   * predefined role's name; of extensions 'CREATE EXTENSION', 'INSTALLED'; of parameters 'SET', 'ALTER SYSTEM'.
   * None: what it takes can't be derived.
   */
  readonly anyOf: readonly string[]
  /** An object that isn't there asks nothing: IF EXISTS, or the plan creates it unless it is there. */
  readonly mayBeAbsent?: boolean
  /** Without it the statement goes on and leaves something out, with a warning. */
  readonly severity?: 'warn'
  /** Whoever holds another privilege on the object is only warned. */
  readonly lenient?: boolean
  /** Why it can't be derived. */
  readonly reason?: string
  /** Why a missing one may do no harm all the same. */
  readonly doubt?: string
}

/** The same with the statement that needs it. */
export interface PrivilegeNeed extends Want {
  /** 'ALTER TABLE'. */
  readonly statement: string
  readonly where: Place
  /** Schemas that an unqualified name is looked for in. */
  readonly searchPath: readonly string[]
}

/** The role that the migrations run as. */
export const itself: ObjectRef = { kind: 'role', schema: null, name: null }

export const database: ObjectRef = { kind: 'database', schema: null, name: '' }

export function owner(object: ObjectRef, more: Partial<Want> = {}): Want {
  return { group: 'ownership', object, anyOf: ['OWNER'], ...more }
}

export function superuser(...orElse: readonly string[]): Want {
  return { group: 'special', object: itself, anyOf: ['SUPERUSER', ...orElse] }
}

export function onDatabase(privilege: 'CREATE' | 'TEMPORARY'): Want {
  return { group: 'special', object: database, anyOf: [privilege, 'OWNER'] }
}

export function onTable(object: ObjectRef, ...anyOf: readonly string[]): Want {
  return { group: 'tables', object, anyOf }
}

/** Functions and types that aren't there are a matter of what creates them, not of privileges. */
export function onUsed({ kind, ...used }: ObjectRef): Want | null {
  if (kind === 'function') {
    return { group: 'tables', object: { kind, ...used }, anyOf: ['EXECUTE'], mayBeAbsent: true }
  }
  if (kind === 'type' || kind === 'domain') {
    return { group: 'tables', object: { kind, ...used }, anyOf: ['USAGE'], mayBeAbsent: true }
  }
  return null
}

/** What belongs to a role in a stricter sense than membership: to act in its name without becoming it. */
export function privilegesOf(name: string): Want {
  return { group: 'special', object: { kind: 'role', schema: null, name }, anyOf: ['USAGE'] }
}

export function underived(object: ObjectRef, reason: string): Want {
  return { group: 'special', object, anyOf: [], reason }
}

/** What belongs to a table needs what the table needs; of a domain, a type likewise. */
export function ownerOf(object: ObjectRef, statement: string): ObjectRef {
  if (object.table === undefined || !MEMBERS.has(object.kind)) return object
  if (object.kind === 'enum value') return { kind: 'type', ...object.table }
  return { kind: / DOMAIN$/.test(statement) ? 'domain' : 'table', ...object.table }
}

const MEMBERS: ReadonlySet<ObjectKind> = new Set([
  'column',
  'constraint',
  'trigger',
  'policy',
  'rule',
  'enum value',
])
