import type { Session } from '../postgres/types.ts'
import type { QualifiedName } from '../sql/types.ts'
import { describedSession } from './snapshots.ts'
import type { AwaitedSession } from './waits.ts'

/** An index as it stands beside its table. */
export interface StandingIndex {
  readonly oid: number
  /** Qualified and quoted, as SQL writes it. */
  readonly name: string
  readonly tableOid: number
  /** The table that it is on, which need not be the one asked about. */
  readonly table: QualifiedName & { readonly schema: string }
  readonly valid: boolean
  /** Of a partitioned table: INVALID until each partition has its own, which is no failed build. */
  readonly partitioned: boolean
  /** As pg_get_indexdef() prints it. */
  readonly definition: string
}

/**
 * The index of a name in the schema of a table, where CREATE INDEX would put it; null where there is none. `table` is a quoted SQL name, `name` the
 * index's own, unquoted.
 */
export async function readIndexBeside(
  session: Session,
  table: string,
  name: string,
): Promise<StandingIndex | null> {
  return readIndex(
    session,
    `pg_catalog.pg_class wanted join pg_catalog.pg_class x on x.relnamespace = wanted.relnamespace and x.relname = $2
     where wanted.oid = pg_catalog.to_regclass($1)`,
    [table, name],
  )
}

/** The index of a quoted SQL name, as the session's search path finds it; null where there is none. */
export async function readIndexByName(
  session: Session,
  name: string,
): Promise<StandingIndex | null> {
  return readIndex(session, 'pg_catalog.pg_class x where x.oid = pg_catalog.to_regclass($1)', [
    name,
  ])
}

/** The index of an OID, under whatever name; null where it is gone. */
export async function readIndexByOid(session: Session, oid: number): Promise<StandingIndex | null> {
  return readIndex(session, 'pg_catalog.pg_class x where x.oid = $1::pg_catalog.oid', [String(oid)])
}

/** `from` names the index's row of pg_class as x. */
async function readIndex(
  session: Session,
  from: string,
  values: readonly string[],
): Promise<StandingIndex | null> {
  const [row] = await session.rows<
    Omit<StandingIndex, 'table'> & { readonly tableSchema: string; readonly tableName: string }
  >(
    `select i.indexrelid::pg_catalog.int8 as oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(x.relname) as name,
       i.indrelid::pg_catalog.int8 as "tableOid", t.schema as "tableSchema", t.relname as "tableName",
       i.indisvalid and i.indisready and i.indislive as valid, x.relkind = 'I' as partitioned,
       pg_catalog.pg_get_indexdef(i.indexrelid) as definition
     from (select x.* from ${from}) x
     join pg_catalog.pg_index i on i.indexrelid = x.oid
     join pg_catalog.pg_namespace n on n.oid = x.relnamespace
     join lateral (
       select c.relname, s.nspname as schema from pg_catalog.pg_class c join pg_catalog.pg_namespace s on s.oid = c.relnamespace
       where c.oid = i.indrelid
     ) t on true`,
    values,
  )
  if (row === undefined) return null
  const { tableSchema, tableName, ...index } = row
  return { ...index, table: { schema: tableSchema, name: tableName } }
}

/**
 * Sessions that build an index on the table, or drop or rebuild the index: while there is one, an INVALID index is its work and no leftover. Without
 * pg_read_all_stats the view of builds hides which table it is; the lock that every concurrent build keeps on its table tells, and hides from nobody.
 */
export async function readBuilders(
  observer: Session,
  { oid, tableOid }: Pick<StandingIndex, 'oid' | 'tableOid'>,
  ours: readonly number[],
): Promise<AwaitedSession[]> {
  return observer.rows<AwaitedSession>(
    `with locks as materialized (
       select l.pid, l.relation, l.mode from pg_catalog.pg_locks l
       where l.locktype = 'relation' and l.granted and l.relation in ($1::pg_catalog.oid, $2::pg_catalog.oid)
         and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
         and l.mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'AccessExclusiveLock')
     )
     select ${describedSession.replace("coalesce(a.state, '')", "pg_catalog.concat_ws(', ', a.state, p.phase)")}
     from pg_catalog.pg_stat_activity a left join pg_catalog.pg_stat_progress_create_index p on p.pid = a.pid
     where a.datname = pg_catalog.current_database() and a.pid <> pg_catalog.pg_backend_pid() and a.pid <> all ($3::pg_catalog.int4[])
       and (p.relid = $2::pg_catalog.oid
         or p.pid is not null and p.relid is null and exists (select from locks l where l.pid = a.pid)
         or exists (select from locks l where l.pid = a.pid and l.relation = $1::pg_catalog.oid))`,
    [String(oid), String(tableOid), ours.map(String)],
  )
}

/**
 * Is this very index the work of another session that builds it now? False also where the view of builds hides it (another role's, without
 * pg_read_all_stats).
 */
export async function isBuiltByAnother(
  observer: Session,
  oid: number,
  ours: readonly number[],
): Promise<boolean> {
  const rows = await observer.rows(
    `select p.pid from pg_catalog.pg_stat_progress_create_index p
     where p.datname = pg_catalog.current_database() and p.index_relid = $1::pg_catalog.oid and p.pid <> all ($2::pg_catalog.int4[])`,
    [String(oid), ours.map(String)],
  )
  return rows.length > 0
}

export interface RebuildLeftover {
  readonly oid: number
  readonly tableOid: number
  /** Qualified and quoted, as SQL writes it. */
  readonly name: string
}

/**
 * INVALID indexes on the tables, and on what holds their long values (TOAST), that a REINDEX CONCURRENTLY left behind when it was cut off: the server
 * names them …_ccnew or …_ccold.
 */
export async function readRebuildLeftovers(
  session: Session,
  tables: readonly number[],
): Promise<RebuildLeftover[]> {
  if (tables.length === 0) return []
  return session.rows<RebuildLeftover>(
    `select i.indexrelid::pg_catalog.int8 as oid, i.indrelid::pg_catalog.int8 as "tableOid",
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as name
     from pg_catalog.pg_index i
     join pg_catalog.pg_class c on c.oid = i.indexrelid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where i.indrelid in (
         select t.oid from pg_catalog.unnest($1::pg_catalog.oid[]) as t (oid)
         union select t.reltoastrelid from pg_catalog.pg_class t where t.oid = any ($1::pg_catalog.oid[]) and t.reltoastrelid <> 0)
       and c.relkind = 'i'
       and not (i.indisvalid and i.indisready and i.indislive) and c.relname ~ '_cc(new|old)[0-9]*$'
     order by 1`,
    [tables.map(String)],
  )
}
