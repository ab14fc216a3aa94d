import type { Effect, ObjectKind, QualifiedName } from '../../sql/types.ts'
import { maybeSameName } from '../object-key.ts'
import { changesRows } from '../row-changes.ts'
import type { KnownObjects, KnownRelation, Order, PlannedEffect } from './types.ts'

const tables: ReadonlySet<ObjectKind> = new Set(['table', 'foreign table', 'materialized view'])

/** A table that a precheck reads, and which of its columns. */
export interface Read {
  readonly name: QualifiedName
  readonly columns: readonly string[]
  readonly known: KnownRelation | null
}

/**
 * What the plan does first to what a precheck reads; null where nothing does. 'empty': the plan makes the first table and puts nothing into it, so no
 * row can violate anything.
 */
export function orderOf(
  earlier: readonly PlannedEffect[],
  reads: readonly Read[],
  known: KnownObjects,
  path: readonly string[],
): Order | 'empty' | null {
  const [own] = reads
  const isNew = (planned: PlannedEffect) => own !== undefined && creates(planned.effect, own)
  const made = earlier.findLastIndex(isNew)
  const since = earlier.slice(made + 1)
  const others = reads.slice(1)
  const rows = since.find(({ effect }) => reads.some((read) => changesRowsOf(effect, read)))
  const perhaps = since.find(({ effect }) => mayReach(effect, known, path))
  if (made >= 0 && isEmpty(earlier[made]) && rows === undefined && perhaps === undefined) {
    return 'empty'
  }
  const structure =
    earlier[made] ??
    earlier.find(({ effect }) => reads.some((read) => reshapes(effect, read))) ??
    earlier.find(({ effect }) => others.some((read) => creates(effect, read)))
  if (structure !== undefined) {
    return { kind: 'structure', says: `${wordOf(structure.effect)} by ${placeOf(structure)} first` }
  }
  if (rows !== undefined) {
    return { kind: 'rows', says: `${placeOf(rows)} changes these rows first` }
  }
  return perhaps === undefined
    ? null
    : { kind: 'perhaps', says: `${placeOf(perhaps)} may change these rows first` }
}

/** A function that is made or replaced first: what an expression says now is not what it will say. */
export function replacedFirst(
  earlier: readonly PlannedEffect[],
  calls: readonly QualifiedName[],
): Order | null {
  const routine = earlier.find(
    ({ effect: { op, object } }) =>
      object.kind === 'function' &&
      ['create', 'replace', 'alter', 'drop', 'rename'].includes(op) &&
      calls.some((name) => isOf({ schema: object.schema, name: object.name ?? '' }, name)),
  )
  return routine === undefined
    ? null
    : {
        kind: 'structure',
        says: `its function ${routine.effect.object.name} is changed by ${placeOf(routine)} first`,
      }
}

/** Where a column is new and nothing gives it a value, its type not either, every row has NULL there. */
export function isUnfilled(
  earlier: readonly PlannedEffect[],
  { name, known }: Omit<Read, 'columns'>,
  column: string,
  isFilledByType: (effect: Effect) => boolean,
): boolean {
  if (known?.columns.some((one) => one.name === column) === true) return false
  const made = earlier.findIndex(({ effect: { op, object } }) => {
    return (
      op === 'create' &&
      object.kind === 'column' &&
      object.name === column &&
      isOf(object.table, name)
    )
  })
  const effect = earlier[made]?.effect
  if (effect === undefined) return false
  const { default: value, identity, generated } = effect.column ?? {}
  if (value != null || identity != null || generated != null || isFilledByType(effect)) return false
  return !earlier.slice(made + 1).some((one) => fills(one.effect, name, column))
}

/** Rows are changed, or it is no longer that column as it was made. */
function fills(effect: Effect, name: QualifiedName, column: string): boolean {
  const { op, object, change, to } = effect
  if (op === 'unknown' || changesRows(op)) return true
  if (!isOf(object.table, name)) return false
  if (change === `OWNED BY ${column}`) return true
  if (object.kind !== 'column') return false
  if (op === 'rename') return to === column
  return (
    object.name === column && (op === 'create' || change === 'TYPE' || change === 'SET EXPRESSION')
  )
}

function isOf(table: QualifiedName | undefined, name: QualifiedName): boolean {
  return table !== undefined && maybeSameName(table, name)
}

function names(object: Effect['object'], name: QualifiedName): boolean {
  return (
    tables.has(object.kind) &&
    object.name !== null &&
    maybeSameName({ schema: object.schema, name: object.name }, name)
  )
}

/** A creation that is skipped where the table exists leaves it as it was. */
function creates({ op, object, ifNotExists, guarded, temporary }: Effect, read: Read): boolean {
  if (op !== 'create' || temporary === true || !names(object, read.name)) return false
  return !((ifNotExists || guarded) && read.known !== null)
}

/** Only a plain CREATE TABLE: a query, a parent's rows or partitions would fill it. */
function isEmpty(planned: PlannedEffect | undefined): boolean {
  if (planned === undefined || planned.effect.guarded || planned.effect.ifNotExists) return false
  const { tag, effect } = planned
  return /^CREATE (TABLE|SCHEMA)$/.test(tag) && !/INHERITS|PARTITION/.test(effect.change ?? '')
}

function reshapes({ op, object, to, ifExists, ifNotExists, change }: Effect, read: Read): boolean {
  const { name, columns, known } = read
  if (object.kind === 'column' && isOf(object.table, name)) {
    const isThere = known?.columns.some((one) => one.name === object.name) === true
    if (op === 'create') return columns.includes(object.name ?? '') && !(ifNotExists && isThere)
    if (op === 'rename') return columns.includes(object.name ?? '') || columns.includes(to ?? '')
    const shape = op === 'drop' || change === 'TYPE' || change === 'SET EXPRESSION'
    return shape && columns.includes(object.name ?? '')
  }
  if (!tables.has(object.kind)) return false
  if (op === 'rename') return names(object, name) || to === name.name
  if (op === 'set schema') return object.name === name.name
  return op === 'drop' && names(object, name) && !(ifExists && known === null)
}

function changesRowsOf({ op, object, partition }: Effect, { name }: Read): boolean {
  if (op === 'attach' || op === 'detach') {
    return names(object, name) || isOf(partition, name)
  }
  return changesRows(op) && names(object, name)
}

/** By a function, a trigger, a cascade. */
function mayReach(
  { op, object, cascade }: Effect,
  known: KnownObjects,
  path: readonly string[],
): boolean {
  if (op === 'unknown') return true
  if (op === 'drop' && object.kind === 'table') return true
  if (!changesRows(op) || object.name === null) return false
  if (cascade === true) return true
  return known.relation({ schema: object.schema, name: object.name }, path)?.reachesOthers === true
}

const words: Readonly<Partial<Record<Effect['op'], string>>> = {
  create: 'created',
  rename: 'renamed',
  drop: 'dropped',
  'set schema': 'moved',
}

const wordOf = ({ op }: Effect): string => words[op] ?? 'altered'

const placeOf = ({ where }: PlannedEffect): string => `${where.file}:${where.line}`
