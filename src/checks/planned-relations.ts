import { schemasOf } from '../plan/effect-path.ts'
import { catalogMode, lockModes } from '../plan/lock-modes.ts'
import { type LockedTable, lockedTables } from '../plan/locked-tables.ts'
import type { Subject } from './check.ts'

/** What the plan locks, found once a subject however many checks ask. */
const found = new WeakMap<Subject, readonly LockedTable[]>()

/** The relations from before that this plan locks. */
export function plannedLocks(subject: Subject): readonly LockedTable[] {
  const known = found.get(subject) ?? lockedTables(subject.pending)
  found.set(subject, known)
  return known
}

export function waitsForSnapshots(subject: Subject): boolean {
  return plannedLocks(subject).some((table) => table.waitsForSnapshots)
}

/**
 * The beginning of a query (`WITH RECURSIVE planned … `) that gives the planned relations as the catalog has them: `oid`, and in `modes` the lock
 * modes of others, as pg_locks spells them, that the plan would wait for. An index gives its table, a parent its partitions and children;
 * an unqualified name is the first on the search path; where foreign keys go, the table at their other end is there too. Names that don't exist
 * give nothing, and are in `given` but not in `named`. Takes one value: see `plannedValues`.
 */
export const plannedRelations = `
with recursive given as (
  select g.*
  from pg_catalog.jsonb_to_recordset($1::pg_catalog.jsonb)
    as g (place pg_catalog.int4, schemas pg_catalog.text[], name pg_catalog.text, modes pg_catalog.text[], descends pg_catalog.bool,
          "everyKey" pg_catalog.bool, keys pg_catalog.text[])
), named as (
  select g.place, coalesce(i.indrelid, c.oid) as oid, g.modes, g.descends, g."everyKey", g.keys
  from given g
  cross join lateral (
    select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relname::pg_catalog.text = g.name
      and n.nspname::pg_catalog.text = any (g.schemas)
    order by pg_catalog.array_position(g.schemas, n.nspname::pg_catalog.text) limit 1
  ) c
  left join pg_catalog.pg_index i on i.indexrelid = c.oid
), planned (oid, modes, descends) as (
  (select oid, modes, descends from named
   union all
   select case k.conrelid when d.oid then k.confrelid else k.conrelid end, array[${lockModes.map((mode) => `'${catalogMode(mode)}'`).join(', ')}], false
   from named d join pg_catalog.pg_constraint k on k.contype = 'f'
    and (k.conrelid = d.oid and (d."everyKey" or k.conname::pg_catalog.text = any (d.keys)) or k.confrelid = d.oid and d."everyKey"))
  union
  select h.inhrelid, p.modes, true from planned p join pg_catalog.pg_inherits h on h.inhparent = p.oid where p.descends
)`

/** The value of `plannedRelations`: the relations as JSON, each with its place among the planned locks. */
export function plannedValues(subject: Subject): [string] {
  const given = plannedLocks(subject).map((lock, place) => ({
    place,
    schemas: schemasOf(lock.relation, lock, subject),
    name: lock.relation.name,
    modes: lock.waitsFor.map(catalogMode),
    descends: lock.descends,
    everyKey: lock.foreignKeys === 'all',
    keys: typeof lock.foreignKeys === 'string' ? [] : lock.foreignKeys,
  }))
  return [JSON.stringify(given)]
}
