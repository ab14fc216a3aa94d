import { applicationPrefix } from '../postgres/application-name.ts'
import type { Session } from '../postgres/types.ts'
import { durationText } from '../report/duration-text.ts'
import { listed } from '../report/words.ts'
import type { Subject } from './check.ts'
import { plannedRelations, plannedValues, waitsForSnapshots } from './planned-relations.ts'

/** A session of this database with a transaction that a statement of the plan would wait for. */
export interface SessionInTheWay {
  readonly pid: number
  readonly user: string
  readonly application: string
  readonly client: string
  /** 'active', 'idle in transaction', …; null: the role may not see it. */
  readonly state: string | null
  /** 'client backend', 'autovacuum worker', …; null: the role may not see it. */
  readonly backend: string | null
  /** Milliseconds since its transaction began; null: the role may not see it, or there is none. */
  readonly transactionMs: number | null
  /** Milliseconds since it entered its state. */
  readonly stateMs: number | null
  readonly query: string
  /** Planned tables on which it holds a lock that we would wait for, as the server prints them. */
  readonly tables: readonly string[]
}

export interface SessionsInTheWay {
  readonly sessions: readonly SessionInTheWay[]
  /** Without pg_read_all_stats the ages of other roles' transactions are NULL. */
  readonly seesAll: boolean
  /** Places of the planned locks whose relation is not there. */
  readonly absent: readonly number[]
}

/**
 * Sessions that hold a lock on a planned table in a mode that the plan waits for, and, where it builds an index concurrently, those whose snapshot
 * the build would wait for. In autocommit: pg_stat_activity is frozen inside a transaction. pg_locks and backend_xmin are visible to every role,
 * xact_start and state only to the session's own and to pg_read_all_stats (14 to 18).
 */
export async function readSessionsInTheWay(
  session: Session,
  subject: Subject,
): Promise<SessionsInTheWay> {
  const [given] = plannedValues(subject)
  // A concurrent build leaves vacuums out (PROC_IN_VACUUM, PROC_IS_AUTOVACUUM); autovacuum's are told by having no user, which no role is kept
  // from seeing. VACUUM FULL is not in that view, and is waited for.
  const [row] = await session.rows<SessionsInTheWay>(
    `${plannedRelations}, holding as (
       select l.pid, pg_catalog.array_agg(distinct l.relation::pg_catalog.regclass::pg_catalog.text) as tables
       from planned p join pg_catalog.pg_locks l on l.relation = p.oid and l.mode = any (p.modes)
       where l.locktype = 'relation' and l.granted and l.pid is not null
         and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
       group by l.pid
     )
     select pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') as "seesAll",
            array(select g.place from given g where not exists (select from named d where d.place = g.place) order by g.place) as absent,
            coalesce(pg_catalog.json_agg(s order by s."transactionMs" desc nulls last, s.pid), '[]'::pg_catalog.json) as sessions
     from (
       select ${describedSession}, coalesce(h.tables, '{}') as tables
       from pg_catalog.pg_stat_activity a left join holding h on h.pid = a.pid
       where a.datname = pg_catalog.current_database() and a.pid <> pg_catalog.pg_backend_pid()
         and coalesce(a.application_name, '') not like $2
         and (h.pid is not null or ($3::pg_catalog.bool and a.backend_xmin is not null and a.usesysid is not null
              and not exists (select from pg_catalog.pg_stat_progress_vacuum v where v.pid = a.pid)))
     ) s`,
    [given, `${applicationPrefix()}%`, waitsForSnapshots(subject)],
  )
  return row ?? { sessions: [], seesAll: false, absent: [] }
}

/** Columns of `SessionInTheWay` but for its tables, from pg_stat_activity as `a`. */
const describedSession = `a.pid, coalesce(a.usename::pg_catalog.text, '') as user, coalesce(a.application_name, '') as application,
  coalesce(pg_catalog.host(a.client_addr), 'local') as client, a.state, a.backend_type as backend,
  ${ageOf('a.xact_start')} as "transactionMs", ${ageOf('a.state_change')} as "stateMs",
  coalesce(pg_catalog.left(a.query, 1000), '') as query`

/** Milliseconds since a time, as a whole number. */
export function ageOf(since: string): string {
  return `pg_catalog.round(extract(epoch from pg_catalog.clock_timestamp() - ${since}) * 1000)::pg_catalog.int8`
}

/** A vacuum worker; an ordinary one gives way by itself once somebody has waited for deadlock_timeout. */
export function isAutovacuum({ backend, query }: SessionInTheWay): boolean {
  return backend === 'autovacuum worker' || query.startsWith('autovacuum: ')
}

/** Does not give way: 'autovacuum: VACUUM public.t (to prevent wraparound)'. */
export function preventsWraparound(session: SessionInTheWay): boolean {
  return isAutovacuum(session) && session.query.includes('(to prevent wraparound)')
}

/** 'pid 12, pg_dump, role app, application pg_dump, client 10.0.0.1, active, transaction 5 min 2 s old, locks public.t: COPY …'. */
export function sessionLine(session: SessionInTheWay): string {
  const { pid, user, application, client, state, transactionMs, stateMs, tables, query } = session
  const idle = state?.startsWith('idle in transaction') === true && stateMs !== null
  const parts = [
    `pid ${pid}`,
    ...(isDump(session) ? ['a running pg_dump'] : []),
    ...(preventsWraparound(session) ? ['autovacuum to prevent wraparound'] : []),
    ...(user === '' ? [] : [`user ${user}`]),
    ...(application === '' ? [] : [`application ${application}`]),
    `client ${client}`,
    state === null ? 'state not visible' : idle ? `${state} for ${durationText(stateMs)}` : state,
    ...(transactionMs === null ? [] : [`transaction ${durationText(transactionMs)} old`]),
    tables.length === 0 ? 'holds a snapshot' : `locks ${listed(tables)}`,
  ]
  return singleLine(query === '' ? parts.join(', ') : `${parts.join(', ')}: ${shortened(query)}`)
}

function isDump({ application }: SessionInTheWay): boolean {
  return application === 'pg_dump' || application === 'pg_dumpall'
}

/** A query on one line, at most 200 characters. */
export function shortened(query: string): string {
  const line = [...singleLine(query)]
  return line.length > 200 ? `${line.slice(0, 199).join('')}…` : line.join('')
}

function singleLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
