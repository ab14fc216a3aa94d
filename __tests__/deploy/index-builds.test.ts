import { describe, expect, test } from '@jest/globals'
import type { RunEvent } from '../../src/report/events.ts'
import { renderSummary } from '../../src/report/markdown.ts'
import { oldestAndNewest, type TestDatabase, withDatabase } from '../support/database.ts'
import { deployFiles, endingOf, errorOf, until } from '../support/engine.ts'

const snapshot = 'begin isolation level repeatable read; select 1'

/** Index, OID and whether it is valid, of all indexes outside the journal. */
const indexes = (database: TestDatabase) =>
  database.query<{ name: string; oid: number; valid: boolean }>(
    `select c.relname as name, c.oid, i.indisvalid and i.indisready and i.indislive as valid
     from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
     where n.nspname not in ('airlock', 'pg_catalog', 'pg_toast', 'information_schema') order by 1`,
  )

/** A person's build (or rebuild, or drop) that gave up half way. */
async function abandon(database: TestDatabase, statement: string, opening = snapshot) {
  const old = await database.connect('old')
  await old.query(opening)
  const person = await database.connect('person')
  await person.query(`set statement_timeout = '150ms'`)
  await expect(person.query(statement)).rejects.toMatchObject({ code: '57014' })
  await old.end()
  await person.end()
}

/** A build that is kept alive until `finish`. */
async function liveBuild(database: TestDatabase, statement: string) {
  const old = await database.connect('old')
  await old.query(snapshot)
  const builder = await database.connect('other builder')
  const built = builder.query(statement)
  await until(() => database.query('select 1 from pg_index where not indisvalid'))
  return {
    async finish() {
      await old.query('rollback')
      await built
    },
  }
}

/** Resolves as soon as the run says that it waits. */
function firstWait() {
  let tell: (event: Waiting) => void = () => {}
  const waiting = new Promise<Waiting>((resolve) => {
    tell = resolve
  })
  const on = (event: RunEvent) => {
    if (event.type === 'waiting-for-snapshots') tell(event)
  }
  return { waiting, on }
}
type Waiting = Extract<RunEvent, { type: 'waiting-for-snapshots' }>

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
/** Than a lock-timeout of 100ms, in milliseconds. */
const muchLonger = 400

const gate = `create function gate(value int) returns int language plpgsql immutable as $$
  begin perform pg_advisory_xact_lock_shared(4711); return value; end $$;`

describe.each(oldestAndNewest())('PostgreSQL $major: before a concurrent build', ({ major }) => {
  test('old snapshots are awaited before anything is begun, under a lock-timeout that is shorter; younger ones are left to the build [trap: lock-timeout-cuts-concurrent-build]', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(`create schema "Übung.x"; create table "Übung.x"."Ta""ble" (a int)`)
      const dump = await database.connect('nightly dump')
      await dump.query(snapshot)
      const { waiting, on } = firstWait()
      const running = deployFiles(database, {
        on,
        settings: { 'lock-timeout': '100ms', 'retry-timeout': '10ms' },
        files: { '1_a': 'create index concurrently "i.ñ""x" on "Übung.x"."Ta""ble" (a)' },
      })
      expect((await waiting).sessions).toMatchObject([
        { application: 'nightly dump', state: 'idle in transaction' },
      ])
      await pause(muchLonger)
      expect(await indexes(database)).toEqual([])
      const younger = await database.connect('younger')
      await younger.query(snapshot)
      await dump.query('rollback')
      await until(() => database.query('select 1 from pg_index where not indisvalid'))
      await pause(muchLonger)
      expect(await indexes(database)).toMatchObject([{ valid: false }])
      await younger.query('rollback')
      const run = await running
      expect(endingOf(run)).toBe('deployed 0')
      expect(run.migration.steps[0]?.retries ?? 0).toBe(0)
      expect(await indexes(database)).toMatchObject([{ name: 'i.ñ"x', valid: true }])
      const dumps = run.report.locks?.blockers.filter((one) => one.application === 'nightly dump')
      expect(dumps).toMatchObject([
        {
          version: '1',
          step: 1,
          state: 'idle in transaction',
          query: snapshot,
          where: { line: 1 },
        },
      ])
      expect(dumps?.[0]?.waitedMs).toBeGreaterThan(40)
      expect(run.migration.steps[0]?.waitedMs).toBeGreaterThan(40)
      expect(renderSummary(run.report)).toMatch(/Who was in our way:[\s\S]*`nightly dump`/)
    })
  })

  test('writers and prepared transactions that outlast concurrent-timeout are named, and nothing is left', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query('create table t (a int); create table u (a int)')
      const writer = await database.connect('long writer')
      await writer.query('begin; insert into t values (1)')
      const prepared = await database.connect()
      await prepared.query(`begin; insert into t values (2); prepare transaction 'half''way'`)
      const idle = await database.connect('elsewhere')
      await idle.query('begin; insert into u values (1)')
      const options = {
        settings: { 'concurrent-timeout': '300ms', 'retry-timeout': '10ms' },
        gates: { preflight: { checks: { 'risk.prepared-transactions': 'off' as const } } },
        files: { '1_a': 'create index concurrently i on t (a)' },
      }
      const run = await deployFiles(database, options)
      await writer.query('rollback')
      await database.query(`rollback prepared 'half''way'`)
      const { sqlstate, detail } = errorOf(run)
      expect(endingOf(run)).toMatch(/^failed 1: Not begun/)
      expect({ sqlstate, detail }).toEqual({
        sqlstate: '55P03',
        detail: expect.stringMatching(
          /long writer.*a prepared transaction half'way|a prepared transaction half'way.*long writer/,
        ),
      })
      expect(detail).not.toContain('elsewhere')
      expect(await indexes(database)).toEqual([])
      expect(endingOf(await deployFiles(database, options))).toBe('deployed 0')
    })
  })

  test.each([false, true])(
    "another session's live build of the same name is waited for, never dropped, also where its view is hidden: %s [trap: invalid-may-be-a-live-build]",
    async (hidden) => {
      await withDatabase({ major }, async (database) => {
        const role = `reader_${process.pid}_${major}`
        const url = new URL(database.url)
        if (hidden) {
          await database.query(
            `create role ${role} login password 'p'; create schema s authorization ${role}; grant create on database "${database.name}" to ${role}`,
          )
          url.username = role
          url.password = 'p'
        } else await database.query('create schema s')
        await database.query('create table s.t (a int)')
        if (hidden) await database.query(`alter table s.t owner to ${role}`)
        const build = await liveBuild(database, 'create index concurrently i on s.t (a)')
        const [before] = await indexes(database)
        const options = {
          url: url.href,
          files: { '1_a': 'create index concurrently if not exists i on s.t (a)' },
        }
        const settings = { 'concurrent-timeout': '300ms', 'retry-timeout': '10ms' }
        const refused = await deployFiles(database, { ...options, settings })
        expect(endingOf(refused)).toMatch(/^failed 1: Not begun/)
        expect(errorOf(refused).detail).toContain('other builder')
        expect(errorOf(refused).why?.includes('GRANT pg_read_all_stats')).toBe(hidden)
        expect(await indexes(database)).toEqual([before])
        const { waiting, on } = firstWait()
        const running = deployFiles(database, { ...options, on })
        expect((await waiting).sessions).toMatchObject([
          {
            application: 'other builder',
            state: hidden ? '' : 'active, waiting for old snapshots',
          },
        ])
        await build.finish()
        expect(endingOf(await running)).toBe('deployed 0')
        expect(await indexes(database)).toEqual([{ ...before, valid: true }])
        if (hidden) await database.query(`drop owned by ${role} cascade; drop role ${role}`)
      })
    },
  )
})

test('an old snapshot of an application that airlock.yml names is ended before a build', async () => {
  await withDatabase({}, async (database) => {
    await database.query('create table t (a int)')
    const forgotten = await database.connect('console 7')
    await forgotten.query(snapshot)
    const run = await deployFiles(database, {
      files: { '1_a': 'create index concurrently i on t (a)' },
      gates: {
        blockers: { action: 'terminate', applications: ['console *'], 'older-than': '10ms' },
      },
    })
    expect(endingOf(run)).toBe('deployed 0')
    expect(run.report.locks?.blockers).toMatchObject([
      { application: 'console 7', action: 'terminated' },
    ])
    expect(await indexes(database)).toMatchObject([{ name: 'i', valid: true }])
  })
})

describe('what an earlier attempt left', () => {
  test.each([
    ['(a)', '(a)'],
    [
      'using btree (lower(b), a desc) include (c) where a > 1',
      '(lower(b), a desc) include (c) where a > 1',
    ],
  ])(
    'INVALID, of the same structure %s: dropped, built again and said [trap: if-not-exists-over-invalid]',
    async (left, wanted) => {
      await withDatabase({}, async (database) => {
        await database.query(
          'create table p (a int, b text, c int) partition by list (a); create table "p.1" partition of p for values in (1)',
        )
        await abandon(database, `create index concurrently "i.1" on "p.1" ${left}`)
        const run = await deployFiles(database, {
          files: { '1_a': `create index concurrently if not exists "i.1" on "p.1" ${wanted}` },
        })
        expect(endingOf(run)).toBe('deployed 0')
        expect(await indexes(database)).toMatchObject([{ name: 'i.1', valid: true }])
        expect(run.migration.warnings).toMatchObject([
          { id: 'leftover-dropped', message: expect.stringContaining('public."i.1"') },
        ])
      })
    },
  )

  test.each(['(b)', '(a) where a in (1, 2)'])(
    'INVALID, of another structure or one that can’t be compared %s: refused before anything is begun',
    async (left) => {
      await withDatabase({}, async (database) => {
        await database.query('create table t (a int, b int)')
        await abandon(database, `create index concurrently i on t ${left}`)
        const before = await indexes(database)
        const run = await deployFiles(database, {
          files: {
            '1_a':
              'create index concurrently if not exists i on t (a) where a = any ($$1,2$$::int[])'.replace(
                left === '(b)' ? / where.*/ : '',
                '',
              ),
          },
        })
        expect(endingOf(run)).toMatch(/^failed 1: There is an INVALID index public\.i /)
        expect(errorOf(run).detail).toMatch(/found: btree .* to be created: btree \(a\)/)
        expect(await indexes(database)).toEqual(before)
      })
    },
  )

  test('IF NOT EXISTS over a VALID index of another structure fails and leaves it alone', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (a int, b int); create index i on t (b)')
      const before = await indexes(database)
      const run = await deployFiles(database, {
        files: { '1_a': 'create index concurrently if not exists i on t (a)' },
      })
      expect(endingOf(run)).toMatch(/^failed 1: index i on t: expected .*\(a\).*found.*\(b\)/)
      expect(await indexes(database)).toEqual(before)
    })
  })

  test('a drop that somebody began is finished', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (a int); create index i on t (a)')
      await abandon(database, 'drop index concurrently i', 'begin; lock t in access share mode')
      expect(await indexes(database)).toMatchObject([{ valid: false }])
      const run = await deployFiles(database, { files: { '1_a': 'drop index concurrently i' } })
      expect(endingOf(run)).toBe('deployed 0')
      expect(await indexes(database)).toEqual([])
    })
  })
})

describe('a concurrent statement that fails', () => {
  const unchecked = { preflight: { checks: { 'data.unique': 'off' as const } } }
  const unique = { '1_a': 'create unique index concurrently i on t (a, lower(b))' }

  test('on duplicates names their keys, and its INVALID index is gone at once', async () => {
    await withDatabase({}, async (database) => {
      await database.query(
        `create table t (a int, b text); insert into t select i % 7, 'X' from generate_series(0, 13) i; insert into t values (8, 'x'), (null, 'x'), (null, 'X')`,
      )
      const run = await deployFiles(database, { gates: unchecked, files: unique })
      expect(endingOf(run)).toMatch(/^failed 1: /)
      const { sqlstate, detail } = errorOf(run)
      expect(sqlstate).toBe('23505')
      expect(detail).toMatch(
        /duplicates in t \(a, \(?lower\(b\)\)?\): 7 values that occur more than once: (\(\d, x\) in 2 rows, ){4}\(\d, x\) in 2 rows and 2 more/,
      )
      expect(await indexes(database)).toEqual([])
    })
  })

  test('says what could not be removed and how, and the next run removes it', async () => {
    await withDatabase({}, async (database) => {
      await database.query(
        `create table t (a int, b text); insert into t values (1, 'x'), (1, 'X')`,
      )
      const reader = await database.connect('reader')
      await reader.query('begin; lock t in access share mode')
      const settings = { 'concurrent-timeout': '500ms', 'retry-timeout': '10ms' }
      const options = { gates: unchecked, files: unique, settings }
      const run = await deployFiles(database, options)
      expect(run.report.exitCode).toBe(3)
      expect(errorOf(run)).toMatchObject({
        detail: expect.stringContaining('left INVALID: public.i'),
        fix: expect.stringContaining('DROP INDEX CONCURRENTLY public.i;'),
      })
      expect(await indexes(database)).toMatchObject([{ name: 'i', valid: false }])
      await reader.query('rollback')
      await database.query(`update t set b = 'y' where b = 'X'`)
      expect(endingOf(await deployFiles(database, options))).toBe('deployed 0')
      expect(await indexes(database)).toMatchObject([{ name: 'i', valid: true }])
    })
  })

  test('a rebuild removes its own leftover; that of another is named and left alone', async () => {
    await withDatabase({}, async (database) => {
      await database.query(
        `${gate} create table t (a int); insert into t values (1); create index i on t (gate(a)); create index j on t (a)`,
      )
      await abandon(database, 'reindex index concurrently j')
      const other = await database.connect('gate')
      await other.query('select pg_advisory_lock(4711)')
      const before = await indexes(database)
      expect(before.map(({ name }) => name)).toEqual(['i', 'j', 'j_ccnew'])
      const options = {
        settings: { 'concurrent-timeout': '500ms', 'retry-timeout': '10ms' },
        files: { '1_a': 'reindex (concurrently) index i' },
      }
      const run = await deployFiles(database, options)
      expect(endingOf(run)).toMatch(/^failed 1: /)
      expect(run.migration.warnings).toMatchObject([
        { id: 'rebuild-leftover', message: expect.stringContaining('public.j_ccnew is INVALID') },
      ])
      expect(await indexes(database)).toEqual(before)
      await other.query('select pg_advisory_unlock(4711)')
      expect(endingOf(await deployFiles(database, options))).toBe('deployed 0')
      expect((await indexes(database)).map(({ name }) => name)).toEqual(['i', 'j', 'j_ccnew'])
    })
  })

  test('a rebuild makes an INVALID index whole', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (a int)')
      await abandon(database, 'create index concurrently i on t (a)')
      const run = await deployFiles(database, { files: { '1_a': 'reindex index concurrently i' } })
      expect(endingOf(run)).toBe('deployed 0')
      expect(await indexes(database)).toMatchObject([{ name: 'i', valid: true }])
    })
  })

  test('a build that is stopped leaves no index', async () => {
    await withDatabase({}, async (database) => {
      await database.query(`${gate} create table t (a int); insert into t values (1)`)
      const other = await database.connect('gate')
      await other.query('select pg_advisory_lock(4711)')
      let ask = () => {}
      const running = deployFiles(database, {
        files: { '1_a': 'create index concurrently i on t (gate(a))' },
        on: (_, stop) => {
          ask = stop
        },
      })
      await until(() => database.query('select 1 from pg_index where not indisvalid'))
      const asked = Date.now()
      ask()
      expect(endingOf(await running)).toMatch(/^cancelled 130/)
      expect(Date.now() - asked).toBeLessThan(3_000)
      expect(await indexes(database)).toEqual([])
    })
  })

  test('a request to stop ends the wait at once', async () => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (a int)')
      const old = await database.connect('old')
      await old.query(snapshot)
      let asked = 0
      const run = await deployFiles(database, {
        files: { '1_a': 'create index concurrently i on t (a)' },
        on: (event, stop) => {
          if (event.type !== 'waiting-for-snapshots') return
          asked = Date.now()
          stop()
        },
      })
      expect(endingOf(run)).toMatch(/^cancelled 130/)
      expect(Date.now() - asked).toBeLessThan(1_000)
      expect(await indexes(database)).toEqual([])
    })
  })

  test('statements that allow no transaction run one by one, whatever word says so [trap: one-message-many-concurrent] [trap: implicit-concurrently]', async () => {
    await withDatabase({}, async (database) => {
      await database.query(
        'create table p (a int, b int) partition by list (a); create table p1 partition of p for values in (1); create index i on p1 (a); create index j on p1 (b)',
      )
      const run = await deployFiles(database, {
        files: {
          '1_a':
            'drop index concurrently i; drop index concurrently j; alter table p detach partition p1 concurrently; create index concurrently k on p1 (a); reindex (concurrently) table p1; reindex (concurrently) schema public; vacuum p1;',
        },
      })
      expect(endingOf(run)).toBe('deployed 0')
      expect(await indexes(database)).toMatchObject([{ name: 'k', valid: true }])
    })
  })

  test('neither keeper nor observer nor a second run that waits holds a snapshot while a build runs [trap: keeper-blocks-build] [trap: second-runner-breaks-build]', async () => {
    await withDatabase({}, async (database) => {
      await database.query(`${gate} create table t (a int); insert into t values (1)`)
      const other = await database.connect('gate')
      await other.query('select pg_advisory_lock(4711)')
      const options = {
        settings: { 'run-lock-timeout': '20s' },
        files: { '1_a': 'create index concurrently i on t (gate(a))' },
      }
      const first = deployFiles(database, options)
      await until(() => database.query('select 1 from pg_index where not indisvalid'))
      let tell = () => {}
      const waits = new Promise<void>((resolve) => {
        tell = resolve
      })
      const second = deployFiles(database, {
        ...options,
        on: ({ type }) => (type === 'waiting-for-run' ? tell() : undefined),
      })
      await waits
      const horizons = await database.query(
        `select split_part(application_name, ' ', 3) as role from pg_stat_activity
         where datname = current_database() and application_name like 'pg-airlock %' and backend_xmin is not null`,
      )
      expect(horizons).toEqual([{ role: 'worker' }])
      await other.query('select pg_advisory_unlock(4711)')
      expect(endingOf(await first)).toBe('deployed 0')
      expect(endingOf(await second)).toBe('nothing-to-do 0')
    })
  })
})
