import type { Session } from '../postgres/types.ts'

/** Another session that is in a statement's way, or that waits behind it. */
export interface OtherSession {
  /** 0: a prepared transaction, which has no backend. */
  readonly pid: number
  readonly application: string
  readonly user: string
  readonly client: string
  readonly state: string
  /** Shortened to 200 characters; empty where the role may not see it. */
  readonly query: string
  /** Milliseconds: age of its transaction (it blocks us), or how long it has waited (it waits for us). */
  readonly forMs: number
}

export interface Waits {
  /** Who holds, or is queued before us for, the lock that we wait for; empty while we don't wait. */
  readonly blockers: readonly OtherSession[]
  /** Application sessions that wait for a lock that we hold or are queued for. */
  readonly blocked: readonly OtherSession[]
}

/**
 * Who stands in whose way, seen from a backend, in one round trip. Asked by the observer in autocommit: inside a transaction the activity
 * views are frozen. Background workers that wait (autovacuum) are not the application. pid 0 in pg_blocking_pids is a prepared transaction.
 */
export async function readWaits(observer: Session, pid: number): Promise<Waits> {
  const rows = await observer.rows<OtherSession & { readonly blocks: boolean }>(
    `select true as blocks, b.pid, ${described}, coalesce(${milliseconds('a.xact_start')}, 0) as "forMs"
     from pg_catalog.unnest(pg_catalog.pg_blocking_pids($1)) as b (pid)
     left join pg_catalog.pg_stat_activity a on a.pid = b.pid and b.pid <> 0
     union all
     select false, a.pid, ${described}, coalesce(${milliseconds('l.waitstart')}, 0)
     from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid = l.pid
     where not l.granted and a.backend_type = 'client backend' and $1 = any (pg_catalog.pg_blocking_pids(a.pid))`,
    [pid],
  )
  return {
    blockers: rows.filter(({ blocks }) => blocks),
    blocked: rows.filter(({ blocks }) => !blocks),
  }
}

const described = `coalesce(a.application_name, '') as application, coalesce(a.usename::pg_catalog.text, '') as "user",
       coalesce(pg_catalog.host(a.client_addr), 'local') as client,
       coalesce(a.state, case when a.pid is null then 'prepared transaction' else '' end) as state,
       coalesce(pg_catalog.left(a.query, 200), '') as query`

function milliseconds(since: string): string {
  return `pg_catalog.round(extract(epoch from pg_catalog.clock_timestamp() - ${since}) * 1000)::pg_catalog.int8`
}
