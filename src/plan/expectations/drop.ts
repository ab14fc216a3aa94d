import { isOwned } from '../../sql/owned-kind.ts'
import type { Effect, ObjectRef, QualifiedName } from '../../sql/types.ts'
import { involves } from '../involves.ts'
import { maybeSame, maybeSameName, ownerName } from '../object-key.ts'
import type { Entry, Folding } from './entries.ts'
import { forgetOthers } from './unnamed.ts'

/** DROP: the object isn't there, and nothing is said any more of what went with it. */
export function foldDrop(folding: Folding, effect: Effect): void {
  const { entries, statement, step } = folding
  const { object } = effect
  const known = entries.find(object)
  forgetOthers(entries, object)
  forgetOwned(folding, object)
  if (object.kind === 'constraint') forgetIndexOf(folding, object)
  if (object.kind === 'column') forgetUsersOfColumn(folding, object)
  if (effect.cascade === true) forgetDependants(folding, object)
  const absent: Entry = {
    object: known?.object ?? object,
    state: 'absent',
    mayPreexist: false,
    where: statement.where,
    step,
    createdBy: null,
    temporary: known?.temporary ?? entries.owner(object)?.temporary ?? false,
    uses: [],
  }
  if (known === undefined) entries.put(absent)
  else entries.change(known, absent)
}

function forgetOwned({ entries }: Folding, object: ObjectRef): void {
  const owner = ownerName(object)
  if (owner === null || isOwned(object.kind)) return
  if (object.kind === 'schema') {
    for (const entry of entries.values()) {
      const schema = entry.object.table?.schema ?? entry.object.schema
      if (schema === owner.name) entries.remove(entry)
    }
    return
  }
  for (const entry of entries.mayBelongTo(owner)) entries.remove(entry)
}

/** The index of a constraint goes with it; it is known by itself where it was renamed. */
function forgetIndexOf({ entries }: Folding, { name, table }: ObjectRef): void {
  if (table === undefined) return
  const index: ObjectRef = { kind: 'index', schema: table.schema, name }
  const known = entries.find(index)
  if (known?.object.kind === 'index' && known.state === 'present') entries.remove(known)
  entries.forgetOtherSpellings(index, 'present')
}

/** Indexes and constraints that involve a dropped column go with it; an expression may or may not. */
function forgetUsersOfColumn({ entries }: Folding, { table, name }: ObjectRef): void {
  if (table === undefined || name === null) return
  for (const entry of entries.mayBelongTo(table)) {
    if (entry.object.kind !== 'column' && involves(entry, name)) entries.remove(entry)
  }
}

/** What CASCADE may have taken along: views on a table, foreign keys to it, triggers on a function. */
function forgetDependants(folding: Folding, dropped: ObjectRef): void {
  const { entries } = folding
  const dependants = entries.values().filter((entry) => dependsOn(entry, dropped))
  for (const entry of dependants) entries.remove(entry)
  for (const { object } of dependants) {
    forgetOwned(folding, object)
    forgetDependants(folding, object)
  }
}

function dependsOn({ uses, constraint, trigger, column }: Entry, dropped: ObjectRef): boolean {
  if (uses.some((used) => maybeSame(used, dropped))) return true
  const name: QualifiedName | null = ownerName(dropped)
  if (name === null) return false
  switch (dropped.kind) {
    case 'table':
    case 'constraint':
    case 'index':
      return references(constraint, dropped.kind === 'table' ? name : dropped.table)
    case 'function':
      return trigger !== undefined && maybeSameName(trigger.function, name)
    case 'type':
    case 'domain':
    case 'extension':
      return column?.type?.includes(name.name) ?? false
    default:
      return false
  }
}

function references(constraint: Entry['constraint'], table: QualifiedName | undefined): boolean {
  const target = constraint?.references
  return target != null && table !== undefined && maybeSameName(target.table, table)
}
