import type { PlannedMigration } from '../plan/types.ts'
import type { Session } from '../postgres/types.ts'
import type { QualifiedName } from '../sql/types.ts'

/** A table whose rows a backup must hold. */
export interface PlanTable {
  readonly oid: string
  readonly schema: string
  readonly name: string
  /** As the server prints it, schema included. */
  readonly quoted: string
  /** False for a partitioned table: its rows are its partitions'. */
  readonly hasRows: boolean
}

/** The tables that the migrations change, as written; each once. */
export function tablesNamedIn(pending: readonly PlannedMigration[]): readonly QualifiedName[] {
  const named = new Map<string, QualifiedName>()
  const add = ({ schema, name }: QualifiedName) =>
    named.set(JSON.stringify([schema, name]), { schema, name })
  for (const { script } of pending) {
    for (const { effects } of script.statements) {
      for (const { object, op, partition } of effects) {
        if (op === 'read') continue
        if (object.table !== undefined) add(object.table)
        if (object.kind === 'table' && object.name !== null) {
          add({ schema: object.schema, name: object.name })
        }
        if (partition !== undefined) add(partition)
      }
    }
  }
  return [...named.values()]
}

/**
 * Those of them that exist now, with their partitions. Not: tables of extensions, which CREATE EXTENSION makes again, and temporary ones. No
 * lock is taken: pg_partition_tree() would queue behind an ALTER TABLE.
 */
export async function findPlanTables(
  session: Session,
  named: readonly QualifiedName[],
  searchPath: readonly string[],
): Promise<readonly PlanTable[]> {
  if (named.length === 0) return []
  return session.rows<PlanTable>(query, [
    named.map(({ schema }) => schema ?? ''),
    named.map(({ name }) => name),
    [...searchPath],
  ])
}

const query = `
with recursive wanted as (
  select distinct schema, name from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) as named(schema, name)
), found as (
  select distinct on (w.schema, w.name) c.oid
  from wanted w
  join pg_catalog.pg_namespace n on n.nspname = w.schema or (w.schema = '' and n.nspname = any ($3::text[]))
  join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name and c.relkind in ('r', 'p')
  order by w.schema, w.name, pg_catalog.array_position($3::text[], n.nspname::text)
), tree as (
  select oid from found
  union
  select i.inhrelid from tree join pg_catalog.pg_inherits i on i.inhparent = tree.oid
  join pg_catalog.pg_class c on c.oid = i.inhrelid where c.relispartition
)
select c.oid::text as oid, n.nspname::text as schema, c.relname::text as name, c.relkind = 'r' as "hasRows",
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as quoted
from tree join pg_catalog.pg_class c using (oid) join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and c.relpersistence <> 't' and not exists (
  select from pg_catalog.pg_depend d
  where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')
order by 2, 3`
