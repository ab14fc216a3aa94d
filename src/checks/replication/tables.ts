import type { PlannedIdentity } from '../../plan/replica-identities.ts'
import type { TouchedTable } from '../../plan/touched-tables.ts'
import type { Session } from '../../postgres/types.ts'

/** A touched table as the catalog has it. */
export interface PublishedTable {
  /** Place in the list of touched tables. */
  readonly place: number
  readonly schema: string
  readonly name: string
  readonly setting: NonNullable<PlannedIdentity['setting']>
  readonly hasPrimaryKey: boolean
  /** The index of REPLICA IDENTITY USING INDEX is still there. */
  readonly hasIndex: boolean
  /** Publications that hold it, with the row changes that each passes on. */
  readonly publications: readonly {
    readonly name: string
    readonly update: boolean
    readonly delete: boolean
  }[]
}

/** Those of the touched tables that are there, each once. One query. */
export function readTables(
  session: Session,
  touched: readonly TouchedTable[],
): Promise<PublishedTable[]> {
  const wanted = touched.map(({ table: { name }, schemas }, place) => ({ place, name, schemas }))
  return session.rows<PublishedTable>(TABLES, [JSON.stringify(wanted)])
}

const TABLES = `
with published as materialized (
  select t.schemaname, t.tablename,
         pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', p.pubname, 'update', p.pubupdate, 'delete', p.pubdelete) order by p.pubname) as publications
    from pg_catalog.pg_publication_tables t
    join pg_catalog.pg_publication p on p.pubname = t.pubname
   group by t.schemaname, t.tablename
)
select distinct on (w.place) w.place, n.nspname::text as schema, c.relname::text as name,
       case c.relreplident when 'f' then 'FULL' when 'n' then 'NOTHING' when 'i' then 'INDEX' else 'DEFAULT' end as setting,
       exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary) as "hasPrimaryKey",
       exists (select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisreplident) as "hasIndex",
       coalesce(p.publications, '[]') as publications
  from pg_catalog.jsonb_to_recordset($1::pg_catalog.jsonb) as w (place pg_catalog.int4, name pg_catalog.text, schemas pg_catalog.text[])
  join pg_catalog.pg_class c on c.relname::pg_catalog.text = w.name and c.relkind in ('r', 'p')
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname::pg_catalog.text = any (w.schemas)
  left join published p on p.schemaname = n.nspname and p.tablename = c.relname
 order by w.place, pg_catalog.array_position(w.schemas, n.nspname::pg_catalog.text)`

/** As the plan leaves it when it comes to the change. */
export function hasIdentity(
  table: Omit<PublishedTable, 'publications'>,
  planned: PlannedIdentity,
): boolean {
  switch (planned.setting ?? table.setting) {
    case 'FULL':
      return true
    case 'NOTHING':
      return false
    case 'INDEX':
      return planned.setting === 'INDEX' || table.hasIndex
    case 'DEFAULT':
      return planned.primaryKey || table.hasPrimaryKey
  }
}
