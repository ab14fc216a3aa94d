import type { Session } from '../postgres/types.ts'
import { type AwaitedSession, readCharacters } from './waits.ts'

/** What a concurrent statement waits for by nature, beside the locks that it takes itself. */
export interface Wanted {
  /** OIDs of the tables whose lock holders it waits for. */
  readonly tables: readonly number[]
  /** 'writers': locks that conflict with SHARE (a build). 'all': any lock at all (dropping, swapping, detaching). */
  readonly lockers: 'writers' | 'all'
  /** It waits for older snapshots, whatever they read. 'but safe builds': those of concurrent builds without expression and predicate left out (14+). */
  readonly snapshots: 'none' | 'all' | 'but safe builds'
}

/** A transaction that a concurrent statement would wait for, were it begun now. */
export interface OlderTransaction extends AwaitedSession {
  /** What it would be waited for: its locks, or one snapshot of it. Another text when it has let go of that. */
  readonly marks: readonly string[]
}

/**
 * The transactions that a concurrent statement would wait for, as of now: WaitForLockers and WaitForOlderSnapshots as the server does it (14 to
 * 18). Left out like there: other databases, autovacuum (told by having no user), vacuums, safe builds. Replication slots keep no statement waiting.
 * Prepared transactions hold locks, never a snapshot. Asked by the observer in autocommit. pg_locks and backend_xmin are visible to every role; who it is
 * and since when is empty without pg_read_all_stats.
 */
export async function readOlderTransactions(
  observer: Session,
  { tables, lockers, snapshots }: Wanted,
  ours: readonly number[],
): Promise<OlderTransaction[]> {
  return observer.rows<OlderTransaction>(
    `with locks as materialized (
       select l.pid, l.virtualtransaction as id, l.locktype = 'relation' as holds, l.transactionid::text as xid
       from pg_catalog.pg_locks l
       where l.granted and (l.locktype = 'virtualxid' and l.virtualxid = l.virtualtransaction
         or l.locktype = 'transactionid' and l.pid is null
         or l.locktype = 'relation' and l.relation = any ($1::pg_catalog.oid[]) and ($2 or l.mode = any ($3::pg_catalog.text[]))
           and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()))
     ), transactions as (
       select pid, id, pg_catalog.bool_or(holds) as holds, pg_catalog.max(xid) as xid from locks group by pid, id
     )
     select ${describedSession},
       pg_catalog.array_remove(array[case when t.holds then 'locks ' || t.id end, case when s.xmin is not null then 'snapshot ' || coalesce(t.id, a.pid::text) || ' ' || s.xmin end], null) as marks
     from pg_catalog.pg_stat_activity a
     left join transactions t on t.pid = a.pid
     left join lateral (
       select a.backend_xmin::text as xmin
       where $4 and not exists (select from pg_catalog.pg_stat_progress_vacuum v where v.pid = a.pid)
         and not ($5 and exists (
           select from pg_catalog.pg_stat_progress_create_index b join pg_catalog.pg_index i on i.indexrelid = b.index_relid
           where b.pid = a.pid and b.command like '% CONCURRENTLY' and i.indexprs is null and i.indpred is null))
     ) s on true
     where a.datname = pg_catalog.current_database() and a.usesysid is not null and a.leader_pid is null
       and a.pid <> pg_catalog.pg_backend_pid() and a.pid <> all ($6::pg_catalog.int4[])
       and (t.holds or s.xmin is not null)
     union all
     select 0, p.gid, p.owner::text, 'local', 'prepared transaction',
       pg_catalog.round(extract(epoch from pg_catalog.clock_timestamp() - p.prepared) * 1000)::pg_catalog.int8,
       null, '', '', array['locks ' || t.id]
     from transactions t join pg_catalog.pg_prepared_xacts p on p.transaction::text = t.xid
     where t.pid is null and t.holds`,
    [
      tables.map(String),
      lockers === 'all',
      conflictingWithShare,
      snapshots !== 'none',
      snapshots === 'but safe builds',
      ours.map(String),
    ],
  )
}

const conflictingWithShare = [
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
]

/** Columns of an `AwaitedSession`, from pg_stat_activity as `a`. */
export const describedSession = `a.pid, coalesce(a.application_name, '') as application, coalesce(a.usename::text, '') as "user",
       coalesce(pg_catalog.host(a.client_addr), 'local') as client, coalesce(a.state, '') as state,
       pg_catalog.round(extract(epoch from pg_catalog.clock_timestamp() - a.xact_start) * 1000)::pg_catalog.int8 as "transactionAgeMs",
       pg_catalog.to_char(a.query_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "queryStartedAt",
       coalesce(pg_catalog.left(a.query, ${readCharacters}), '') as query,
       coalesce(a.backend_start::pg_catalog.text, '') as "backendStart"`

/** What a statement speaks of: relations as quoted SQL names, whole schemas, the whole database. */
export interface Reach {
  readonly relations: readonly string[]
  readonly schemas: readonly string[]
  readonly database: boolean
}

/** OIDs of the tables and materialized views: those named, those of named indexes, their partitions; all of a schema or of the database. */
export async function readTables(session: Session, reach: Reach): Promise<number[]> {
  const { relations, schemas, database } = reach
  const rows = await session.rows<{ readonly oid: number }>(
    `with named as (
       select c.oid from pg_catalog.unnest($1::pg_catalog.text[]) as name join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass(name)
     ), below as (
       select oid from named union select p.relid::pg_catalog.oid from named, pg_catalog.pg_partition_tree(named.oid) p
     )
     select distinct coalesce(i.indrelid, b.oid)::pg_catalog.int8 as oid from below b left join pg_catalog.pg_index i on i.indexrelid = b.oid
     union
     select c.oid::pg_catalog.int8 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'm') and (n.nspname = any ($2::pg_catalog.text[])
       or $3 and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)')`,
    [relations, schemas, database],
  )
  return rows.map(({ oid }) => oid)
}
