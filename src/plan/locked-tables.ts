import type { Place } from '../report/refusal.ts'
import type { Effect, ObjectKind, QualifiedName } from '../sql/types.ts'
import { conflictsOf, isStrong, type LockMode } from './lock-modes.ts'
import { type EffectLock, locksOf } from './lock-of-effect.ts'
import { maybeSameName } from './object-key.ts'
import type { PlannedMigration } from './types.ts'

/** One relation that the plan locks and that was there before it. */
export interface LockedTable {
  /** A table, or an index that stands for its table; its schema null where the search path decides. */
  readonly relation: QualifiedName
  /** All modes that the plan takes on it, weakest first as they come. */
  readonly modes: readonly LockMode[]
  /** Modes that the plan would have to wait for, were they held by another session; CONCURRENTLY waits for more than its lock. */
  readonly waitsFor: readonly LockMode[]
  /** Keeps the application from reading or writing. */
  readonly strong: boolean
  /** A statement waits for every older snapshot in the database: CREATE INDEX and REINDEX CONCURRENTLY. */
  readonly waitsForSnapshots: boolean
  /** Partitions and children are locked with it. */
  readonly descends: boolean
  /** Foreign keys that go: the tables at their other end are locked with the strongest mode. */
  readonly foreignKeys: 'none' | 'all' | readonly string[]
  /** Where the file itself has set the search path that the name is looked up on. */
  readonly searchPath?: readonly string[]
  /** IF EXISTS, a guard, or the plan itself makes it unless it is there: that it is not found means nothing. */
  readonly mayBeAbsent: boolean
  /** The first statement that locks it. */
  readonly where: Place
}

/**
 * The relations that were there before and that the pending migrations lock, in the order in which they do. What an earlier statement of the
 * plan creates is left out: nobody else can hold a lock on it yet. What EXECUTE, functions and the query of a view lock is not known.
 */
export function lockedTables(
  pending: readonly Pick<PlannedMigration, 'script'>[],
): readonly LockedTable[] {
  const found = new Map<string, LockedTable>()
  const created: QualifiedName[] = []
  const maybeCreated: QualifiedName[] = []
  for (const { effects, where } of pending.flatMap(({ script }) => script.statements)) {
    // CREATE TABLE IF NOT EXISTS leaves a table that is there alone: its columns and constraints lock nothing.
    const inStatement: QualifiedName[] = []
    for (const effect of effects) {
      for (const { relation, mode, ...taken } of locksOf(effect)) {
        if ([...created, ...inStatement].some((name) => maybeSameName(name, relation))) continue
        const key = lockKey(relation, effect.searchPath)
        const mayBeAbsent =
          effect.ifExists ||
          effect.guarded ||
          maybeCreated.some((name) => maybeSameName(name, relation))
        const path =
          relation.schema !== null || effect.searchPath === undefined
            ? {}
            : { searchPath: effect.searchPath }
        const lock = { relation, mode, where, mayBeAbsent, ...path, ...taken }
        found.set(key, merged(found.get(key), lock))
      }
      maybeCreated.push(...newNames({ ...effect, ifNotExists: false, guarded: false }))
      inStatement.push(...newNames({ ...effect, ifNotExists: false }))
      created.push(...newNames(effect))
    }
  }
  return [...found.values()]
}

/** One name is one relation, as long as it is looked up on the same search path. */
export function lockKey(
  { schema, name }: QualifiedName,
  searchPath: readonly string[] | undefined,
): string {
  return JSON.stringify([schema, name, schema === null ? searchPath : null])
}

interface OneLock extends EffectLock, Pick<LockedTable, 'where' | 'mayBeAbsent' | 'searchPath'> {}

function merged(known: LockedTable | undefined, { mode, waitsAs, ...one }: OneLock): LockedTable {
  const { relation, waitsForSnapshots, descends, foreignKeys, mayBeAbsent, where, searchPath } = one
  return {
    relation,
    ...(searchPath === undefined ? {} : { searchPath }),
    modes: [...new Set([...(known?.modes ?? []), mode])],
    waitsFor: [
      ...new Set([...(known?.waitsFor ?? []), ...conflictsOf(mode), ...conflictsOf(waitsAs)]),
    ],
    strong: (known?.strong ?? false) || isStrong(mode),
    waitsForSnapshots: (known?.waitsForSnapshots ?? false) || waitsForSnapshots,
    descends: (known?.descends ?? false) || descends,
    foreignKeys: bothKeys(known?.foreignKeys ?? 'none', foreignKeys),
    mayBeAbsent: (known?.mayBeAbsent ?? true) && mayBeAbsent,
    where: known?.where ?? where,
  }
}

function bothKeys(
  one: EffectLock['foreignKeys'],
  other: EffectLock['foreignKeys'],
): EffectLock['foreignKeys'] {
  if (one === 'none') return other
  if (other === 'none') return one
  return one === 'all' || other === 'all' ? 'all' : [...one, ...other]
}

const relations: ReadonlySet<ObjectKind> = new Set([
  'table',
  'foreign table',
  'view',
  'materialized view',
  'sequence',
  'index',
])

/** What bears a new name after the effect. A creation that IF NOT EXISTS or a guard may skip leaves what was there. */
export function newNames({ op, object, to, ifNotExists, guarded }: Effect): QualifiedName[] {
  const { kind, schema, name } = object
  if (!relations.has(kind) || name === null || ifNotExists || guarded) return []
  if (op === 'create') return [{ schema, name }]
  if (op === 'rename' && to !== undefined) return [{ schema, name: to }]
  return op === 'set schema' && to !== undefined ? [{ schema: to, name }] : []
}
