import { durationText } from '../../report/duration-text.ts'
import { counted, grouped } from '../../report/words.ts'
import { defineCheck, type Finding } from '../check.ts'
import { bounded } from '../details.ts'
import { plannedLocks, plannedRelations, plannedValues } from '../planned-relations.ts'
import {
  isAutovacuum,
  preventsWraparound,
  readSessionsInTheWay,
  type SessionInTheWay,
  sessionLine,
} from '../session-in-the-way.ts'
import { hiddenSessions, readAllStats } from './hidden-sessions.ts'

interface PlannedTable {
  readonly table: string
  readonly disabled: boolean
  /** Of relfrozenxid. */
  readonly age: number
  /** autovacuum_freeze_max_age, or the table's own if that is lower. */
  readonly freezeMaxAge: number
}

interface Facts {
  readonly seesAll: boolean
  readonly workers: readonly SessionInTheWay[]
  readonly deadlockTimeoutMs: number
  readonly tables: readonly PlannedTable[]
}

/**
 * Autovacuum on the plan's tables. A worker that prevents wraparound never gives way, an ordinary one only when somebody has waited for
 * deadlock_timeout: with a `lock-timeout` that is not longer it can't be displaced. Where it is switched off, nothing cleans up behind the migrations.
 */
export const autovacuum = defineCheck<Facts>({
  id: 'risk.autovacuum',
  group: 'risk',
  title: 'autovacuum on the tables of the plan',
  severity: 'warn',
  needs: readAllStats,
  volatile: true,
  applies: (subject) => plannedLocks(subject).length > 0,
  read: async ({ target }, subject) => {
    const { sessions, seesAll } = await readSessionsInTheWay(target, subject)
    const [row] = await target.rows<Pick<Facts, 'deadlockTimeoutMs' | 'tables'>>(
      tablesQuery,
      plannedValues(subject),
    )
    if (row === undefined) throw new Error('the server said nothing of the tables')
    return { seesAll, workers: sessions.filter(isAutovacuum), ...row }
  },
  judge(facts, { settings, target }) {
    const problems = [
      ...workerProblems(facts, settings.lockTimeout),
      ...facts.tables.flatMap(tableProblem),
    ]
    const expected = 'none running that would not give way, none due, none switched off'
    if (problems.length > 0) {
      return [
        {
          outcome: 'problem',
          expected,
          actual: counted(problems.length, 'finding'),
          reason:
            'A statement that needs a lock waits for a vacuum that does not give way; dead rows that a migration leaves where autovacuum is off stay.',
          fix: 'Wait for the vacuum (pg_stat_progress_vacuum) or run VACUUM (FREEZE) yourself before; set lock-timeout above deadlock_timeout; ALTER TABLE … RESET (autovacuum_enabled).',
          details: bounded(problems),
        },
      ]
    }
    if (!facts.seesAll) return [hiddenSessions(expected, [], target.user)]
    const running = counted(facts.workers.length, 'worker')
    const actual =
      facts.workers.length === 0 ? 'none' : `${running} running, which will give way to a lock`
    return [{ outcome: 'passed', expected, actual } satisfies Finding]
  },
})

function workerProblems({ workers, deadlockTimeoutMs }: Facts, lockTimeout: number): string[] {
  return workers.flatMap((worker) => {
    if (preventsWraparound(worker)) return [sessionLine(worker)]
    if (lockTimeout > deadlockTimeoutMs) return []
    const why = `lock-timeout ${durationText(lockTimeout)} is not longer than deadlock_timeout ${durationText(deadlockTimeoutMs)}, so it never gives way`
    return [`${sessionLine(worker)} (${why})`]
  })
}

function tableProblem({ table, disabled, age, freezeMaxAge }: PlannedTable): string[] {
  if (age > freezeMaxAge) {
    return [
      `${table}: an autovacuum to prevent wraparound is due, age ${grouped(age)} of ${grouped(freezeMaxAge)}`,
    ]
  }
  return disabled ? [`${table}: autovacuum is switched off for this table`] : []
}

const tablesQuery = `${plannedRelations}, tabled as (
  select distinct c.oid, c.relfrozenxid, o.options
  from planned p join pg_catalog.pg_class c on c.oid = p.oid,
  lateral (select coalesce(pg_catalog.jsonb_object_agg(t.option_name, t.option_value), '{}') as options
           from pg_catalog.pg_options_to_table(c.reloptions) t) o
  where c.relkind in ('r', 'm')
)
select (select s.setting::pg_catalog.int8 from pg_catalog.pg_settings s where s.name = 'deadlock_timeout') as "deadlockTimeoutMs",
  coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
    'table', t.oid::pg_catalog.regclass::pg_catalog.text,
    'disabled', coalesce(not (t.options ->> 'autovacuum_enabled')::pg_catalog.bool, false),
    'age', pg_catalog.age(t.relfrozenxid),
    'freezeMaxAge', least((t.options ->> 'autovacuum_freeze_max_age')::pg_catalog.int8,
                          pg_catalog.current_setting('autovacuum_freeze_max_age')::pg_catalog.int8)
  ) order by t.oid::pg_catalog.regclass::pg_catalog.text), '[]'::pg_catalog.json) as tables
from tabled t`
