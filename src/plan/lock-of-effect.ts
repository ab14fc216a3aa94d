import type { Effect, ObjectRef, QualifiedName } from '../sql/types.ts'
import { type LockMode, lockModes } from './lock-modes.ts'

/** A lock that one effect takes, on a relation by name. An index stands for the table that it belongs to, which only the catalog knows. */
export interface EffectLock {
  readonly relation: QualifiedName
  readonly mode: LockMode
  /** Holders of what conflicts with this mode are waited for: more than the lock itself asks, where it is CONCURRENTLY. */
  readonly waitsAs: LockMode
  /** Waits for transactions that hold old snapshots, whatever they have locked. */
  readonly waitsForSnapshots: boolean
  /** Taken on partitions and children too. */
  readonly descends: boolean
  /** Foreign keys that go with it: the tables at their other end are locked as strongly. */
  readonly foreignKeys: 'none' | 'all' | readonly string[]
}

type Taken = Partial<Omit<EffectLock, 'relation' | 'mode'>>

/**
 * The table-level locks of one effect, as the documentation states them for 14 to 18. Empty for what locks no relation (types, functions,
 * grants, roles) or is not known (EXECUTE, a function's body).
 */
export function locksOf(effect: Effect): readonly EffectLock[] {
  const { object, op } = effect
  if (effect.temporary === true || op === 'unknown') return []
  switch (object.kind) {
    case 'table':
    case 'foreign table':
    case 'materialized view':
    case 'view':
    case 'sequence':
      return relationLocks(effect)
    case 'index':
      return indexLocks(effect)
    case 'constraint':
      return constraintLocks(effect)
    case 'column':
      return onTable(effect, columnMode(effect))
    case 'trigger':
      return onTable(effect, op === 'drop' || op === 'rename' ? strongest : 'SHARE ROW EXCLUSIVE')
    case 'policy':
    case 'rule':
      return onTable(effect, strongest)
    case 'statistics':
      return op === 'create' ? onUsed(effect, 'SHARE UPDATE EXCLUSIVE') : []
    case 'publication':
      return onUsed(effect, 'SHARE UPDATE EXCLUSIVE')
    default:
      return []
  }
}

const strongest: LockMode = 'ACCESS EXCLUSIVE'

function lock(relation: QualifiedName, mode: LockMode, taken: Taken = {}): EffectLock {
  return {
    relation,
    mode,
    waitsAs: mode,
    waitsForSnapshots: false,
    descends: false,
    foreignKeys: 'none',
    ...taken,
  }
}

function nameOf({ schema, name }: ObjectRef): QualifiedName[] {
  return name === null || name === '' ? [] : [{ schema, name }]
}

function onTable({ object, only }: Effect, mode: LockMode): EffectLock[] {
  const table = object.table
  return table === undefined ? [] : [lock(table, mode, { descends: only !== true })]
}

function onUsed({ uses = [] }: Effect, mode: LockMode): EffectLock[] {
  return uses
    .filter(({ kind }) => kind === 'table')
    .flatMap(nameOf)
    .map((name) => lock(name, mode))
}

const DATA: Partial<Record<Effect['op'], LockMode>> = {
  insert: 'ROW EXCLUSIVE',
  update: 'ROW EXCLUSIVE',
  delete: 'ROW EXCLUSIVE',
  merge: 'ROW EXCLUSIVE',
  copy: 'ROW EXCLUSIVE',
  set: 'ROW EXCLUSIVE',
  read: 'ACCESS SHARE',
  analyze: 'SHARE UPDATE EXCLUSIVE',
  comment: 'SHARE UPDATE EXCLUSIVE',
}

function relationLocks(effect: Effect): EffectLock[] {
  const { op, object, change, only } = effect
  const own = (mode: LockMode, taken: Taken = {}) =>
    nameOf(object).map((name) => lock(name, mode, taken))
  const descends = only !== true
  const concurrently = change === 'CONCURRENTLY'
  const data = DATA[op]
  if (data !== undefined) return [...own(data, { descends }), ...onUsed(effect, 'ACCESS SHARE')]
  switch (op) {
    case 'grant':
    case 'revoke':
      return []
    case 'create':
      return onUsed(effect, createdFrom(effect))
    case 'lock':
      return own(modeNamed(change), { descends })
    case 'vacuum':
      return own(change === 'FULL' ? strongest : 'SHARE UPDATE EXCLUSIVE', { descends })
    case 'refresh':
      return own(concurrently ? 'EXCLUSIVE' : strongest)
    case 'reindex':
      return own(concurrently ? 'SHARE UPDATE EXCLUSIVE' : strongest, {
        waitsAs: strongest,
        waitsForSnapshots: concurrently,
        descends,
      })
    case 'attach':
    case 'detach':
      return partitionLocks(effect)
    case 'enable':
    case 'disable':
      return own(change?.startsWith('TRIGGER') === true ? 'SHARE ROW EXCLUSIVE' : strongest)
    case 'alter':
      return [...own(alterMode(effect), { descends }), ...onUsed(effect, 'SHARE UPDATE EXCLUSIVE')]
    case 'drop':
      return own(strongest, { descends, foreignKeys: 'all' })
    default:
      return own(strongest, { descends: descends && op !== 'rename' })
  }
}

/** CREATE TABLE … PARTITION OF and INHERITS lock the parent; LIKE, AS and a view's query only read. */
function createdFrom({ change }: Effect): LockMode {
  if (change?.includes('PARTITION OF') === true) return strongest
  return change?.includes('INHERITS') === true ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS SHARE'
}

function partitionLocks({ op, object, partition, change }: Effect): EffectLock[] {
  const gently = op === 'attach' || change === 'CONCURRENTLY'
  const parent = nameOf(object).map((name) =>
    lock(name, gently ? 'SHARE UPDATE EXCLUSIVE' : strongest, {
      waitsAs: op === 'attach' ? 'SHARE UPDATE EXCLUSIVE' : strongest,
    }),
  )
  return partition === undefined
    ? parent
    : [...parent, lock(partition, strongest, { descends: true })]
}

function alterMode({ object, change }: Effect): LockMode {
  if (isLightOption(change)) return 'SHARE UPDATE EXCLUSIVE'
  return object.kind === 'sequence' ? 'SHARE ROW EXCLUSIVE' : strongest
}

/** Storage parameters of autovacuum, fillfactor and the planner, and CLUSTER ON, leave readers and writers alone. */
function isLightOption(change = ''): boolean {
  return (
    /^(?:RE)?SET \((?:toast\.)?(?:fillfactor|autovacuum_|toast_tuple_target|parallel_workers|log_autovacuum|vacuum_)/.test(
      change,
    ) ||
    change === 'CLUSTER ON' ||
    change === 'SET WITHOUT CLUSTER'
  )
}

function columnMode({ change, op }: Effect): LockMode {
  const light = change === 'SET STATISTICS' || change?.endsWith(' OPTIONS') === true
  return light || op === 'comment' ? 'SHARE UPDATE EXCLUSIVE' : strongest
}

/**
 * REINDEX takes SHARE on the table but the strongest on the index, which whoever has read the table has locked too. CONCURRENTLY takes a weak lock
 * and then waits: a build for writers and old snapshots, a drop for everyone who has the table locked, REINDEX for all of them.
 */
function indexLocks(effect: Effect): EffectLock[] {
  const { op, object, index, change, only } = effect
  const concurrently = index?.concurrently === true || change === 'CONCURRENTLY'
  const building = op === 'create' || op === 'reindex'
  const own: LockMode = op === 'create' ? 'SHARE' : strongest
  const heavy = building || op === 'drop'
  const weak = concurrently || !heavy
  const relations = object.table === undefined ? nameOf(object) : [object.table]
  return relations.map((relation) =>
    lock(relation, weak ? 'SHARE UPDATE EXCLUSIVE' : own, {
      waitsAs: heavy ? own : 'SHARE UPDATE EXCLUSIVE',
      waitsForSnapshots: concurrently && building,
      descends: only !== true,
    }),
  )
}

function constraintLocks(effect: Effect): EffectLock[] {
  const { op, object, constraint } = effect
  if (op === 'validate') return onTable(effect, 'SHARE UPDATE EXCLUSIVE')
  if (op === 'comment') return onTable(effect, 'ACCESS SHARE')
  if (op === 'drop' && object.name !== null) {
    const foreignKeys = [object.name]
    return onTable(effect, strongest).map((each) => ({ ...each, foreignKeys }))
  }
  const references = constraint?.references
  if (references == null) return onTable(effect, strongest)
  // Both tables get triggers, and those take this lock.
  return [
    ...onTable(effect, 'SHARE ROW EXCLUSIVE'),
    lock(references.table, 'SHARE ROW EXCLUSIVE', { descends: true }),
  ]
}

function modeNamed(words = ''): LockMode {
  return lockModes.find((mode) => mode === words) ?? strongest
}
