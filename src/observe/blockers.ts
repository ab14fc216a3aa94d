import type { Session } from '../postgres/types.ts'
import { lockConflicts } from './lock-conflicts.ts'
import {
  type Blocker,
  blockedBy,
  readCharacters,
  type Waiting,
  type WaitSession,
  type Waits,
} from './waits.ts'

interface Seen {
  readonly own: Waits['own']
  readonly blockers: readonly (WaitSession & {
    /** Pairs of a mode that it has and the mode in which we want the same. */
    readonly against: readonly (readonly [string, string])[]
  })[]
  readonly prepared: readonly (WaitSession & { readonly mode: string; readonly wanted: string })[]
  readonly waiting: readonly Waiting[]
  readonly role: string
}

/**
 * Who stands in whose way, seen from a backend (`pid`), in one round trip. Asked by the observer in autocommit: inside a transaction the activity
 * views are frozen. pid 0 in pg_blocking_pids is a prepared transaction: it is named by its gid, which stands in place of the query. Parallel workers
 * wait in the name of their leader. Without pg_read_all_stats waits are still seen, but not what the others do: `blind` then names the role.
 */
export async function readWaits(observer: Session, pid: number): Promise<Waits> {
  const [seen] = await observer.rows<Seen>(question, [pid])
  if (seen === undefined) return { own: null, blockers: [], blocked: [], blind: null }
  const { own, blockers, waiting, role } = seen
  const others = [...blockers, ...waiting]
  return {
    own,
    blockers: blockers.flatMap((one) => (one.pid === 0 ? preparedOf(seen, one) : [blockerOf(one)])),
    blocked: blockedBy(pid, waiting),
    blind: others.some(({ pid, backendStart }) => pid !== 0 && backendStart === '') ? role : null,
  }
}

/** The sessions of these pids as they are now; those that have ended are left out. */
export async function readSessions(
  observer: Session,
  pids: readonly number[],
): Promise<WaitSession[]> {
  const rows = await observer.rows<{ readonly session: WaitSession }>(
    `select pg_catalog.json_build_object('pid', a.pid, ${described('a')}) as session
       from pg_catalog.pg_stat_activity a where a.pid = any ($1::pg_catalog.int4[])`,
    [pids.map(String)],
  )
  return rows.map(({ session }) => session)
}

function blockerOf({ against, ...session }: Seen['blockers'][number]): Blocker {
  return { ...session, holds: against.some(([held, wanted]) => lockConflicts(held, wanted)) }
}

/** The prepared transactions in the way; the nameless entry where the locks don't tell which. */
function preparedOf(
  { prepared }: Seen,
  { against, ...nameless }: Seen['blockers'][number],
): Blocker[] {
  const found = new Map(
    prepared
      .filter(({ mode, wanted }) => lockConflicts(mode, wanted))
      .map(({ mode, wanted, ...session }) => [session.query, { ...session, holds: true }]),
  )
  return found.size === 0 ? [{ ...nameless, holds: true }] : [...found.values()]
}

/** What a lock is about, as one text that can be compared; empty members are part of it. */
const objectOf = (lock: string) =>
  `row(${['locktype', 'database', 'relation', 'page', 'tuple', 'virtualxid', 'transactionid', 'classid', 'objid', 'objsubid'].map((name) => `${lock}.${name}`).join(', ')})::pg_catalog.text`

const milliseconds = (since: string) =>
  `pg_catalog.round(extract(epoch from pg_catalog.clock_timestamp() - ${since}) * 1000)`

const moment = (at: string) =>
  `pg_catalog.to_char(${at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** A WaitSession from an alias of `activity`; `backend_start` is empty where the role may not see what the backend does. */
const described = (a: string) => `'application', coalesce(${a}.application_name, ''),
  'user', coalesce(${a}.usename::pg_catalog.text, ''),
  'client', case when ${a}.backend_start is null then '' else coalesce(pg_catalog.host(${a}.client_addr), 'local') end,
  'state', case when ${a}.backend_type <> 'client backend' then ${a}.backend_type else coalesce(${a}.state, '') end,
  'transactionAgeMs', ${milliseconds(`${a}.xact_start`)}, 'queryStartedAt', ${moment(`${a}.query_start`)},
  'query', case when ${a}.backend_start is null then '' else coalesce(pg_catalog.left(${a}.query, ${readCharacters}), '') end,
  'backendStart', coalesce(${a}.backend_start::pg_catalog.text, ''), 'backendType', coalesce(${a}.backend_type, ''),
  'sameDatabase', coalesce(${a}.datname = pg_catalog.current_database(), false)`

const preparedDescribed = `'pid', 0, 'application', '', 'user', coalesce(p.owner::pg_catalog.text, ''), 'client', '',
  'state', 'prepared transaction', 'transactionAgeMs', ${milliseconds('p.prepared')}, 'queryStartedAt', null,
  'query', pg_catalog.left(p.gid, 200), 'backendStart', '', 'backendType', '',
  'sameDatabase', p.database = pg_catalog.current_database()`

const namelessPrepared = `'pid', 0, 'application', '', 'user', '', 'client', '', 'state', 'prepared transaction',
  'transactionAgeMs', null, 'queryStartedAt', null, 'query', '', 'backendStart', '', 'backendType', '', 'sameDatabase', false, 'against', '[]'::pg_catalog.json`

/**
 * A lock of a prepared transaction has no pid; its virtual transaction leads to the lock on its own transaction id. Of those who wait in other databases
 * only they are asked about who wait for what we have: pg_blocking_pids stops all locking of the server for a moment, each time.
 */
const question = `with lock as materialized (select * from pg_catalog.pg_locks),
activity as materialized (select *, coalesce(leader_pid, pid) as client from pg_catalog.pg_stat_activity),
mine as materialized (
  select l.mode, l.granted, l.waitstart, ${objectOf('l')} as object from lock l
   where l.pid = $1 or l.pid in (select pid from activity where client = $1)),
request as materialized (
  select distinct on (a.client) a.client, l.locktype, l.mode, coalesce(l.waitstart, pg_catalog.clock_timestamp()) as since, ${objectOf('l')} as object
    from lock l join activity a on a.pid = l.pid
   where not l.granted and a.client <> $1
     and (a.datname = pg_catalog.current_database() or ${objectOf('l')} in (select m.object from mine m))
   order by a.client, l.waitstart)
select
  (select pg_catalog.json_build_object('since', coalesce(pg_catalog.min(waitstart)::pg_catalog.text, ''),
     'waitedMs', coalesce(${milliseconds('pg_catalog.min(waitstart)')}, 0))
     from mine where not granted having pg_catalog.count(*) > 0) as own,
  (select coalesce(pg_catalog.json_agg(
      case when b.pid = 0 then pg_catalog.json_build_object(${namelessPrepared})
           else pg_catalog.json_build_object('pid', b.pid, ${described('a')}, 'against', (
             select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(h.mode, m.mode)), '[]')
               from mine m join lock h on h.granted and ${objectOf('h')} = m.object join activity s on s.pid = h.pid
              where not m.granted and s.client = b.pid)) end), '[]')
     from (select distinct pid from pg_catalog.unnest(pg_catalog.pg_blocking_pids($1)) as blocking (pid)) b
     left join activity a on a.pid = b.pid) as blockers,
  (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(${preparedDescribed}, 'mode', l.mode, 'wanted', m.mode)), '[]')
     from mine m join lock l on l.pid is null and l.granted and ${objectOf('l')} = m.object
     join lock x on x.pid is null and x.locktype = 'transactionid' and x.granted and x.virtualtransaction = l.virtualtransaction
     join pg_catalog.pg_prepared_xacts p on p.transaction = x.transactionid
    where not m.granted) as prepared,
  (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('pid', a.pid, ${described('a')},
      'waitedMs', ${milliseconds('r.since')}, 'wanted', r.mode, 'lockType', r.locktype,
      'held', array(select m.mode from mine m where m.granted and m.object = r.object),
      'queued', array(select m.mode from mine m where not m.granted and m.object = r.object),
      'behindPids', pg_catalog.pg_blocking_pids(r.client))), '[]')
     from request r join activity a on a.pid = r.client) as waiting,
  current_user::pg_catalog.text as role`
