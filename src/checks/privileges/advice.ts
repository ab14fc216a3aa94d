import { describeObject } from '../../plan/object-words.ts'
import type { PrivilegeNeed } from '../../plan/privileges.ts'
import { quoteIdentifier, quoteName } from '../../sql/identifier.ts'
import type { ObjectRef } from '../../sql/types.ts'
import type { Finding } from '../check.ts'
import type { Held } from './rights.ts'
import type { Verdict } from './verdict.ts'

/** One line on one need: 'migrations/1_a.sql:3:1 ALTER TABLE: OWNER of table public.a (its owner is b)'. */
export function aside({ need, found, reason }: Verdict): string {
  const { where, statement } = need
  const because = reason === undefined ? ownerText(found) : ` (${reason})`
  return `${where.file}:${where.line}:${where.column} ${statement}: ${wanted(need)}${because}`
}

function ownerText(found: Held | null): string {
  return found === null || found.owner === null ? '' : ` (its owner is ${found.owner})`
}

/** 'OWNER of table public.a', 'SELECT on view b', 'SUPERUSER'. */
function wanted({ object, anyOf }: PrivilegeNeed): string {
  const [first] = anyOf
  if (first === undefined) return describeTarget(object)
  if (isItself(object)) return anyOf.join(' or ')
  if (first === 'OWNER') return `ownership of ${describeTarget(object)}`
  if (first === 'SCHEMA CREATE') return `CREATE on the schema of ${describeTarget(object)}`
  if (object.kind === 'role') return `${OF_ROLES[first] ?? first} ${describeTarget(object)}`
  if (first === 'CREATE EXTENSION') return `to create ${describeTarget(object)}`
  return `${first} on ${describeTarget(object)}`
}

const OF_ROLES: Readonly<Record<string, string>> = {
  SET: 'SET ROLE to',
  'SESSION SET': 'SET ROLE to',
  ADMIN: 'ADMIN OPTION on',
  USAGE: 'the privileges of',
}

function describeTarget(object: ObjectRef): string {
  if (isItself(object)) return 'what it does'
  if (object.kind === 'database' && object.name === '') return 'the database'
  if (object.kind === 'schema' && object.name === null) return 'a schema'
  if (object.kind === 'unknown') return 'its effects'
  return describeObject(object)
}

export function problemText(
  verdict: Verdict,
  role: string,
): Pick<Finding, 'expected' | 'actual' | 'reason' | 'fix'> {
  const { need, found } = verdict
  return {
    expected: `${role} has ${wanted(need)}`,
    actual: actualOf(verdict, role),
    reason: refusalOf(verdict),
    fix: fixOf(verdict, role, found),
  }
}

/** A schema without USAGE is left out of the search path: the name is not found (42P01 and the like). */
function refusalOf({ need: { statement, object }, reason, severity }: Verdict): string {
  if (severity === 'warn') return `${statement} would leave it out with a warning.`
  if (reason === 'hidden')
    return `${statement} would fail: it would not find ${describeTarget(object)}.`
  return `${statement} would be refused with "permission denied" (42501).`
}

function actualOf({ need, found, reason }: Verdict, role: string): string {
  if (need.object.kind === 'schema' && need.object.name === null) {
    return 'no schema of the search path is there and open to it'
  }
  if (reason === 'hidden' && found !== null) {
    return `it lies in schema ${quoteIdentifier(found.schema ?? '')}, on which ${role} has no USAGE`
  }
  if (found?.note === 'untrusted') return `it is not trusted, and ${role} is no superuser`
  if (found?.owner != null)
    return `its owner is ${found.owner}; ${role} has not${need.anyOf[0] === 'OWNER' ? ' that role’s privileges' : ''}`
  return `${role} has not`
}

/** The one statement that would help, for whoever may run it. */
function fixOf({ need, reason }: Verdict, role: string, found: Held | null): string {
  const { object, anyOf } = need
  const [first = ''] = anyOf
  const to = quoteIdentifier(role)
  if (object.kind === 'schema' && object.name === null) {
    return `Write the schema in front of the name, or: ALTER ROLE ${to} SET search_path = public;`
  }
  if (reason === 'hidden')
    return `GRANT USAGE ON SCHEMA ${quoteIdentifier(found?.schema ?? '')} TO ${to};`
  if (isItself(object)) return attributeFix(anyOf, to)
  if (first === 'OWNER') return ownerFix(object, found, to)
  if (first === 'SCHEMA CREATE') {
    return `GRANT CREATE ON SCHEMA ${quoteIdentifier(found?.schema ?? object.schema ?? '')} TO ${to};`
  }
  if (object.kind === 'role') {
    const option = first === 'ADMIN' ? ' WITH ADMIN OPTION' : ''
    const member = first === 'SESSION SET' ? quoteIdentifier(found?.note ?? role) : to
    return `GRANT ${quoteIdentifier(object.name ?? '')} TO ${member}${option};`
  }
  if (first === 'CREATE EXTENSION') {
    return found?.note === 'untrusted'
      ? `Let a superuser run: CREATE EXTENSION ${quoteIdentifier(object.name ?? '')};`
      : `GRANT CREATE ON DATABASE … TO ${to}, or let the database’s owner create the extension.`
  }
  if (object.kind === 'parameter') {
    return `GRANT ${first} ON PARAMETER ${object.name} TO ${to}; (15 and later), or let a superuser run the statement.`
  }
  if (found?.note === 'untrusted') {
    return 'Let a superuser run the statement: the language is not trusted.'
  }
  return `GRANT ${first} ON ${grantTarget(object, found)} TO ${to};`
}

function attributeFix(anyOf: readonly string[], to: string): string {
  const predefined = anyOf.find((right) => right.startsWith('pg_'))
  if (predefined !== undefined) return `GRANT ${predefined} TO ${to};`
  const attribute = anyOf.find((right) => right.startsWith('CREATE'))
  if (attribute !== undefined) return `ALTER ROLE ${to} ${attribute};`
  return 'Let a superuser run the statement, apart from this deployment.'
}

/** As ALTER spells it. A routine may be another kind than the statement that uses it tells. */
const ALTERED: Partial<Record<ObjectRef['kind'], string>> = {
  function: 'ROUTINE',
  procedure: 'ROUTINE',
  aggregate: 'ROUTINE',
  'foreign server': 'SERVER',
  'foreign table': 'FOREIGN TABLE',
  'materialized view': 'MATERIALIZED VIEW',
}

function ownerFix(object: ObjectRef, found: Held | null, to: string): string {
  const kind = ALTERED[object.kind] ?? object.kind.toUpperCase()
  // pg_database_owner takes no members, the other roles of that name are no owners to be joined, and whoever joins a superuser can become one.
  const joins =
    found?.owner != null &&
    !found.owner.startsWith('pg_') &&
    !found.rights.includes('SUPERUSER OWNS')
  const member = joins ? `GRANT ${quoteIdentifier(found.owner ?? '')} TO ${to};` : null
  // ALTER EXTENSION has no OWNER TO.
  if (object.kind === 'extension') {
    return member ?? 'Let its owner run the statement, apart from this deployment.'
  }
  const changed =
    object.kind === 'index'
      ? 'ALTER TABLE … OWNER TO'
      : `ALTER ${kind} ${grantName(object, found)} OWNER TO`
  return `${member === null ? '' : `${member} or `}${changed} ${to};`
}

function grantTarget(object: ObjectRef, found: Held | null): string {
  if (object.kind === 'database')
    return `DATABASE ${quoteIdentifier(found?.name ?? object.name ?? '')}`
  const { kind } = object
  const routine = kind === 'function' || kind === 'procedure' || kind === 'aggregate'
  const word = routine ? 'ROUTINE' : kind.toUpperCase()
  const relation = ['table', 'view', 'materialized view', 'foreign table'].includes(kind)
  return `${relation ? 'TABLE' : word} ${grantName(object, found)}`
}

function grantName(object: ObjectRef, found: Held | null): string {
  const name = quoteName({
    schema: found?.schema ?? object.schema,
    name: found?.name ?? object.name ?? '',
  })
  return found?.arguments == null ? name : `${name}(${found.arguments})`
}

function isItself({ kind, name }: ObjectRef): boolean {
  return kind === 'role' && name === null
}
