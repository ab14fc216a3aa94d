import type { Effect, ObjectRef } from '../../sql/types.ts'
import { describeObject } from '../object-words.ts'
import { inverseOfColumn } from './alter.ts'
import { createStatement } from './create-statement.ts'
import { defaultName } from './default-name.ts'
import { type Inverting, type InvertOptions, stays } from './inverting.ts'
import type { Life, Lives } from './lives.ts'
import type { InverseStatement, ObjectBefore } from './object-before.ts'
import { dropStatement } from './statement.ts'

/** What was created is dropped, unless it was there before or goes with what it belongs to. */
export function invertCreate(inverting: Inverting, effect: Effect): void {
  const { lives, options } = inverting
  const object = named(lives, effect, options)
  if (
    lives.belongsToNew(object) &&
    !isForeignKeyElsewhere(effect) &&
    !lives.mayUseYounger(object)
  ) {
    return
  }
  if (goesWithItsColumn(lives, effect)) return
  if (object.kind === 'enum value') {
    stays(inverting, object, 'an enum value can’t be removed from its type')
    return
  }
  const known = lives.at(object)
  if (known !== undefined && !known.ended) return
  const before = known === undefined ? lives.lookBefore(object) : null
  if (before !== null && before !== undefined) {
    lives.begin(object, 'before', before)
    return
  }
  const life = lives.begin(object, 'here', before)
  if (object.name === null) {
    stays(inverting, object, 'the name that the server gave to it isn’t known')
    return
  }
  const adopted = adoptedIndex(inverting, effect)
  inverting.inverses.push({
    life,
    statements: () => [...dropOf(inverting, life, effect), ...adopted()],
  })
}

function named(lives: Lives, effect: Effect, { nameOf }: InvertOptions): ObjectRef {
  const { object } = effect
  if (object.name !== null) return object
  if (nameOf !== undefined) return { ...object, name: nameOf(effect) }
  const name = defaultName(effect)
  const taken = (kind: ObjectRef['kind']) => {
    const candidate = { ...object, kind, name, schema: object.table?.schema ?? object.schema }
    return lives.at(candidate) !== undefined || lives.lookBefore(candidate) !== null
  }
  const certain = !(['constraint', 'index', 'table'] as const).some(taken)
  return { ...object, name: certain ? name : null }
}

/** An unnamed constraint of a new column, and the sequence of a serial or identity column, are dropped with it. */
function goesWithItsColumn(lives: Lives, { object, constraint }: Effect): boolean {
  const { table } = object
  if (object.name !== null || table === undefined) return false
  if (object.kind === 'sequence') return true
  const columns = constraint?.columns ?? []
  return columns.some((name) => lives.isNew({ kind: 'column', schema: table.schema, name, table }))
}

/** A foreign key between two new tables: dropping the first table would fail while it is there. */
function isForeignKeyElsewhere({ constraint, object }: Effect): boolean {
  const target = constraint?.references?.table
  return target !== undefined && target.name !== object.table?.name
}

function dropOf(
  { lives, irreversible }: Inverting,
  life: Life,
  effect: Effect,
): readonly InverseStatement[] {
  const { object } = life
  const unknown = life.before === undefined
  const concurrently = effect.index?.concurrently === true
  const sql = dropStatement(object, {
    concurrently,
    // A sequence may be gone with the column that owns it.
    ifExists: unknown || object.kind === 'sequence',
    ofDomain: lives.isDomain(object.table),
  })
  const what = describeObject(object)
  if (sql === null) {
    irreversible.push({ object, why: `no statement that drops ${what} is derived` })
    return []
  }
  const why = unknown
    ? `${what} was created; it isn't known whether it was there before`
    : `${what} was created`
  const data = dataOf(object)
  const drop = { sql, concurrently, why, ...(data === null ? {} : { holdsData: data }) }
  return [drop, ...nullableAgain(lives, effect)]
}

function dataOf({
  kind,
  schema,
  name,
  table,
}: ObjectRef): NonNullable<InverseStatement['holdsData']> | null {
  if (name === null) return null
  if (kind === 'table') return { table: { schema, name } }
  return kind === 'column' && table !== undefined ? { table, column: name } : null
}

/** ADD PRIMARY KEY makes its columns NOT NULL, and dropping it leaves them so. */
function nullableAgain(lives: Lives, { constraint, object }: Effect): readonly InverseStatement[] {
  const { table } = object
  if (constraint?.type !== 'primary key' || table === undefined) return []
  return constraint.columns.flatMap((name) => {
    const column: ObjectRef = { kind: 'column', schema: table.schema, name, table }
    const before = lives.lookBefore(column)
    if (before == null || !isNullable(before)) return []
    return inverseOfColumn(column, { notNull: true }, before).statements
  })
}

function isNullable({ attributes }: ObjectBefore): boolean {
  return attributes['not null'] === 'false'
}

/** The index that USING INDEX took: dropped with the constraint, so made again where it was there before. */
function adoptedIndex(
  { lives }: Inverting,
  { constraint, object }: Effect,
): () => readonly InverseStatement[] {
  const { table } = object
  if (constraint?.usingIndex == null || table === undefined) return () => []
  const index: ObjectRef = {
    kind: 'index',
    schema: table.schema,
    name: constraint.usingIndex,
    table,
  }
  const life = lives.at(index)
  if (life !== undefined) {
    life.ended = true
    return () => []
  }
  const before = lives.lookBefore(index)
  lives.begin(index, 'before', before).ended = true
  const sql = before == null ? null : createStatement(index, before, false)
  const why = `${describeObject(index)} went into the constraint`
  return () => (sql === null ? [] : [{ sql, concurrently: false, why }])
}
