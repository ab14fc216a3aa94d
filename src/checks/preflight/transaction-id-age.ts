import { grouped } from '../../report/words.ts'
import { defineCheck, type Finding } from '../check.ts'
import { bounded } from '../details.ts'

interface Age {
  readonly database: string
  readonly here: boolean
  readonly xid: number
  readonly multixact: number
}

/**
 * How old the oldest unfrozen transaction id and multixact id are. Postgres takes no new ones at about 2,100,000,000, so a big backfill may be the
 * last one. This database's age refuses; another's, which stops the whole server just so, warns.
 */
export const transactionIdAge = defineCheck<readonly Age[]>({
  id: 'risk.transaction-id-age',
  group: 'risk',
  title: 'transaction id age',
  severity: 'fail',
  needs: 'GRANT SELECT ON pg_catalog.pg_database TO the role.',
  read: ({ target }) =>
    target.rows<Age>(
      `select d.datname::pg_catalog.text as database, d.datname = pg_catalog.current_database() as here,
              pg_catalog.age(d.datfrozenxid) as xid, pg_catalog.mxid_age(d.datminmxid) as multixact
       from pg_catalog.pg_database d order by here desc, xid desc, database`,
    ),
  judge(ages, { preflight }) {
    const most = preflight['transaction-id-age']
    const expected = `at most ${grouped(most)}`
    const isOld = ({ xid, multixact }: Age) => xid > most || multixact > most
    const here = ages.find((age) => age.here)
    if (here === undefined) throw new Error('the database that we are in is not in pg_database')
    const others = ages.filter((age) => !age.here && isOld(age))
    const actual = `${grouped(here.xid)} (multixact ${grouped(here.multixact)})`
    const own: Finding = isOld(here)
      ? problem(expected, actual)
      : { outcome: 'passed', expected, actual }
    if (others.length === 0) return [own]
    return [
      own,
      {
        ...problem(expected, `${others.length} other databases beyond that`),
        title: 'transaction id age of other databases',
        severity: 'warn',
        details: bounded(
          others.map(
            ({ database, xid, multixact }) =>
              `${database}: ${grouped(xid)} (multixact ${grouped(multixact)})`,
          ),
        ),
      },
    ]
  },
})

function problem(expected: string, actual: string): Finding {
  return {
    outcome: 'problem',
    expected,
    actual,
    reason:
      'Vacuum does not keep up with freezing: near 2,100,000,000 the server refuses every statement that writes, and a deployment uses more of what is left.',
    fix: 'Find what holds vacuum back (old transactions, prepared ones, slots), then VACUUM (FREEZE) the oldest tables. The threshold is preflight.transaction-id-age.',
  }
}
