import { describe, expect, test } from '@jest/globals'
import type { RunEvent } from '../../src/report/events.ts'
import { type TestDatabase, withDatabase } from '../support/database.ts'
import { deployFiles, endingOf, errorOf, runEngine, until } from '../support/engine.ts'

const snapshot = 'begin isolation level repeatable read; select 1'
const reading = 'begin; lock t in access share mode'

const indexOf = (database: TestDatabase, name: string) =>
  database.query<{ oid: number; valid: boolean }>(
    'select indexrelid::int as oid, indisvalid as valid from pg_index where indexrelid = to_regclass($1)',
    [name],
  )

/** A person's statement that gave up half way. */
async function abandon(database: TestDatabase, statement: string, opening: string) {
  const old = await database.connect('old')
  await old.query(opening)
  const person = await database.connect('person')
  await person.query(`set statement_timeout = '150ms'`)
  await expect(person.query(statement)).rejects.toMatchObject({ code: '57014' })
  await old.end()
  await person.end()
}

/** Resolves at the first event of the type. */
function first(type: RunEvent['type']) {
  let tell = () => {}
  const seen = new Promise<void>((resolve) => {
    tell = resolve
  })
  return { seen, on: (event: RunEvent) => (event.type === type ? tell() : undefined) }
}

const waitsFor = (database: TestDatabase, query: string) =>
  until(() =>
    database.query(
      `select 1 as one from pg_stat_activity where datname = current_database() and application_name like 'pg-airlock % worker%'
         and wait_event_type = 'Lock' and query ilike $1`,
      [query],
    ),
  )

/** As if the run had been killed while its second step ran. */
const killedInStep2 = (database: TestDatabase) =>
  database.query(
    `with step as (update airlock.steps set state = 'started', ended_at = null where ordinal = 2)
     update airlock.migrations set state = 'failed', half_done = true`,
  )

describe('an INVALID index', () => {
  test('that another session builds, begun when the run had looked and its own waits behind it, is never taken for its own [trap: invalid-may-be-a-live-build]', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (a int)')
      const older = await database.connect('older')
      await older.query(snapshot)
      const wait = first('waiting-for-snapshots')
      const running = deployFiles(database, {
        on: wait.on,
        settings: { 'concurrent-timeout': '700ms', 'retry-timeout': '1ms' },
        files: { '1_a': 'create index concurrently i on t (a)' },
      })
      await wait.seen
      const younger = await database.connect('younger')
      await younger.query(snapshot)
      const holder = await database.connect('holder')
      await holder.query('begin; lock t in share update exclusive mode')
      const builder = await database.connect('other builder')
      const built = builder.query('create index concurrently i on t (a)')
      await older.query('rollback')
      await waitsFor(database, 'create index%')
      await holder.query('rollback')
      await until(() => database.query('select 1 from pg_index where not indisvalid'))
      const [theirs] = await indexOf(database, 'i')
      const over = { yet: false }
      const ended = running.finally(() => {
        over.yet = true
      })
      await until(async () => {
        const dropping = await database.query(
          `select 1 as one from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query ~* '^drop index'`,
        )
        return over.yet ? [{ one: 1 }] : dropping
      })
      await younger.query('rollback')
      await built
      const run = await ended
      expect(await indexOf(database, 'i')).toEqual([{ ...theirs, valid: true }])
      expect(endingOf(run)).toMatch(/Gave up after waiting for locks/)
      expect(run.migration.rollback).toMatchObject({ by: 'transaction' })
    })
  })

  test('of an earlier attempt that a younger session keeps from being dropped: a request to stop ends it at once', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (a int)')
      await abandon(database, 'create index concurrently i on t (a)', snapshot)
      const older = await database.connect('older')
      await older.query(reading)
      const wait = first('waiting-for-snapshots')
      let stop = () => {}
      const running = deployFiles(database, {
        on: (event, ask) => {
          stop = ask
          wait.on(event)
        },
        settings: { 'concurrent-timeout': '6s' },
        files: { '1_a': 'create index concurrently i on t (a)' },
      })
      await wait.seen
      const younger = await database.connect('younger')
      await younger.query(reading)
      await older.query('rollback')
      await waitsFor(database, 'drop index%')
      const asked = Date.now()
      stop()
      expect(endingOf(await running)).toMatch(/^cancelled 130/)
      expect(Date.now() - asked).toBeLessThan(2_000)
    })
  })

  test('of a failed build that is being dropped: a second request to stop ends that at once, and it is named', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (a int); insert into t values (1), (1)')
      const reader = await database.connect('reader')
      let stop = () => {}
      const running = deployFiles(database, {
        on: (_, ask) => {
          stop = ask
        },
        settings: { 'concurrent-timeout': '6s' },
        gates: { preflight: { checks: { 'data.unique': 'off' } } },
        files: { '1_a': 'create unique index concurrently i on t (a)' },
      })
      await reader.query(reading)
      await waitsFor(database, 'drop index%')
      const asked = Date.now()
      stop()
      stop()
      const run = await running
      expect(Date.now() - asked).toBeLessThan(2_000)
      expect(run.report.exitCode).toBe(3)
      expect(errorOf(run).detail).toContain('left INVALID: public.i')
      expect(await indexOf(database, 'i')).toMatchObject([{ valid: false }])
    })
  })
})

describe('what a killed run began', () => {
  test('an index whose expression the server prints in other words is known to be built', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (a int, d timestamp)')
      const files = {
        '1_a': `create table x (id int);\ncreate index concurrently i on t (a) where d > '2020-01-01'`,
      }
      expect(endingOf(await deployFiles(database, { files }))).toBe('deployed 0')
      const [index] = await indexOf(database, 'i')
      await killedInStep2(database)
      expect(endingOf(await deployFiles(database, { files }))).toBe('deployed 0')
      expect(await indexOf(database, 'i')).toEqual([index])
    })
  })

  test('a pending DETACH is finalized without keeping anybody out while an old snapshot lasts', async () => {
    await withDatabase({}, async (database) => {
      await database.query(
        `create table p (a int) partition by list (a); create table p1 partition of p for values in (1)`,
      )
      const detach = 'alter table p detach partition p1 concurrently'
      const options = {
        files: { '1_a': `create table x (id int);\n${detach}` },
        settings: { 'concurrent-timeout': '4s' },
      }
      expect(endingOf(await deployFiles(database, options))).toBe('deployed 0')
      await database.query('alter table p attach partition p1 for values in (1)')
      await abandon(database, detach, 'begin; select from p')
      await killedInStep2(database)
      const dump = await database.connect('dump')
      await dump.query(snapshot)
      const wait = first('waiting-for-snapshots')
      const running = deployFiles(database, { ...options, on: wait.on })
      await Promise.race([wait.seen, running])
      const application = await database.connect('application')
      await application.query(`set lock_timeout = '200ms'`)
      await application.query('select from p1')
      await dump.query('rollback')
      expect(endingOf(await running)).toBe('deployed 0')
      expect(await database.query('select inhrelid from pg_inherits')).toEqual([])
    })
  })
})

test('a statement outside a transaction that failed and left nothing is simply run by the next deploy', async () => {
  await withDatabase({}, async (database) => {
    await database.query('create table t (a int)')
    const busy = await database.connect('busy')
    await busy.query('begin; lock t in share update exclusive mode')
    const options = {
      files: { '1_a': 'create table x (id int);\nvacuum t' },
      settings: {
        'concurrent-timeout': '200ms',
        'retry-timeout': '1ms',
        'on-failure': 'stop',
      },
    }
    expect(endingOf(await deployFiles(database, options))).toMatch(/^needs-attention 3.*lock/)
    await busy.query('rollback')
    expect(endingOf(await deployFiles(database, options))).toBe('deployed 0')
  })
})

test('leftovers of a rebuild among the indexes of TOAST are named', async () => {
  await withDatabase({}, async (database) => {
    await database.query('create table t (b text)')
    await abandon(database, 'reindex table concurrently t', snapshot)
    const run = await deployFiles(database, { files: { '1_a': 'reindex table concurrently t' } })
    expect(endingOf(run)).toBe('deployed 0')
    expect(run.migration.warnings).toMatchObject([
      {
        id: 'rebuild-leftover',
        message: expect.stringMatching(/^pg_toast\.pg_toast_\d+_index_ccnew is INVALID/),
      },
    ])
  })
})

describe('a rollback script that gave way', () => {
  test('rebuilds what it was to rebuild', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (a int); create index i on t (a)')
      const files = {
        '1_a': 'create table x (id int)',
        'rollbacks/1_a_rollback': 'reindex index concurrently i;\ndrop table x;',
      }
      expect(endingOf(await deployFiles(database, { files }))).toBe('deployed 0')
      const [before] = await indexOf(database, 'i')
      const busy = await database.connect('busy')
      await busy.query('begin; lock t in share update exclusive mode')
      const run = await runEngine(database, 'rollback', {
        files,
        settings: { 'concurrent-timeout': '300ms' },
        on: ({ type }) => {
          if (type === 'retrying') void busy.query('rollback')
        },
      })
      expect(endingOf(run)).toBe('rolled-back 0')
      const [after] = await indexOf(database, 'i')
      expect(after?.valid).toBe(true)
      expect(after?.oid).not.toBe(before?.oid)
    })
  })

  test('never drops the INVALID index that another session builds: it says who', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (a int)')
      const files = {
        '1_a': 'create table x (id int)',
        'rollbacks/1_a_rollback': 'create index concurrently i on t (a);\ndrop table x;',
      }
      expect(endingOf(await deployFiles(database, { files }))).toBe('deployed 0')
      const old = await database.connect('old')
      await old.query(snapshot)
      const builder = await database.connect('other builder')
      const built = builder.query('create index concurrently i on t (a)')
      await until(() => database.query('select 1 from pg_index where not indisvalid'))
      const run = await runEngine(database, 'rollback', {
        files,
        settings: { 'concurrent-timeout': '200ms', 'retry-timeout': '1s' },
      })
      await old.query('rollback')
      await built
      expect(errorOf(run).detail).toMatch(/public\.i: another session works on it: .*other builder/)
      expect(await indexOf(database, 'i')).toMatchObject([{ valid: true }])
    })
  })
})
