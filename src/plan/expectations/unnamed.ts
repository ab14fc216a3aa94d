import type { ObjectRef } from '../../sql/types.ts'
import { defaultName, maybeDefaultName } from '../inverses/default-name.ts'
import { maybeSameName } from '../object-key.ts'
import type { Entries, Entry } from './entries.ts'

/**
 * Forgets whatever else may be this object: the same under another spelling of its schema, and an unnamed constraint or index whose name, given
 * by the server, may be this one.
 */
export function forgetOthers(entries: Entries, object: ObjectRef): void {
  const known = entries.find(object)
  const others = entries.forgetOtherSpellings(object)
  if (![known, ...others].some(isDefined)) forgetUnnamed(entries, object)
}

/** Forgets the unnamed one that would have this name by default; where there is none, all that may have got it. */
export function forgetUnnamed(entries: Entries, { kind, schema, name, table }: ObjectRef): void {
  if (name === null || (kind !== 'constraint' && kind !== 'index')) return
  const unnamed = entries
    .loose(kind)
    .filter(
      (entry) =>
        entry.object.name === null &&
        isOn(entry, table ?? { schema, name: entry.object.table?.name ?? '' }) &&
        maybeDefaultName(name, entry),
    )
  const exact = unnamed.filter((entry) => defaultName(entry) === name)
  for (const entry of exact.length > 0 ? exact : unnamed) entries.remove(entry)
}

/** One without a name may get a name that was dropped before. */
export function forgetAbsent(entries: Entries, unnamed: Entry): void {
  const { table } = unnamed.object
  if (table === undefined) return
  for (const entry of [...entries.mayBelongTo(table), ...entries.loose('index')]) {
    const { name, schema, table: own = { schema, name: table.name } } = entry.object
    if (entry.state !== 'absent' || name === null || !maybeSameName(own, table)) continue
    if (['constraint', 'index'].includes(entry.object.kind) && maybeDefaultName(name, unnamed)) {
      entries.remove(entry)
    }
  }
}

function isDefined(entry: Entry | undefined): boolean {
  if (entry?.state !== 'present') return false
  return entry.constraint !== undefined || entry.index !== undefined
}

function isOn({ object }: Entry, table: NonNullable<ObjectRef['table']>): boolean {
  return object.table !== undefined && maybeSameName(object.table, table)
}
