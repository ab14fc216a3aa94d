import type { Session } from '../postgres/types.ts'

/** A row of pg_stat_progress_create_index, as the server names its columns; counts that a phase doesn't use are 0. */
export interface BuildRow {
  readonly view: 'create_index'
  /** 'CREATE INDEX', 'CREATE INDEX CONCURRENTLY', 'REINDEX', 'REINDEX CONCURRENTLY'. */
  readonly command: string
  readonly phase: string
  readonly blocks_done: number
  readonly blocks_total: number
  readonly tuples_done: number
  readonly tuples_total: number
  readonly lockers_done: number
  readonly lockers_total: number
  /** 0: it waits for nobody. */
  readonly current_locker_pid: number
  readonly partitions_done: number
  readonly partitions_total: number
  /** OID, 0 for an index that is not concurrently made. */
  readonly index_relid: number
}

/** A row of another progress view: its columns as this major names them. */
export interface OtherRow {
  readonly view: 'cluster' | 'vacuum' | 'analyze' | 'copy'
  readonly phase?: string
  readonly [column: string]: unknown
}

export interface Seen {
  /** Null: none of the server's progress views shows the statement. */
  readonly row: BuildRow | OtherRow | null
  /** As the server prints it, of `index_relid`; empty where there is none, or it can't be named. */
  readonly index: string
  /** application_name of the session that a build waits for. */
  readonly locker: string
  /** It waits for a lock, which is told elsewhere. */
  readonly waits: boolean
  /** The statement as it was sent, cut at track_activity_query_size; empty while none runs. */
  readonly query: string
  /** Milliseconds since it began. */
  readonly runsForMs: number
}

const views = ['create_index', 'cluster', 'vacuum', 'analyze', 'copy'] as const

/** Columns differ by major (17 renamed some of VACUUM's, 18 added delay_time): whole rows are taken, and read by whoever knows them. */
const query = `
select a.wait_event_type is not distinct from 'Lock' as waits, p.row, case when a.state = 'active' then a.query else '' end as query,
       coalesce(pg_catalog.round(extract(epoch from pg_catalog.clock_timestamp() - a.query_start) * 1000), 0)::pg_catalog.int8 as "runsForMs",
       coalesce(i.relname::pg_catalog.text, '') as index, coalesce(l.application_name, '') as locker
from pg_catalog.pg_stat_activity a
left join (${views
  .map(
    (view) =>
      `select pid, pg_catalog.to_jsonb(v) || '{"view":"${view}"}' as row from pg_catalog.pg_stat_progress_${view} v where pid = $1`,
  )
  .join(' union all ')}) p on p.pid = a.pid
left join pg_catalog.pg_class i on i.oid = (p.row ->> 'index_relid')::pg_catalog.oid
left join pg_catalog.pg_stat_activity l on l.pid = (p.row ->> 'current_locker_pid')::pg_catalog.int4
where a.pid = $1`

/**
 * What the server shows of the progress of a backend's statement: one round trip, no lock taken on anything. Progress is shown of CREATE INDEX, REINDEX,
 * CLUSTER, VACUUM, ANALYZE and COPY. Of an ALTER TABLE that scans or rewrites it isn't, on no major: no view has a row, the table's counters and (on 18)
 * pg_stat_get_backend_io stand still until the statement ends (measured on 14 and 18). pg_relation_size would queue behind the ALTER itself.
 */
export async function readProgress(observer: Session, pid: number): Promise<Seen> {
  const [seen] = await observer.rows<Seen>(query, [pid])
  return seen ?? { row: null, index: '', locker: '', waits: false, query: '', runsForMs: 0 }
}

/** Bytes of a table as of its last VACUUM or ANALYZE, since nothing else can be asked while it is locked; null where nothing is known. */
export async function readTableBytes(
  observer: Session,
  table: { readonly schema: string | null; readonly name: string },
  searchPath: readonly string[],
): Promise<number | null> {
  const schemas = table.schema === null ? searchPath : [table.schema]
  const [row] = await observer.rows<{ readonly bytes: number }>(
    `select c.relpages::pg_catalog.int8 * pg_catalog.current_setting('block_size')::pg_catalog.int8 as bytes
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relname = $1 and n.nspname = any ($2)
     order by pg_catalog.array_position($2::pg_catalog.text[], n.nspname::pg_catalog.text) limit 1`,
    [table.name, [...schemas]],
  )
  return row === undefined || row.bytes <= 0 ? null : row.bytes
}
