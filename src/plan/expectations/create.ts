import type { ConstraintDefinition, Effect, ObjectRef } from '../../sql/types.ts'
import type { Entry, Folding } from './entries.ts'
import { forgetAbsent } from './unnamed.ts'

/** CREATE, ADD and OR REPLACE: the object is there, with this definition. */
export function foldCreate(folding: Folding, effect: Effect): void {
  const { entries } = folding
  const known = entries.find(effect.object)
  if (known?.state === 'present' && (effect.ifNotExists || effect.guarded)) return
  const owner = entries.owner(effect.object)
  if (effect.ifExists && owner?.state !== 'present') {
    if (known !== undefined) entries.remove(known)
    return
  }
  entries.forgetOtherSpellings(effect.object, effect.op === 'replace' ? undefined : 'absent')
  const entry = createdEntry(folding, effect, known, owner)
  if (effect.object.name === null) forgetAbsent(entries, entry)
  if (known === undefined || effect.object.name === null) entries.put(entry)
  else entries.change(known, entry)
  const { constraint } = effect
  if (constraint !== undefined) foldConstraint(folding, entry, constraint)
  if (effect.object.kind === 'sequence') foldSerial(folding, effect)
}

/** A serial column's default is the next value of a sequence whose name the server chooses. */
function foldSerial({ entries }: Folding, { object, change }: Effect): void {
  const { table } = object
  const name = /^OWNED BY (.*)$/s.exec(change ?? '')?.[1]
  if (table === undefined || name === undefined) return
  const known = entries.find({ kind: 'column', schema: table.schema, name, table })
  if (known?.column === undefined || known.column.identity != null) return
  const { default: _, ...column } = known.column
  entries.change(known, { ...known, column })
}

function createdEntry(
  { statement, step }: Folding,
  effect: Effect,
  known: Entry | undefined,
  owner: Entry | undefined,
): Entry {
  const { object, column, constraint, index, trigger, enabled } = effect
  const together = owner !== undefined && owner.createdBy === statement
  const guarded = effect.ifNotExists || effect.guarded || (together && owner.mayPreexist)
  return {
    object,
    state: 'present',
    ...(column === undefined ? {} : { column }),
    ...(constraint === undefined ? {} : { constraint }),
    ...(index === undefined ? {} : { index }),
    ...(trigger === undefined ? {} : { trigger }),
    ...(enabled === undefined ? {} : { enabled }),
    mayPreexist: guarded && known?.state !== 'absent',
    where: statement.where,
    step,
    createdBy: statement,
    temporary: effect.temporary === true || owner?.temporary === true,
    uses: effect.uses ?? [],
  }
}

/** USING INDEX takes the index's name away; a primary key makes its columns NOT NULL, as a NOT NULL of its own name does (18) once it is valid. */
function foldConstraint(folding: Folding, entry: Entry, constraint: ConstraintDefinition): void {
  const full = constraint.usingIndex === null ? entry : adoptIndex(folding, entry, constraint)
  requireColumns(folding, full)
}

/** Its columns are NOT NULL from here on, where it is a constraint that makes them so and holds for every row. */
export function requireColumns(folding: Folding, entry: Entry): void {
  const { constraint } = entry
  const isNotNull = constraint?.type === 'not null' && constraint.valid
  if (constraint?.type !== 'primary key' && !isNotNull) return
  for (const name of constraint.columns) requireNotNull(folding, entry, name)
}

function adoptIndex(folding: Folding, entry: Entry, constraint: ConstraintDefinition): Entry {
  const { entries, statement, step } = folding
  const { table } = entry.object
  const name = constraint.usingIndex
  if (table === undefined || name === null) return entry
  const object: ObjectRef = { kind: 'index', schema: table.schema, name, table }
  const index = entries.find(object)
  entries.forgetOtherSpellings(object)
  const keys = index?.index?.keys.flatMap(({ column }) => column ?? []) ?? []
  const columns = constraint.columns.length > 0 ? constraint.columns : keys
  const adopted: Entry = {
    ...entry,
    object: { ...entry.object, name: entry.object.name ?? name },
    constraint: { ...constraint, columns, include: index?.index?.include ?? constraint.include },
  }
  entries.change(entry, adopted)
  if (index !== undefined) entries.remove(index)
  if (adopted.object.name !== name) {
    const { where } = statement
    const gone = { object, state: 'absent', mayPreexist: false, where, step } as const
    entries.put({ ...gone, createdBy: null, temporary: entry.temporary, uses: [] })
  }
  return adopted
}

function requireNotNull({ entries, statement, step }: Folding, key: Entry, name: string): void {
  const { table } = key.object
  if (table === undefined) return
  const object: ObjectRef = { kind: 'column', schema: table.schema, name, table }
  const known = entries.find(object)
  entries.forgetOtherSpellings(object)
  if (known?.state === 'present') {
    entries.change(known, { ...known, column: { ...known.column, notNull: true }, step })
    return
  }
  entries.put({
    object,
    state: 'present',
    column: { notNull: true },
    mayPreexist: key.mayPreexist,
    where: statement.where,
    step,
    createdBy: null,
    temporary: key.temporary,
    uses: [],
  })
}
