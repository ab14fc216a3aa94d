import { describe, expect, test } from '@jest/globals'
import type pg from 'pg'
import { oldestAndNewest, withDatabase } from '../support/database.ts'
import { deployFiles, endingOf, until } from '../support/engine.ts'

/** A function whose run can be seen from outside and held up: it waits for an advisory lock that the test holds. */
const gate = `create function gate(value int) returns boolean language plpgsql immutable as $$
  begin perform pg_advisory_xact_lock_shared(4711); return value is not null; end $$;`

/** The gate may stay shut for long. */
const settings = { 'lock-timeout': '30s' }

async function closeGate(client: pg.Client): Promise<void> {
  await client.query('select pg_advisory_lock(4711)')
}
async function openGate(client: pg.Client): Promise<void> {
  await client.query('select pg_advisory_unlock(4711)')
}

const atGate = `select pid from pg_locks where locktype = 'advisory' and objid = 4711 and not granted
  and database = (select oid from pg_database where datname = current_database())`

describe.each(oldestAndNewest())('PostgreSQL $major: locks and horizons', ({ major }) => {
  test('during a VALIDATE no lock is left from its NOT VALID, and keeper and observer hold no horizon [trap: validate-in-one-transaction]', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(
        `${gate} create table t (a int); create table u (a int); insert into t values (1)`,
      )
      const other = await database.connect('other')
      await closeGate(other)
      const running = deployFiles(database, {
        settings,
        // The precheck would stop at the gate too.
        gates: { preflight: { checks: { 'data.check': 'off' } } },
        files: {
          '1_a': `alter table u add column b int;
            alter table t add constraint c check (gate(a)) not valid;
            alter table t validate constraint c;`,
        },
      })
      const { pid } = await until(() => database.query<{ pid: number }>(atGate))
      const locks = await database.query(
        `select c.relname, l.mode from pg_locks l join pg_class c on c.oid = l.relation
         where l.pid = $1 and c.relname in ('t', 'u') and l.granted order by 1, 2`,
        [pid],
      )
      expect(locks).toEqual([{ relname: 't', mode: 'ShareUpdateExclusiveLock' }])
      const others = await database.query(
        `select split_part(application_name, ' ', 3) as role, backend_xmin, backend_xid from pg_stat_activity
         where datname = current_database() and application_name like 'pg-airlock %' and pid <> $1 order by 1`,
        [pid],
      )
      expect(others).toEqual([
        { role: 'keeper', backend_xmin: null, backend_xid: null },
        { role: 'observer', backend_xmin: null, backend_xid: null },
      ])
      await openGate(other)
      expect(endingOf(await running)).toBe('deployed 0')
    })
  })

  test('a CREATE INDEX CONCURRENTLY is not delayed by keeper and observer [trap: keeper-blocks-build]', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query('create table t as select generate_series(1, 1000) as a')
      const result = await deployFiles(database, {
        settings,
        files: {
          '1_a': 'create index concurrently i on t (a);\ncreate index concurrently j on t (a);',
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      const durations = result.migration.steps.map(({ durationMs }) => durationMs)
      expect(Math.max(...durations)).toBeLessThan(3000)
    })
  })

  test('the keeper is an idle READ COMMITTED transaction without time limits, whatever the role says [trap: keeper-timed-out]', async () => {
    await withDatabase({ major }, async (database) => {
      const limits = [
        'statement_timeout',
        'idle_in_transaction_session_timeout',
        'idle_session_timeout',
        ...(major >= 17 ? ['transaction_timeout'] : []),
      ]
      for (const limit of limits)
        await database.query(`alter database "${database.name}" set ${limit} = '700ms'`)
      await database.query(gate)
      const other = await database.connect('other')
      await other.query(
        'set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set idle_session_timeout = 0',
      )
      if (major >= 17) await other.query('set transaction_timeout = 0')
      await closeGate(other)
      const running = deployFiles(database, {
        settings,
        files: { '1_a': '-- airlock: transaction=off\n\nselect gate(1);' },
      })
      await until(() => other.query<{ pid: number }>(atGate).then(({ rows }) => rows))
      await new Promise((resolve) => setTimeout(resolve, 1200))
      const { rows } = await other.query(
        `select split_part(application_name, ' ', 3) as role, state from pg_stat_activity where datname = current_database() and application_name like 'pg-airlock %' order by 1`,
      )
      expect(rows).toEqual([
        { role: 'keeper', state: 'idle in transaction' },
        { role: 'observer', state: 'idle' },
        { role: 'worker', state: 'active' },
      ])
      await openGate(other)
      expect(endingOf(await running)).toBe('deployed 0')
    })
  })
})

describe('a second run', () => {
  test('polls for a bounded time, says who holds the lock and since when, then refuses', async () => {
    await withDatabase({}, async (database) => {
      await database.query(gate)
      const other = await database.connect('other')
      await closeGate(other)
      const running = deployFiles(database, { settings, files: { '1_a': 'select gate(1);' } })
      await until(() => database.query<{ pid: number }>(atGate))
      const second = await deployFiles(database, {
        settings: { 'run-lock-timeout': '600ms' },
        files: { '1_a': 'select gate(1);' },
      })
      expect(endingOf(second)).toMatch(
        /^refused 1: Another run is changing this database: pg-airlock \w+ keeper \(pid \d+ from .*, since \d{4}-/,
      )
      expect(second.events.map(({ type }) => type)).toContain('waiting-for-run')
      await openGate(other)
      expect(endingOf(await running)).toBe('deployed 0')
    })
  })

  test('waits for the first and then finds nothing to do', async () => {
    await withDatabase({}, async (database) => {
      await database.query(gate)
      const other = await database.connect('other')
      await closeGate(other)
      const files = { '1_a': 'create table once (id int); select gate(1);' }
      const first = deployFiles(database, { files, settings })
      await until(() => database.query<{ pid: number }>(atGate))
      const second = deployFiles(database, {
        files,
        settings: { ...settings, 'run-lock-timeout': '20s' },
      })
      await until(() =>
        database.query(
          `select 1 from pg_stat_activity where datname = current_database() and application_name like 'pg-airlock %' and application_name like '% observer' offset 1`,
        ),
      )
      await openGate(other)
      expect(endingOf(await first)).toBe('deployed 0')
      expect(endingOf(await second)).toBe('nothing-to-do 0')
    })
  })
})
