import { isOwned } from '../../sql/owned-kind.ts'
import type { Effect, ObjectRef, QualifiedName } from '../../sql/types.ts'
import { expressionsOf, involves } from '../involves.ts'
import { maybeSameName, ownerName, sameName } from '../object-key.ts'
import type { Entry, Folding } from './entries.ts'
import { forgetOthers, forgetUnnamed } from './unnamed.ts'

/** RENAME: the old name is gone, the new one is there with what was known; what belongs to it follows. */
export function foldRename(folding: Folding, effect: Effect): void {
  const { to } = effect
  if (to === undefined) return
  const object = renamedObject(folding, effect.object)
  moveObject(folding, effect, object, { ...object, name: to })
  if (object.kind === 'column') renameColumn(folding, object, to)
  if (object.kind === 'schema' && object.name !== null) moveSchema(folding, object.name, to)
}

/** SET SCHEMA: the same name elsewhere. */
export function foldSetSchema(folding: Folding, effect: Effect): void {
  const { object, to } = effect
  if (to !== undefined) moveObject(folding, effect, object, { ...object, schema: to })
}

/** The index of a constraint bears the constraint's name: renaming it renames the constraint. */
function renamedObject({ entries }: Folding, object: ObjectRef): ObjectRef {
  const known = entries.find(object)
  if (known !== undefined) return { ...object, ...known.object }
  if (object.kind !== 'index') return object
  forgetUnnamed(entries, { ...object, kind: 'constraint' })
  const constraints = entries
    .values()
    .filter(
      (entry) =>
        entry.object.kind === 'constraint' &&
        entry.object.name === object.name &&
        entry.state === 'present' &&
        ['primary key', 'unique', 'exclude'].includes(entry.constraint?.type ?? ''),
    )
  const own = constraints.find(({ object: { table } }) => table?.schema === object.schema)
  if (own !== undefined) return own.object
  const maybe = constraints.filter(
    ({ object: { table } }) => table?.schema === null || object.schema === null,
  )
  for (const entry of maybe) entries.remove(entry)
  return object
}

function moveObject(folding: Folding, effect: Effect, from: ObjectRef, to: ObjectRef): void {
  const { entries, statement, step } = folding
  const known = entries.find(from)
  forgetOthers(entries, from)
  const temporary = known?.temporary ?? entries.owner(from)?.temporary ?? false
  const base = { where: statement.where, step, createdBy: null, temporary, uses: [] }
  const unknowable = known?.state !== 'present' && effect.ifExists
  const target = entries.find(to)
  if (target !== undefined) entries.remove(target)
  if (known !== undefined) entries.remove(known)
  entries.put({ ...base, object: from, state: 'absent', mayPreexist: false })
  if (!unknowable) {
    const fresh: Entry = { ...base, object: to, state: 'present', mayPreexist: effect.guarded }
    const kept = known?.state === 'present' ? { ...known, object: to } : fresh
    entries.put({ ...kept, where: statement.where, step })
  }
  moveOwned(folding, from, to)
}

/** Columns, constraints, indexes and triggers follow their table; foreign keys to it follow too. */
function moveOwned({ entries, step }: Folding, from: ObjectRef, to: ObjectRef): void {
  const old = ownerName(from)
  const name = ownerName(to)
  if (old === null || name === null || isOwned(from.kind)) return
  for (const entry of entries.mayBelongTo(old)) {
    if (!sameName(entry.object.table, old)) {
      entries.remove(entry)
      continue
    }
    const schema = entry.object.schema === old.schema ? name.schema : entry.object.schema
    entries.change(entry, { ...entry, object: { ...entry.object, schema, table: name }, step })
  }
  for (const entry of entries.values()) {
    const target = entry.constraint?.references
    const { constraint, ...undefinedNow } = entry
    if (constraint === undefined || target == null || !maybeSameName(target.table, old)) continue
    const changed = sameName(target.table, old)
      ? { ...entry, constraint: { ...constraint, references: { ...target, table: name } } }
      : undefinedNow
    entries.change(entry, { ...changed, step })
  }
}

function moveSchema({ entries, step }: Folding, from: string, to: string): void {
  const moved = (name: QualifiedName | undefined) =>
    name?.schema === from ? { ...name, schema: to } : name
  for (const entry of entries.values()) {
    const { object } = entry
    if (object.kind === 'schema') continue
    if (object.schema !== from && object.table?.schema !== from) continue
    const table = moved(object.table)
    const schema = object.schema === from ? to : object.schema
    const renamed = { ...object, schema, ...(table === undefined ? {} : { table }) }
    entries.change(entry, { ...entry, object: renamed, step })
  }
}

/** The table's definitions name the column as it is called now; one with an expression over it is left unsaid. */
function renameColumn({ entries, step }: Folding, { table, name }: ObjectRef, to: string): void {
  if (table === undefined || name === null) return
  const rename = (column: string) => (column === name ? to : column)
  for (const entry of entries.values()) {
    const own = sameName(entry.object.table, table) && entry.object.kind !== 'column'
    if (refersOtherwise(entry, table, name) || (!own && mayInvolve(entry, table, name))) {
      entries.remove(entry)
      continue
    }
    const changed = own ? withColumnRenamed(entry, name, rename) : entry
    const referring = withTargetRenamed(changed, table, rename)
    if (referring !== entry) entries.change(entry, { ...referring, step })
  }
}

/** True for what names the column should its table, spelled otherwise, be this one. */
function mayInvolve(entry: Entry, table: QualifiedName, name: string): boolean {
  const owner = entry.object.kind === 'column' ? undefined : entry.object.table
  return owner !== undefined && maybeSameName(owner, table) && involves(entry, name)
}

/** True for a foreign key to the column should its target, spelled otherwise, be this table. */
function refersOtherwise({ constraint }: Entry, table: QualifiedName, name: string): boolean {
  const target = constraint?.references
  if (target == null || !target.columns.includes(name)) return false
  return maybeSameName(target.table, table) && !sameName(target.table, table)
}

function withColumnRenamed(entry: Entry, name: string, rename: (column: string) => string): Entry {
  const { constraint, index, trigger, ...rest } = entry
  if (expressionsOf({ constraint, index }).includes(name)) return rest
  return {
    ...rest,
    ...(constraint === undefined
      ? {}
      : {
          constraint: {
            ...constraint,
            columns: constraint.columns.map(rename),
            include: constraint.include.map(rename),
          },
        }),
    ...(index === undefined
      ? {}
      : {
          index: {
            ...index,
            include: index.include.map(rename),
            keys: index.keys.map((key) => ({
              ...key,
              column: key.column === null ? null : rename(key.column),
            })),
          },
        }),
    ...(trigger === undefined
      ? {}
      : { trigger: { ...trigger, columns: trigger.columns.map(rename) } }),
  }
}

function withTargetRenamed(
  entry: Entry,
  table: QualifiedName,
  rename: (column: string) => string,
): Entry {
  const { constraint } = entry
  const target = constraint?.references
  if (constraint === undefined || target == null || !sameName(target.table, table)) return entry
  const references = { ...target, columns: target.columns.map(rename) }
  return { ...entry, constraint: { ...constraint, references } }
}
