import { isOwned } from '../sql/owned-kind.ts'
import type { Effect, ObjectRef, QualifiedName } from '../sql/types.ts'
import { involves } from './involves.ts'
import { maybeSame, maybeSameName, ownerName } from './object-key.ts'
import { describeObject } from './object-words.ts'
import type { PlannedMigration } from './types.ts'

/** A later migration that needs what another one made. */
export interface Dependant {
  readonly version: string
  readonly file: string
  /** What it needs, in words: 'column public.t.c'. */
  readonly object: string
}

/**
 * Which of the `later` applied migrations need an object that `migration` created or named: they
 * change it, refer to it, or write to it. Each pair of migration and object is named once.
 */
export function laterDependants(
  migration: PlannedMigration,
  later: readonly PlannedMigration[],
): readonly Dependant[] {
  const made = effectsOf(migration).flatMap(madeBy)
  return later.flatMap((other) => {
    const needed = made.filter((object) => effectsOf(other).some((effect) => needs(effect, object)))
    const names = new Set(needed.map(describeObject))
    return [...names].map((object) => ({ version: other.version, file: other.file, object }))
  })
}

function effectsOf({ steps }: PlannedMigration): readonly Effect[] {
  return steps
    .filter(({ rollsBack }) => rollsBack !== true)
    .flatMap(({ statements }) => statements.flatMap(({ statement }) => statement.effects))
}

function madeBy({ op, object, to, temporary }: Effect): readonly ObjectRef[] {
  if (temporary === true || object.name === null) return []
  if (op === 'create' || op === 'replace') return [object]
  return op === 'rename' && to !== undefined ? [{ ...object, name: to }] : []
}

function needs(effect: Effect, made: ObjectRef): boolean {
  if (effect.op === 'set' || effect.op === 'unknown') return false
  if (maybeSame(effect.object, made)) return true
  if (effect.uses?.some((used) => maybeSame(used, made)) === true) return true
  if (made.kind === 'column') return needsColumn(effect, made)
  const name = ownerName(made)
  if (name === null || isOwned(made.kind)) return false
  const tables = [effect.object.table, effect.constraint?.references?.table, effect.partition]
  if (made.kind === 'schema') return isIn(effect, tables, name.name)
  if (made.kind === 'function') {
    return effect.trigger !== undefined && maybeSameName(effect.trigger.function, name)
  }
  if (made.kind === 'type' || made.kind === 'domain') {
    return effect.column?.type === name.name || tables.some((table) => isName(table, name))
  }
  return tables.some((table) => isName(table, name))
}

function isName(name: QualifiedName | undefined, other: QualifiedName): boolean {
  return name !== undefined && maybeSameName(name, other)
}

function isIn(
  { object }: Effect,
  tables: readonly (QualifiedName | undefined)[],
  schema: string,
): boolean {
  return object.schema === schema || tables.some((table) => table?.schema === schema)
}

function needsColumn(effect: Effect, { table, name }: ObjectRef): boolean {
  if (table === undefined || name === null) return false
  const { constraint, object } = effect
  const target = constraint?.references
  if (target != null && maybeSameName(target.table, table) && target.columns.includes(name)) {
    return true
  }
  if (!isName(object.table, table)) return false
  return involves(effect, name)
}
