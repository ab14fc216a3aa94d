import { catalogMode } from '../plan/lock-modes.ts'
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
 * an unqualified name is the first on the search path. Names that don't exist give nothing. Takes two values: see `plannedValues`.
 */
export const plannedRelations = `
with recursive given as (
  select g.schema, g.name, g.modes, g.descends
  from pg_catalog.jsonb_to_recordset($1::pg_catalog.jsonb)
    as g (schema pg_catalog.text, name pg_catalog.text, modes pg_catalog.text[], descends pg_catalog.bool)
), named as (
  select coalesce(i.indrelid, c.oid) as oid, g.modes, g.descends
  from given g
  cross join lateral (
    select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relname::pg_catalog.text = g.name
      and n.nspname::pg_catalog.text = any (case when g.schema is null then $2::pg_catalog.text[] else array[g.schema] end)
    order by pg_catalog.array_position($2::pg_catalog.text[], n.nspname::pg_catalog.text) limit 1
  ) c
  left join pg_catalog.pg_index i on i.indexrelid = c.oid
), planned (oid, modes, descends) as (
  select oid, modes, descends from named
  union
  select h.inhrelid, p.modes, true from planned p join pg_catalog.pg_inherits h on h.inhparent = p.oid where p.descends
)`

/** The values of `plannedRelations`: the relations as JSON, the search path. */
export function plannedValues(subject: Subject): [string, readonly string[]] {
  const given = plannedLocks(subject).map(({ relation, waitsFor, descends }) => ({
    ...relation,
    modes: waitsFor.map(catalogMode),
    descends,
  }))
  return [JSON.stringify(given), subject.searchPath]
}
