import { backendStartText } from './backend-start.ts'
import type { Session } from './types.ts'

/** Two halves of one advisory key: 'airl' and 'ock' in ASCII. Journal and lock are one per database, so a constant does. */
const lockClass = 0x6169726c
const lockObject = 0x006f636b

/**
 * Tries once to take the run's lock in a transaction of the keeper that stays open and idle until `releaseRunLock`. False: another run has it, and the
 * transaction is rolled back.
 *
 * Simple protocol, READ COMMITTED and no parameters, or the transaction would keep a snapshot and concurrent index builds would wait for it or die (measured 14–18). A
 * waiter inside pg_advisory_lock would hold one too, so callers poll.
 */
export async function tryRunLock(keeper: Session): Promise<boolean> {
  const results = await keeper.simple(
    `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_catalog.pg_try_advisory_xact_lock(${lockClass}, ${lockObject})`,
  )
  const taken = results.at(-1)?.rows[0]?.[0] === 't'
  if (!taken) await keeper.simple('ROLLBACK')
  return taken
}

export async function releaseRunLock(keeper: Session): Promise<void> {
  if (keeper.transaction !== 'idle') await keeper.simple('ROLLBACK')
}

/** Who holds the run's lock. */
export interface RunLockHolder {
  readonly pid: number
  readonly applicationName: string
  readonly user: string
  /** Address, or 'local' for a Unix socket. */
  readonly client: string
  /** ISO 8601, UTC; empty where the role may not see another's session (pg_read_all_stats). */
  readonly since: string
  readonly backendStart: string
  /** Seconds that it has had the lock; null where that can't be seen. */
  readonly seconds: number | null
}

/** The holder as the observer sees it (in autocommit: activity is frozen inside a transaction). Null: nobody. */
export async function runLockHolder(observer: Session): Promise<RunLockHolder | null> {
  const rows = await observer.rows<RunLockHolder>(`
    SELECT l.pid, coalesce(a.application_name, '') AS "applicationName", coalesce(a.usename, '') AS "user",
           coalesce(host(a.client_addr), 'local') AS client,
           coalesce(to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '') AS since,
           coalesce(${backendStartText('a')}, '') AS "backendStart",
           extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS seconds
      FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
       AND l.classid = ${lockClass} AND l.objid = ${lockObject}
       AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())`)
  return rows[0] ?? null
}

/** The keeper's horizon as the observer sees it: must be null, or it would hold up concurrent builds. */
export async function keeperHorizon(observer: Session, keeper: Session): Promise<string | null> {
  const rows = await observer.rows<{ readonly horizon: string | null }>(
    'SELECT coalesce(backend_xmin, backend_xid)::text AS horizon FROM pg_stat_activity WHERE pid = $1',
    [keeper.backendPid],
  )
  return rows[0]?.horizon ?? null
}
