import { counted, grouped } from '../../report/words.ts'
import { defineCheck } from '../check.ts'

interface Limit {
  /** 'max_connections 100, less 3 reserved'. */
  readonly name: string
  readonly free: number
}

/**
 * Connections that are left to an ordinary role: of the server (max_connections less what is reserved for superusers and, since 16, by
 * reserved_connections) and of the database; that of the role is a matter of privileges.role. pg_stat_database counts every backend and is open to every role;
 * autovacuum workers are in its count though they take no such slot, so what is found is the least that is free.
 */
export const connectionSlots = defineCheck<readonly Limit[]>({
  id: 'risk.connection-slots',
  group: 'risk',
  title: 'free connection slots',
  severity: 'warn',
  needs: 'GRANT SELECT ON pg_catalog.pg_stat_database, pg_catalog.pg_database TO the role.',
  volatile: true,
  read: ({ target }) => target.rows<Limit>(query),
  judge(limits, { preflight }) {
    // One more for the connection that runs the migrations.
    const wanted = preflight['connection-slots'] + 1
    const expected = `at least ${grouped(wanted)} free`
    const [least] = limits
    if (least === undefined) {
      return [
        { outcome: 'not-checked', expected, actual: 'not known', reason: 'no limit is known' },
      ]
    }
    const actual = `${grouped(Math.max(0, least.free))} free (${least.name})`
    if (least.free >= wanted) return [{ outcome: 'passed', expected, actual }]
    return [
      {
        outcome: 'problem',
        expected,
        actual,
        reason: `The deployment needs a connection of its own, and the application must be able to connect anew while it runs. Only ${counted(Math.max(0, least.free), 'slot')} can be taken.`,
        fix: 'Close idle sessions or use a pooler for the application; the threshold is preflight.connection-slots.',
        details: limits.map(({ name, free }) => `${name}: ${grouped(Math.max(0, free))} free`),
      },
    ]
  },
})

const query = `
with used as (
  select coalesce(pg_catalog.sum(s.numbackends), 0)::pg_catalog.int8 as everywhere,
         coalesce(pg_catalog.sum(s.numbackends) filter (where s.datname = pg_catalog.current_database()), 0)::pg_catalog.int8 as here
  from pg_catalog.pg_stat_database s
), reserved as (
  select coalesce(pg_catalog.current_setting('superuser_reserved_connections')::pg_catalog.int4, 0)
       + coalesce(pg_catalog.current_setting('reserved_connections', true)::pg_catalog.int4, 0) as connections
)
select 'max_connections ' || pg_catalog.current_setting('max_connections') || ', less ' || r.connections || ' reserved' as name,
       pg_catalog.current_setting('max_connections')::pg_catalog.int8 - r.connections - u.everywhere as free
from used u, reserved r
union all
select 'CONNECTION LIMIT ' || d.datconnlimit || ' of the database', d.datconnlimit - u.here
from used u, pg_catalog.pg_database d where d.datname = pg_catalog.current_database() and d.datconnlimit >= 0
order by free`
