import { describe, expect, test } from '@jest/globals'
import { oldestAndNewest, server, type TestDatabase, withDatabase } from '../support/database.ts'
import { deployFiles, type EngineResult, endingOf, errorOf, until } from '../support/engine.ts'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A session of the application that runs one query, and how long that took. */
async function timed(database: TestDatabase, name: string, query: string): Promise<number> {
  const client = await database.connect(name)
  const start = performance.now()
  await client.query(query)
  return performance.now() - start
}

/** Waits until our worker runs, or waits in, a statement that looks like this. */
const worker = (database: TestDatabase, query: string, waiting = false) =>
  until(() =>
    database.query(
      `select pid from pg_stat_activity where datname = current_database() and application_name like 'pg-airlock % worker%'
       and state = 'active' and query like $1 and (not $2 or wait_event_type = 'Lock')`,
      [`%${query}%`, waiting],
    ),
  )

/** Why the first attempt gave way, whether another followed or not. */
function gaveWay({ events, report }: EngineResult): string {
  const retrying = events.find((event) => event.type === 'retrying')
  return retrying?.reason ?? `${report.error?.message} (${report.error?.detail})`
}

const holder = async (database: TestDatabase, name: string, statement: string) => {
  const client = await database.connect(name)
  await client.query(`begin; ${statement}`)
  return client
}

describe.each(oldestAndNewest())('PostgreSQL $major: who waits for whom', ({ major }) => {
  test('[trap: queue-behind-dump] [trap: blocker-unnamed] behind a dump nobody queues for longer than lock-timeout, and both sides are named', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query('create table t (a int)')
      const dump = await holder(database, 'nightly-dump', 'lock table t in access share mode')
      const running = deployFiles(database, {
        settings: { 'lock-timeout': '700ms', 'retry-timeout': '10ms' },
        files: { '1_a': 'alter table t add column c int;' },
        on: (event, stop) => event.type === 'retrying' && stop(),
      })
      await worker(database, 'alter table t', true)
      const readers = await Promise.all([
        timed(database, 'shop', 'select count(*) from t'),
        timed(database, 'shop', 'select count(*) from t'),
        timed(database, 'pg-airlock x worker', 'select count(*) from t'),
      ])
      const result = await running
      await dump.query('rollback')
      expect(Math.max(...readers)).toBeLessThan(750)
      const { locks } = result.report
      expect(locks?.blockers[0]).toMatchObject({
        application: 'nightly-dump',
        user: server(major).user,
        state: 'idle in transaction',
        query: 'begin; lock table t in access share mode',
        version: '1',
        step: 1,
        where: { file: 'migrations/1_a.sql', line: 1 },
      })
      expect(locks?.blockers[0]?.transactionAgeMs).toBeGreaterThan(500)
      expect(locks?.blockers[0]?.queryStartedAt).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
      expect(locks?.blocked).toMatchObject([
        { application: 'shop', behind: 'queued', sessions: 2, query: 'select count(*) from t' },
      ])
      expect(result.migration.steps[0]?.waitedMs).toBeGreaterThan(300)
      expect(gaveWay(result)).toMatch(
        /^Gave up after waiting for locks for \d+ ms in all \(in the way: pid \d+ nightly-dump as .* \(idle in transaction for .*\): begin; lock table t.*\nwaited because of us meanwhile: pid \d+ shop as .*: select count\(\*\) from t, for \d+ ms/,
      )
      expect(result.events).toContainEqual(
        expect.objectContaining({
          type: 'lock-wait',
          blocker: expect.objectContaining({ application: 'nightly-dump' }),
        }),
      )
    })
  })

  test('waits for the locks of partitions are added up, where the server would begin anew with each [trap: lock-timeout-per-lock]', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(
        `create table p (a int) partition by list (a);
         create table p1 partition of p for values in (1); create table p2 partition of p for values in (2);
         create table p3 partition of p for values in (3); create table p4 partition of p for values in (4)`,
      )
      const holders = []
      for (const n of [1, 2, 3, 4]) {
        holders.push(
          await holder(database, `job ${n}`, `lock table only p${n} in access share mode`),
        )
      }
      const running = deployFiles(database, {
        settings: { 'lock-timeout': '900ms', 'retry-timeout': '10ms' },
        files: { '1_a': 'alter table p add column c int;' },
        on: (event, stop) => event.type === 'retrying' && stop(),
      })
      await worker(database, 'alter table p', true)
      for (const client of holders) {
        await pause(400)
        await client.query('rollback')
      }
      const result = await running
      expect(gaveWay(result)).toContain('in all (in the way: pid')
      const named = result.report.locks?.blockers.map(({ application }) => application)
      expect(named).toEqual(expect.arrayContaining(['job 1', 'job 2']))
      expect(result.migration.steps[0]?.waitedMs).toBeLessThan(1000)
    })
  })
})

describe('who waits for whom', () => {
  test('[trap: holding-a-while-waiting-for-b] a lock held through a long UPDATE keeps nobody waiting for longer than block-timeout', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (a int); create table u as select 1 as b')
      const running = deployFiles(database, {
        settings: { 'block-timeout': '600ms' },
        files: {
          '1_a': 'alter table t add column c int;\nupdate u set b = 2 from pg_sleep(20);',
        },
      })
      await worker(database, 'pg_sleep')
      const waits = await Promise.all([
        timed(database, 'shop', 'select count(*) from t'),
        timed(database, 'shop', 'select 1, count(*) from t'),
      ])
      expect(Math.max(...waits)).toBeLessThan(650)
      const result = await running
      expect(endingOf(result)).toMatch(
        /^failed 1: Cancelled after keeping the application waiting for \d+ ms behind a lock that was held$/,
      )
      expect(errorOf(result)).toMatchObject({ where: { line: 2 }, sqlstate: '57014' })
      expect(errorOf(result).detail).toMatch(/^waited because of us meanwhile: pid \d+ shop as/)
      expect(
        result.report.locks?.blocked.map(({ behind, sessions }) => [behind, sessions]),
      ).toEqual([
        ['held', 1],
        ['held', 1],
      ])
    })
  })

  test('[trap: holding-a-while-waiting-for-b] as written, one table is held while another is waited for: for lock-timeout at most', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table a (id int); create table b (id int)')
      const dump = await holder(database, 'nightly-dump', 'lock table b in access share mode')
      const running = deployFiles(database, {
        settings: { 'lock-timeout': '700ms', 'block-timeout': '20s', 'retry-timeout': '10ms' },
        files: {
          '1_a':
            '-- airlock: locks=as-written\n\nalter table a add column c int;\nalter table b add column c int;',
        },
        on: (event, stop) => event.type === 'retrying' && stop(),
      })
      await worker(database, 'alter table b', true)
      const waited = await timed(database, 'shop', 'select count(*) from a')
      const result = await running
      await dump.query('rollback')
      expect(waited).toBeGreaterThan(100)
      expect(waited).toBeLessThan(750)
      expect(gaveWay(result)).toContain('nightly-dump')
      expect(result.report.locks?.blocked).toMatchObject([{ application: 'shop', behind: 'held' }])
    })
  })

  test('between the statements of a transaction it is watched too: what must give way sends nothing more', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (a int); create table log (a text)')
      // A COPY and a statement of its own timeout make it one message a statement.
      const slow = Array.from({ length: 40 }, (_, n) => `select pg_sleep(0.05), ${n};`).join('\n')
      const running = deployFiles(database, {
        settings: { 'block-timeout': '500ms' },
        files: {
          '1_a': `copy log from stdin;\na\n\\.\nalter table t add column c int;\n${slow}`,
        },
      })
      await worker(database, 'pg_sleep')
      expect(await timed(database, 'shop', 'select count(*) from t')).toBeLessThan(560)
      const result = await running
      expect(endingOf(result)).toMatch(/^failed 1: Cancelled after keeping the application waiting/)
      expect(errorOf(result).where?.line).toBeGreaterThan(4)
    })
  })

  test('a row that a second writer waits for behind the first is our doing too', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t as select 1 as a')
      const running = deployFiles(database, {
        settings: { 'block-timeout': '700ms' },
        files: { '1_a': 'update t set a = 2;\nselect pg_sleep(20);' },
      })
      await worker(database, 'pg_sleep')
      await Promise.all([
        timed(database, 'first', 'update t set a = 3'),
        timed(database, 'second', 'update t set a = 4'),
      ])
      const { report } = await running
      expect(report.locks?.blocked.map(({ application }) => application).sort()).toEqual([
        'first',
        'second',
      ])
    })
  })

  test('a DETACH CONCURRENTLY may wait long for snapshots, but nobody stands behind them for longer than lock-timeout', async () => {
    await withDatabase({}, async (database) => {
      await database.query(
        `create table p (a int) partition by list (a); create table p1 partition of p for values in (1)`,
      )
      // Nothing is begun before those that were there first have gone: a younger reader is what it waits for.
      const early = await holder(database, 'early', 'select * from p')
      let tell = () => {}
      const notBegun = new Promise<void>((resolve) => {
        tell = resolve
      })
      const running = deployFiles(database, {
        settings: { 'lock-timeout': '600ms', 'concurrent-timeout': '20s', 'retry-timeout': '10ms' },
        files: { '1_a': 'alter table p detach partition p1 concurrently;' },
        on: (event, stop) => {
          if (event.type === 'waiting-for-snapshots') tell()
          if (event.type === 'retrying') stop()
        },
      })
      await notBegun
      const reader = await holder(database, 'report', 'select * from p')
      await early.query('rollback')
      await worker(database, 'detach partition', true)
      // Waiting for a snapshot alone is no reason to give up, as long as it takes.
      await pause(900)
      await worker(database, 'detach partition', true)
      // Its last phase asks for ACCESS EXCLUSIVE on the partition.
      const direct = await holder(database, 'direct', 'select * from p1')
      await reader.query('rollback')
      await until(() =>
        database.query(
          `select 1 from pg_locks where relation = 'p1'::regclass and mode = 'AccessExclusiveLock' and not granted`,
        ),
      )
      const waited = await timed(database, 'shop', 'select count(*) from p1')
      await direct.query('rollback')
      const result = await running
      expect(waited).toBeLessThan(650)
      expect(gaveWay(result)).toContain('the application had stood behind the waiting statement')
    })
  })

  test('a prepared transaction in the way is named by its gid [trap: prepared-transaction-as-pid-0]', async () => {
    await withDatabase({}, async (database) => {
      const [can] = await database.query('show max_prepared_transactions')
      await database.query('create table t (a int)')
      const gid = `order-${database.name}`
      if (can?.max_prepared_transactions === '0') throw new Error('the server has none')
      await database.query(`begin; insert into t values (1); prepare transaction '${gid}'`)
      const result = await deployFiles(database, {
        settings: { 'lock-timeout': '300ms', 'retry-timeout': '10ms' },
        gates: { preflight: { checks: { 'risk.prepared-transactions': 'off' } } },
        files: { '1_a': 'alter table t add column c int;' },
        on: (event, stop) => event.type === 'retrying' && stop(),
      })
      await database.query(`rollback prepared '${gid}'`)
      expect(result.report.locks?.blockers).toMatchObject([
        { pid: 0, state: 'prepared transaction', query: gid, user: server().user },
      ])
      expect(result.report.locks?.blockers[0]?.transactionAgeMs).toBeGreaterThan(50)
    })
  })

  test('named applications are terminated when old enough, others are left alone, idle ones are not said to be cancelled', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (a int); create table u (a int)')
      const etl = await holder(database, 'etl-nightly', 'lock table t in access share mode')
      const run = (action: 'cancel' | 'terminate') =>
        deployFiles(database, {
          settings: { 'lock-timeout': '5s' },
          gates: {
            preflight: { checks: { 'risk.idle-in-transaction': 'off' } },
            blockers: { action, applications: ['etl-*'], 'older-than': '200ms' },
          },
          files: { '1_a': 'alter table t add column c int;' },
          on: (event, stop) => event.type === 'warning' && stop(),
        })
      const left = await run('cancel')
      expect(left.report.warnings.join()).toMatch(
        /left alone: pid \d+ etl-nightly .* it is idle in transaction: there is nothing to cancel/,
      )
      expect(left.report.locks?.blockers[0]).not.toHaveProperty('action')
      const ended = await run('terminate')
      expect(endingOf(ended)).toBe('deployed 0')
      expect(ended.report.locks?.blockers).toMatchObject([
        { application: 'etl-nightly', action: 'terminated' },
      ])
      expect(ended.events.map(({ type }) => type)).toContain('blocker-ended')
      await expect(etl.query('select 1')).rejects.toThrow()
    })
  })

  test('a query of a named application is cancelled; a role that may not end others warns with the GRANT and goes on', async () => {
    await withDatabase({}, async (database) => {
      const role = `deployer_${database.name}`
      await database.query(
        `create role "${role}" login password 'p' in role pg_read_all_stats; grant create on database "${database.name}" to "${role}";
         grant all on schema public to "${role}"; create table t (a int); alter table t owner to "${role}"`,
      )
      const url = new URL(database.url)
      url.username = role
      url.password = 'p'
      const gates = {
        preflight: { checks: { 'risk.long-transactions': 'off' } },
        blockers: { action: 'cancel', applications: ['report'], 'older-than': '100ms' },
      } as const
      const settings = { 'lock-timeout': '4s', 'retry-timeout': '10ms' }
      const files = { '1_a': 'alter table t add column c int;' }
      const report = await database.connect('report')
      const query = report.query('select count(*), pg_sleep(30) from t').then(
        () => 'ended',
        (error: { code: string }) => error.code,
      )
      const refused = await deployFiles(database, {
        url: url.href,
        gates,
        settings: { ...settings, 'lock-timeout': '500ms' },
        files,
        on: (event, stop) => event.type === 'retrying' && stop(),
      })
      expect(refused.report.warnings.filter((text) => text.includes('blockers'))).toEqual([
        expect.stringMatching(/left alone: pid \d+ report .*GRANT pg_signal_backend TO/),
      ])
      expect(await deployFiles(database, { gates, settings, files }).then(endingOf)).toBe(
        'deployed 0',
      )
      expect(await query).toBe('57014')
      await database.query(
        `reassign owned by "${role}" to current_user; drop owned by "${role}" cascade; drop role "${role}"`,
      )
    })
  })

  test('an observer that is lost while we wait is connected anew, and goes on watching', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (a int)')
      const dump = await holder(database, 'nightly-dump', 'lock table t in access share mode')
      const running = deployFiles(database, {
        settings: { 'lock-timeout': '2s', 'retry-timeout': '10ms' },
        files: { '1_a': 'alter table t add column c int;' },
        on: (event, stop) => event.type === 'retrying' && stop(),
      })
      await worker(database, 'alter table t', true)
      await database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'pg-airlock % observer'`,
      )
      await timed(database, 'shop', 'select count(*) from t')
      const result = await running
      await dump.query('rollback')
      expect(result.report.locks?.blocked).toMatchObject([{ application: 'shop' }])
      expect(gaveWay(result)).toMatch(/^Gave up after waiting for locks for .* in all/)
    })
  })

  test('a VACUUM that waits for a long build is told of, and is no reason to cancel it', async () => {
    await withDatabase({}, async (database) => {
      await database.query(
        `create table t as select 1 as a; create function slow(int) returns int immutable language plpgsql as $$ begin perform pg_sleep(2); return $1; end $$`,
      )
      const running = deployFiles(database, {
        settings: { 'block-timeout': '300ms', 'lock-timeout': '300ms' },
        files: { '1_a': 'create index concurrently i on t (slow(a));' },
      })
      await worker(database, 'create index')
      const vacuum = timed(database, 'cron', 'vacuum t')
      const result = await running
      expect(endingOf(result)).toBe('deployed 0')
      expect(await vacuum).toBeGreaterThan(1_000)
      expect(result.report.locks?.blocked).toMatchObject([{ application: 'cron', behind: 'held' }])
    })
  })

  test('a role that may not see others still counts who waits, and says which GRANT is missing', async () => {
    await withDatabase({}, async (database) => {
      const role = `poor_${database.name}`
      await database.query(
        `create role "${role}" login password 'p'; grant create on database "${database.name}" to "${role}";
         grant all on schema public to "${role}"; create table t (a int); alter table t owner to "${role}"`,
      )
      const url = new URL(database.url)
      url.username = role
      url.password = 'p'
      const dump = await holder(database, 'nightly-dump', 'lock table t in access share mode')
      const running = deployFiles(database, {
        url: url.href,
        gates: { preflight: { checks: { 'risk.long-transactions': 'off' } } },
        settings: { 'lock-timeout': '600ms', 'retry-timeout': '10ms' },
        files: { '1_a': 'alter table t add column c int;' },
        on: (event, stop) => event.type === 'retrying' && stop(),
      })
      await worker(database, 'alter table t', true)
      await timed(database, 'shop', 'select count(*) from t')
      const { report } = await running
      await dump.query('rollback')
      expect(report.locks?.blockers).toMatchObject([
        { application: 'nightly-dump', query: '', state: '', transactionAgeMs: null, client: '' },
      ])
      expect(report.locks?.blocked).toMatchObject([{ application: 'shop', query: '' }])
      expect(report.locks?.reason).toContain(`GRANT pg_read_all_stats TO ${role}`)
      await database.query(`drop schema airlock cascade`).catch(() => undefined)
      await database.query(`drop owned by "${role}" cascade; drop role "${role}"`)
    })
  })

  test('a run in which nothing waits asks nothing, and says so', async () => {
    await withDatabase({}, async (database) => {
      const { report } = await deployFiles(database, {
        files: { '1_a': 'create table t (a int);' },
      })
      expect(report.locks).toEqual({ blockers: [], blocked: [], looks: 0, everyMs: 250 })
    })
  })
})
