import { applicationPrefix } from '../../postgres/application-name.ts'
import { durationText } from '../../report/duration-text.ts'
import { counted, listed } from '../../report/words.ts'
import { defineCheck } from '../check.ts'
import { bounded } from '../details.ts'
import { ageOf, shortened } from '../session-in-the-way.ts'

interface Wait {
  readonly pid: number
  readonly user: string
  readonly application: string
  readonly mode: string
  /** What it waits for: 'public."Recipe"', 'transactionid'. */
  readonly object: string
  readonly waitMs: number
  /** 0: a prepared transaction. */
  readonly blockers: readonly number[]
  readonly query: string
}

/**
 * Sessions of this database that have waited for a lock for longer than `preflight.lock-waits`: whoever is stuck already will be more so with a
 * migration in the queue. `waitstart` is there since 14, and NULL for a moment after a wait has begun. Our own runs, which wait for one
 * another by an advisory lock, don't count.
 */
export const lockWaits = defineCheck<readonly Wait[]>({
  id: 'risk.lock-waits',
  group: 'risk',
  title: 'lock waits in this database',
  severity: 'warn',
  needs: 'GRANT SELECT ON pg_catalog.pg_locks, pg_catalog.pg_stat_activity TO the role.',
  volatile: true,
  read: ({ target }) =>
    target.rows<Wait>(
      `select l.pid, coalesce(a.usename::pg_catalog.text, '') as user, coalesce(a.application_name, '') as application, l.mode,
              coalesce(case when l.database = a.datid then l.relation::pg_catalog.regclass::pg_catalog.text end, l.locktype) as object,
              coalesce(${ageOf('l.waitstart')}, 0) as "waitMs", pg_catalog.pg_blocking_pids(l.pid) as blockers,
              coalesce(pg_catalog.left(a.query, 1000), '') as query
       from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid = l.pid
       where not l.granted and a.datname = pg_catalog.current_database() and coalesce(a.application_name, '') not like $1
       order by l.waitstart nulls last, l.pid`,
      [`${applicationPrefix()}%`],
    ),
  judge(waits, { preflight }) {
    const threshold = preflight['lock-waits'] ?? 0
    const long = waits.filter(({ waitMs }) => waitMs > threshold)
    const expected = `none longer than ${durationText(threshold)}`
    const [first] = long
    if (first === undefined) {
      const short = waits.length === 0 ? 'none' : `${counted(waits.length, 'shorter wait')}`
      return [{ outcome: 'passed', expected, actual: short }]
    }
    return [
      {
        outcome: 'problem',
        expected,
        actual: `${counted(long.length, 'session')}, for up to ${durationText(first.waitMs)}`,
        reason:
          'Sessions are stuck behind locks already: a migration that joins the queue makes it longer, or waits in it.',
        fix: 'Find what the sessions named as blockers are doing, or deploy when it is over. The threshold is preflight.lock-waits.',
        details: bounded(long.map(lineOf)),
      },
    ]
  },
})

function lineOf({ pid, user, application, mode, object, waitMs, blockers, query }: Wait): string {
  const behind = blockers.map((blocker) =>
    blocker === 0 ? 'a prepared transaction' : `pid ${blocker}`,
  )
  const parts = [
    `pid ${pid}`,
    ...(user === '' ? [] : [`user ${user}`]),
    ...(application === '' ? [] : [`application ${application}`]),
    `waits ${durationText(waitMs)} for ${mode} on ${object}`,
    ...(behind.length === 0 ? [] : [`behind ${listed(behind)}`]),
  ]
  return `${parts.join(', ')}: ${shortened(query)}`
}
