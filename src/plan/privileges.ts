import { type PrivilegedParts, privilegedParts } from '../sql/privileged.ts'
import type { Effect, ObjectRef, Statement } from '../sql/types.ts'
import { creationSchema, effectPath, type NameContext } from './effect-path.ts'
import { ActingRole } from './privileges/acting-role.ts'
import { changeWants, lockWants, maintenanceWants } from './privileges/change.ts'
import { creationWants } from './privileges/creation.ts'
import {
  onTable,
  onUsed,
  type PrivilegeGroup,
  type PrivilegeNeed,
  privilegesOf,
  superuser,
  underived,
  type Want,
} from './privileges/need.ts'
import { Ours } from './privileges/ours.ts'
import type { PlannedMigration } from './types.ts'

export type { PrivilegeGroup, PrivilegeNeed } from './privileges/need.ts'

export interface PrivilegeContext extends NameContext {
  readonly serverMajor: number
  /** The role that logs in; without it the migrations' own. */
  readonly login?: string
}

/**
 * What the pending statements ask of the role, each thing once, with the first statement that asks it. What earlier statements of the same
 * plan create is the role's own and asks nothing.
 */
export function privilegeNeeds(
  pending: readonly Pick<PlannedMigration, 'steps'>[],
  context: PrivilegeContext,
  group?: PrivilegeGroup,
): readonly PrivilegeNeed[] {
  const ours = new Ours()
  const needs = new Map<string, PrivilegeNeed>()
  const acting = new ActingRole(context.role, context.login ?? context.role)
  const ask = (statement: Statement, wants: readonly Want[], searchPath: readonly string[]) => {
    for (const want of wants.flatMap((each) => [each, ...usage(each)])) {
      const need = needOf(ofActing(want, acting.other), statement, searchPath, ours)
      if (need === null) continue
      const key = JSON.stringify([need.group, need.object, need.anyOf, need.reason])
      const known = needs.get(key)
      // What is certain counts for more than what may be skipped.
      if (known === undefined || (known.doubt !== undefined && need.doubt === undefined)) {
        needs.set(key, need)
      }
    }
  }
  for (const { steps } of pending) {
    for (const { kind, statements } of steps) {
      for (const { statement } of statements) {
        ask(statement, statementWants(statement), context.searchPath)
        for (const effect of statement.effects) {
          const searchPath = effectPath(effect, context)
          const wants = effectWants(effect, statement, context)
          ask(statement, effect.guarded ? wants.map(doubted) : wants, searchPath)
          // What somebody else creates is not the migrations' role's own.
          if (acting.other === null) ours.follow(effect, searchPath)
          acting.follow(effect)
        }
        if (kind !== 'transaction') acting.endTransaction()
      }
      acting.endTransaction()
    }
    acting.endMigration()
  }
  const all = [...needs.values()]
  return group === undefined ? all : all.filter((need) => need.group === group)
}

function needOf(
  want: Want,
  { kind, where }: Statement,
  searchPath: readonly string[],
  ours: Ours,
): PrivilegeNeed | null {
  const made = ours.has(want.object, searchPath)
  if (made === 'certain') return null
  const absent = made === 'maybe' ? { mayBeAbsent: true } : {}
  return { ...want, ...absent, statement: kind, where, searchPath }
}

/** Another role's privileges are not looked up. Who may become it is a question to the role that logs in, whoever acts. */
function ofActing(want: Want, other: string | null): Want {
  if (other === null || want.anyOf.includes('SESSION SET')) return want
  const { group, object } = want
  return {
    group,
    object,
    anyOf: [],
    reason: `the file’s own SET ROLE makes it run as ${other}, whose privileges are not looked up`,
  }
}

function doubted(want: Want): Want {
  return { ...want, doubt: 'it stands behind a condition or a handler, which may skip it' }
}

/** A name with a schema needs USAGE on it; one without is found only in schemas that the role may use. */
function usage({ object, mayBeAbsent, doubt }: Want): readonly Want[] {
  const { schema } = object
  if (schema === null || schema === 'pg_catalog' || schema === 'information_schema') return []
  return [
    {
      group: 'schemas',
      object: { kind: 'schema', schema: null, name: schema },
      anyOf: ['USAGE'],
      ...(mayBeAbsent === undefined ? {} : { mayBeAbsent }),
      ...(doubt === undefined ? {} : { doubt }),
    },
  ]
}

function effectWants(
  effect: Effect,
  { kind }: Statement,
  context: PrivilegeContext,
): readonly Want[] {
  const { serverMajor, role } = context
  const { op, object, uses = [] } = effect
  const reads = uses.filter((used) => used.kind === 'table').map((used) => onTable(used, 'SELECT'))
  const calls = uses.flatMap((used) => onUsed(used) ?? [])
  switch (op) {
    case 'create':
    case 'replace': {
      const schema = creationSchema(effect, context)
      return creationWants(effect, { statement: kind, serverMajor, schema })
    }
    case 'insert':
    case 'update':
    case 'delete':
      return [onTable(object, op.toUpperCase()), ...reads, ...calls]
    case 'merge':
      return [...reads, ...calls]
    case 'truncate':
      return [onTable(object, 'TRUNCATE')]
    case 'copy':
      return [onTable(object, 'INSERT')]
    case 'read':
      return [onTable(object, 'SELECT')]
    case 'lock':
      return lockWants(effect, serverMajor)
    case 'vacuum':
    case 'analyze':
    case 'cluster':
    case 'reindex':
    case 'refresh':
      return maintenanceWants(effect, serverMajor)
    case 'set':
      return object.kind === 'sequence' ? [sequenceWant(effect)] : changeWants(effect, kind, role)
    case 'unknown':
      return [underived(object, effect.reason ?? 'its effects are not known'), ...calledBy(object)]
    default:
      return changeWants(effect, kind, role)
  }
}

/** CALL and SELECT of a routine that the parse can't see through. */
function calledBy(object: ObjectRef): readonly Want[] {
  const want = onUsed(object.kind === 'procedure' ? { ...object, kind: 'function' } : object)
  return want === null ? [] : [want]
}

function sequenceWant({ object, change }: Effect): Want {
  return change === 'setval' ? onTable(object, 'UPDATE') : onTable(object, 'USAGE', 'UPDATE')
}

function statementWants({ node }: Statement): readonly Want[] {
  const { language, copy, roleOptions, publishesSchemas, defaultsOf, rows } = privilegedParts(node)
  return [
    ...(language === null ? [] : [languageWant(language)]),
    ...(copy === null ? [] : [superuser(COPIES[copy])]),
    ...(roleOptions.length > 0 || publishesSchemas ? [superuser()] : []),
    ...defaultsOf.map(privilegesOf),
    ...rows.map(({ table, privilege }) => onTable({ kind: 'table', ...table }, privilege)),
  ]
}

const COPIES: Readonly<Record<NonNullable<PrivilegedParts['copy']>, string>> = {
  'read file': 'pg_read_server_files',
  'write file': 'pg_write_server_files',
  program: 'pg_execute_server_program',
}

/** Trusted languages are a matter of USAGE, all others of superusers. */
function languageWant(name: string): Want {
  return {
    group: 'special',
    object: { kind: 'language', schema: null, name },
    anyOf: ['USAGE'],
    mayBeAbsent: true,
  }
}
