import { durationText } from '../../report/duration-text.ts'
import { counted, listed } from '../../report/words.ts'
import { defineCheck } from '../check.ts'
import { bounded } from '../details.ts'
import { plannedLocks, plannedRelations, plannedValues } from '../planned-relations.ts'
import { ageOf } from '../session-in-the-way.ts'

interface Prepared {
  readonly gid: string
  readonly owner: string
  readonly ageMs: number
  readonly tables: readonly string[]
}

/**
 * Prepared transactions that hold locks on planned tables. No session owns them: they stay until somebody commits them or rolls them back,
 * even through a restart. Their locks have no pid; the lock on the transaction id tells the virtual transaction of the others, which is
 * '-1/' and the transaction id only after a restart (measured on 14 and 18).
 */
export const preparedTransactions = defineCheck<readonly Prepared[]>({
  id: 'risk.prepared-transactions',
  group: 'risk',
  title: 'prepared transactions in the way',
  severity: 'fail',
  needs: 'GRANT SELECT ON pg_catalog.pg_prepared_xacts, pg_catalog.pg_locks TO the role.',
  volatile: true,
  applies: (subject) => plannedLocks(subject).length > 0,
  read: ({ target }, subject) =>
    target.rows<Prepared>(
      `${plannedRelations}
       select x.gid, x.owner::pg_catalog.text as owner, ${ageOf('x.prepared')} as "ageMs",
              pg_catalog.array_agg(distinct l.relation::pg_catalog.regclass::pg_catalog.text) as tables
       from pg_catalog.pg_prepared_xacts x
       join pg_catalog.pg_locks t on t.locktype = 'transactionid' and t.transactionid = x.transaction and t.pid is null
       join pg_catalog.pg_locks l on l.virtualtransaction = t.virtualtransaction and l.pid is null
       join planned p on p.oid = l.relation and l.mode = any (p.modes)
       where x.database = pg_catalog.current_database() and l.locktype = 'relation' and l.granted
       group by x.gid, x.owner, x.prepared order by x.prepared`,
      plannedValues(subject),
    ),
  judge(prepared) {
    const expected = 'none that lock tables of the plan'
    if (prepared.length === 0) return [{ outcome: 'passed', expected, actual: 'none' }]
    return [
      {
        outcome: 'problem',
        expected,
        actual: counted(prepared.length, 'prepared transaction'),
        reason:
          'A prepared transaction keeps its locks until it is ended by hand: the migrations would wait in vain.',
        fix: 'Let its transaction manager end it, or run COMMIT PREPARED or ROLLBACK PREPARED with its identifier in this database.',
        details: bounded(
          prepared.map(
            ({ gid, owner, ageMs, tables }) =>
              `'${gid.replaceAll(/\s+/g, ' ')}', owner ${owner}, prepared ${durationText(ageMs)} ago, locks ${listed(tables)}`,
          ),
        ),
      },
    ]
  },
})
