import { describe, expect, test } from '@jest/globals'
import type { RunEvent } from '../../src/report/events.ts'
import { type TestDatabase, withDatabase } from '../support/database.ts'
import { deployFiles, endingOf, errorOf, runEngine } from '../support/engine.ts'

type Retrying = Extract<RunEvent, { type: 'retrying' }>

const retriesOf = (events: readonly RunEvent[]) =>
  events.filter((event): event is Retrying => event.type === 'retrying')

/** Another session that keeps a strong lock away from a table until `release`. */
async function holding(database: TestDatabase, table = 't') {
  const other = await database.connect('the application')
  await other.query(`begin; lock table ${table} in access share mode`)
  return { release: () => other.query('rollback') }
}

const workersLocks = `select a.state, count(l.locktype)::int as locks from pg_stat_activity a left join pg_locks l using (pid)
  where a.datname = current_database() and a.application_name like 'pg-airlock % worker%' group by a.state`

const quick = { 'lock-timeout': '400ms' }

describe('a lock that is not to be had', () => {
  test('is tried for again; while the run pauses, the worker holds nothing', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table a (id int); create table t (id int)')
      const { release } = await holding(database)
      const during: Promise<unknown>[] = []
      const idle = [{ state: 'idle', locks: 0 }]
      const result = await deployFiles(database, {
        settings: { ...quick, 'retry-timeout': '20s' },
        files: { '1_a': 'alter table a add column c int;\nalter table t add column c int;' },
        on: ({ type }) => {
          if (type !== 'retrying') return
          const locks = database.query(workersLocks)
          during.push(locks)
          if (during.length === 2) void locks.then(release)
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(result.migration.steps[0]?.retries).toBe(2)
      expect(await Promise.all(during)).toEqual([idle, idle])
      const [first] = retriesOf(result.events)
      expect(first).toMatchObject({
        attempt: 1,
        reason: expect.stringContaining('the application'),
      })
    })
  })

  test.each([
    ['the run’s', ''],
    ['the file’s own', "set lock_timeout = '400ms';\n"],
    ['its transaction’s', "begin;\nset local lock_timeout = '400ms';\n"],
  ])(
    'is given up when the budget is used up, and the last attempt ran under %s timeout too [trap: last-attempt-without-timeout] [trap: unbounded-retries]',
    async (_, set) => {
      await withDatabase({}, async (database) => {
        await database.query('create table t (id int)')
        const { release } = await holding(database)
        const end = set.startsWith('begin') ? '\ncommit;' : ''
        const started = Date.now()
        const result = await deployFiles(database, {
          settings: { ...quick, 'retry-timeout': '1300ms' },
          files: { '1_a': `${set}alter table t add column c int;${end}` },
        })
        expect(Date.now() - started).toBeLessThan(10_000)
        await release()
        const attempts = retriesOf(result.events).length + 1
        expect(attempts).toBeGreaterThan(1)
        const { sqlstate, message, detail, fix } = errorOf(result)
        expect(sqlstate).toBe('55P03')
        expect(message).toMatch(
          new RegExp(`: given up after ${attempts} attempts in \\d+(\\.\\d)? m?s$`),
        )
        expect(detail).toContain('the application')
        expect(fix).toContain('A longer retry-timeout than 1.3s')
      })
    },
  )

  test('keeps one statement outside a transaction trying', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (id int)')
      const { release } = await holding(database)
      const result = await deployFiles(database, {
        settings: { ...quick, 'retry-timeout': '20s' },
        files: { '1_a': '-- airlock: transaction=off\n\nalter table t add column c int;' },
        on: ({ type }) => {
          if (type === 'retrying') void release()
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(result.migration.steps[0]?.retries).toBe(1)
    })
  })

  test('keeps one range of a batch trying, that range alone', async () => {
    await withDatabase({}, async (database) => {
      await database.query(
        'create table t (id int primary key, n int not null default 0); insert into t select generate_series(1, 6)',
      )
      const other = await database.connect('the application')
      await other.query('begin; select * from t where id = 3 for update')
      const result = await deployFiles(database, {
        settings: { ...quick, 'retry-timeout': '20s' },
        files: {
          '1_a':
            '-- airlock: batch key=id todo="n = 0" size=2 pause=0ms\nupdate t set n = n + 1 where id > $1 and id <= $2;',
        },
        on: ({ type }) => {
          if (type === 'retrying') void other.query('rollback')
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(result.migration.steps[0]).toMatchObject({ retries: 1, batches: 3 })
      expect(retriesOf(result.events)[0]?.reason).toContain('the application')
      expect(await database.query('select distinct n from t')).toEqual([{ n: 1 }])
    })
  })

  test('a request to stop ends a pause at once', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (id int)')
      const { release } = await holding(database)
      let stoppedAt = 0
      const result = await deployFiles(database, {
        settings: { ...quick, 'lock-timeout': '50ms', 'retry-timeout': '20s' },
        files: { '1_a': 'alter table t add column c int;' },
        on: (event, stop) => {
          if (event.type !== 'retrying' || event.attempt !== 3) return
          stoppedAt = Date.now()
          stop()
        },
      })
      await release()
      const [, , third, fourth] = retriesOf(result.events)
      expect(Date.now() - stoppedAt).toBeLessThan(third?.pauseMs ?? 0)
      expect(fourth).toBeUndefined()
      expect(endingOf(result)).toBe('cancelled 130: Cancelled on request')
    })
  })
})

describe('what passes by itself', () => {
  const failing = (code: string, text: string) => `
    create sequence tries;
    create function fail_once() returns void language plpgsql as $$
    begin if nextval('tries') < 2 then raise exception '${text}' using errcode = '${code}'; end if; end $$;`

  test.each([
    ['55P03', 'Sperre nicht verfügbar'],
    ['40P01', 'Verklemmung entdeckt'],
    ['40001', 'konnte Zugriff nicht serialisieren'],
  ])(
    'is told by its SQLSTATE %s, in whatever language the server speaks [trap: retry-by-message]',
    async (code, text) => {
      await withDatabase({}, async (database) => {
        await database.query(failing(code, text))
        const result = await deployFiles(database, {
          settings: { 'retry-timeout': '20s' },
          files: { '1_a': 'select fail_once();' },
        })
        expect(endingOf(result)).toBe('deployed 0')
        expect(result.migration.steps[0]?.retries).toBe(1)
      })
    },
  )

  test('is not told by its words [trap: retry-by-message]', async () => {
    await withDatabase({}, async (database) => {
      await database.query(failing('P0001', 'canceling statement due to lock timeout'))
      const result = await deployFiles(database, { files: { '1_a': 'select fail_once();' } })
      expect(endingOf(result)).toBe('failed 1: canceling statement due to lock timeout')
      expect(retriesOf(result.events)).toEqual([])
    })
  })
})

describe('an undo', () => {
  test('of a run that was asked to stop waits for its locks, and tries again', async () => {
    await withDatabase({}, async (database) => {
      await database.query(`create table t (id int); create table u (a int); insert into u values (1), (2);
        create function slow(int) returns int immutable language plpgsql as $$ begin perform pg_sleep(20); return 1; end $$;`)
      let held: { release(): Promise<unknown> } | undefined
      const result = await deployFiles(database, {
        settings: { ...quick, 'retry-timeout': '20s' },
        files: {
          '1_a': 'alter table t add column c int;\ncreate index concurrently i on u (slow(a));',
        },
        on: (event, stop) => {
          if (event.type === 'step-started' && event.step.ordinal === 2) {
            void holding(database).then((holder) => {
              held = holder
              stop()
            })
          }
          if (event.type === 'retrying') void held?.release()
        },
      })
      expect(result.migration.rollback).toMatchObject({ outcome: 'restored' })
      expect(retriesOf(result.events).length).toBeGreaterThan(0)
      expect(result.report.exitCode).toBe(130)
    })
  })

  test('by a script waits for its locks, names who holds them, and tries the step again as a whole', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (id int); create table log (id int)')
      const files = {
        '1_a': 'alter table t add column c int;',
        'rollbacks/1_a_rollback':
          '-- airlock: allow=data-loss reason="a test"\n\ncreate table made (id int);\ninsert into log values (1);\nalter table t drop column c;',
      }
      expect(endingOf(await deployFiles(database, { files }))).toBe('deployed 0')
      const { release } = await holding(database)
      const undone = await runEngine(database, 'rollback', {
        settings: { ...quick, 'retry-timeout': '20s' },
        files,
        on: ({ type }) => {
          if (type === 'retrying') void release()
        },
      })
      const [retrying] = retriesOf(undone.events)
      expect(retrying?.reason).toContain('the application')
      expect(await database.query('select * from log')).toEqual([{ id: 1 }])
      expect(undone.migration.rollback?.statements).toHaveLength(3)
    })
  })

  test('gives up when its budget is used up, and says so: a person has to look', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (id int)')
      const files = { '1_a': 'alter table t add column c int;' }
      await deployFiles(database, { files })
      const { release } = await holding(database)
      const undone = await runEngine(database, 'rollback', {
        settings: { ...quick, 'retry-timeout': '1300ms' },
        files,
      })
      await release()
      expect(undone.report.exitCode).toBe(3)
      expect(undone.migration.rollback?.error).toMatchObject({
        sqlstate: '55P03',
        message: expect.stringMatching(/given up after \d attempts in/),
        detail: expect.stringContaining('the application'),
      })
    })
  })
})
