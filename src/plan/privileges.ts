import { type PrivilegedParts, privilegedParts } from '../sql/privileged.ts'
import type { Effect, ObjectRef, Statement } from '../sql/types.ts'
import { changeWants, lockWants, maintenanceWants } from './privileges/change.ts'
import { creationWants } from './privileges/creation.ts'
import {
  onTable,
  onUsed,
  type PrivilegeGroup,
  type PrivilegeNeed,
  superuser,
  underived,
  type Want,
} from './privileges/need.ts'
import { Ours } from './privileges/ours.ts'
import type { PlannedMigration } from './types.ts'

export type { PrivilegeGroup, PrivilegeNeed } from './privileges/need.ts'

export interface PrivilegeContext {
  readonly serverMajor: number
  /** Schemas that unqualified names are looked up in, under `role`. */
  readonly searchPath: readonly string[]
  /** The role that the migrations run as. */
  readonly role: string
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
  const statements = pending.flatMap(({ steps }) => steps.flatMap((step) => step.statements))
  for (const { statement } of statements) {
    const ask = (want: Want, searchPath: readonly string[]) => {
      for (const each of [want, ...usage(want)]) {
        const need = needOf(each, statement, searchPath, ours)
        const key = JSON.stringify([each.group, each.object, each.anyOf, each.reason])
        if (need !== null && !needs.has(key)) needs.set(key, need)
      }
    }
    for (const want of statementWants(statement)) ask(want, context.searchPath)
    for (const effect of statement.effects) {
      const searchPath = pathOf(effect, context)
      for (const want of effectWants(effect, statement, context, searchPath)) ask(want, searchPath)
      ours.follow(effect, searchPath)
    }
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

/** A name with a schema needs USAGE on it; one without is found only in schemas that the role may use. */
function usage({ object, mayBeAbsent }: Want): readonly Want[] {
  const { schema } = object
  if (schema === null || schema === 'pg_catalog' || schema === 'information_schema') return []
  return [
    {
      group: 'schemas',
      object: { kind: 'schema', schema: null, name: schema },
      anyOf: ['USAGE'],
      ...(mayBeAbsent === undefined ? {} : { mayBeAbsent }),
    },
  ]
}

/** The file's own SET search_path counts for what comes after it. */
function pathOf({ searchPath }: Effect, context: PrivilegeContext): readonly string[] {
  return searchPath?.map((each) => (each === '$user' ? context.role : each)) ?? context.searchPath
}

function effectWants(
  effect: Effect,
  { kind }: Statement,
  { serverMajor, role }: PrivilegeContext,
  searchPath: readonly string[],
): readonly Want[] {
  const { op, object, uses = [] } = effect
  const reads = uses.filter((used) => used.kind === 'table').map((used) => onTable(used, 'SELECT'))
  const calls = uses.flatMap((used) => onUsed(used) ?? [])
  switch (op) {
    case 'create':
    case 'replace': {
      const schema = searchPath.find((each) => each !== role) ?? searchPath[0] ?? null
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
  const { language, copy, roleOptions, publishesSchemas, rows } = privilegedParts(node)
  return [
    ...(language === null ? [] : [languageWant(language)]),
    ...(copy === null ? [] : [superuser(COPIES[copy])]),
    ...(roleOptions.length > 0 || publishesSchemas ? [superuser()] : []),
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
