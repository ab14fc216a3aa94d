import { beforeAll, describe, expect, test } from '@jest/globals'
import { oldestAndNewest, withDatabase } from '../support/database.ts'
import { deployFiles, endingOf, errorOf } from '../support/engine.ts'

const slow = `create function slow(value int) returns int language plpgsql immutable as
  $$ begin perform pg_sleep(0.002); return value; end $$;`

const room = 'create table room (free bigint); insert into room values (10000000000);'
const guard = { 'free-space': '5GB', query: 'select free from room', every: '300ms' }

/** Each takes more than five seconds, until the live line tells of it: so all at once. */
async function longStatements() {
  return Promise.all([
    validation(),
    ...oldestAndNewest().map(({ major }) => buildOnFullDisk(major)),
  ])
}

async function buildOnFullDisk(major: number) {
  return withDatabase({ major }, async (database) => {
    await database.query(`${slow} ${room} create table t as select generate_series(1, 6000) as a`)
    const details: string[] = []
    const result = await deployFiles(database, {
      files: { '1_a': 'create index concurrently i on t (slow(a));' },
      gates: { 'disk-guard': guard },
      on: (event) => {
        if (event.type !== 'still-running') return
        details.push(event.detail ?? '')
        void database.query('update room set free = 1000')
      },
    })
    const left = await database.query(`select 1 from pg_class where relname = 'i'`)
    return { result, details, left }
  })
}

async function validation() {
  return withDatabase({}, async (database) => {
    // The precheck's session is another, and quick.
    await database.query(`create function slow(value int) returns boolean language plpgsql immutable as $$ begin
        if current_setting('application_name') like '%worker%' then perform pg_sleep(0.0026); end if; return true; end $$;
      create table t as select generate_series(1, 2000) as a; analyze t`)
    const details: string[] = []
    const result = await deployFiles(database, {
      files: {
        '1_a': `alter table t add constraint c check (slow(a)) not valid;
          alter table t validate constraint c;`,
      },
      on: (event) => {
        if (event.type === 'still-running') details.push(event.detail ?? '')
      },
    })
    return { result, details, left: [] }
  })
}

describe('statements that take long', () => {
  let looked: Awaited<ReturnType<typeof longStatements>>
  beforeAll(async () => {
    looked = await longStatements()
  })

  test('a build is told as it goes, cancelled when the disk fills, undone and not tried again; the report says how far it was', () => {
    const builds = looked.slice(1)
    expect(builds.length).toBeGreaterThan(0)
    for (const { result, details, left } of builds) {
      expect(endingOf(result)).toMatch(
        /^failed 1: Cancelled: the disk has 1000 B free, less than disk-guard\.free-space \(5\.0 GB\)$/,
      )
      expect(errorOf(result)).toMatchObject({ sqlstate: '53100', where: { line: 1 } })
      expect(left).toEqual([])
      expect(details[0]).toMatch(/^building index: scanning table, \d+ %/)
      const [step] = result.migration.steps
      expect(step?.progress).toMatch(/^building index: scanning table, \d+ %$/)
      expect(step?.retries).toBeUndefined()
    }
  })

  test('of a VALIDATE, which no view shows, the live line tells what its precheck took and how large the table is', () => {
    const [validated] = looked
    if (validated === undefined) throw new Error('nothing was validated')
    expect(endingOf(validated.result)).toBe('deployed 0')
    expect(validated.details[0]).toMatch(
      /^the server shows no progress of this statement; its data precheck read the same rows in \d+ms; t has about \d+ kB$/,
    )
    const progress = validated.result.migration.steps.map((step) => step.progress)
    expect(progress).toEqual([undefined, undefined])
  })
})

describe.each(oldestAndNewest().slice(-1))('PostgreSQL $major: the disk guard', ({ major }) => {
  test('WAL that a replication slot retains cancels the statement, and the slot is named', async () => {
    await withDatabase({ major }, async (database) => {
      const slot = `guarded_${database.name}`
      await database.query('create table t (a int, b text)')
      await database.query(`select pg_create_physical_replication_slot($1, true, true)`, [slot])
      const result = await deployFiles(database, {
        files: {
          '1_a': `insert into t select i, repeat('x', 1000) from generate_series(1, 80000) i; select pg_sleep(30);`,
        },
        gates: { 'disk-guard': { 'retained-wal': '64MB', every: '500ms' } },
      })
      expect(endingOf(result)).toMatch(
        new RegExp(
          `^failed 1: Cancelled: replication slot ${slot} retains \\d+ MB of WAL, more than disk-guard.retained-wal \\(64 MB\\)$`,
        ),
      )
      expect(result.migration.steps[0]?.retries).toBeUndefined()
      expect(errorOf(result).detail).toMatch(/^physical slot, active, wal_status /)
      expect(await database.query('select a from t')).toEqual([])
    })
  })

  test('the full disk that ends a migration does not end its undo', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(`${room} create table t (a int)`)
      const result = await deployFiles(database, {
        files: {
          '1_a': 'create index concurrently i on t (a);\nselect pg_sleep(20);',
          'rollbacks/1_a_rollback':
            '-- airlock: partial=ok\n\nselect pg_sleep(0.7);\ndrop index i;',
        },
        gates: { 'disk-guard': { ...guard, every: '200ms' } },
        on: (event) => {
          if (event.type === 'step-started' && event.step.ordinal === 2) {
            void database.query('update room set free = 0')
          }
        },
      })
      expect(endingOf(result)).toMatch(
        /^rolled-back 1: (Cancelled|Not begun): the disk has 0 B free/,
      )
      expect(result.migration.rollback).toMatchObject({ by: 'script', outcome: 'restored' })
      expect(await database.query(`select 1 from pg_class where relname = 'i'`)).toEqual([])
    })
  })

  test('a limit that is passed already keeps the migration from beginning', async () => {
    await withDatabase({ major }, async (database) => {
      const result = await deployFiles(database, {
        files: { '1_a': 'create table t (a int);', '2_b': 'create table u (a int);' },
        gates: { 'disk-guard': { 'free-space': '5GB', query: 'select 1' } },
      })
      expect(endingOf(result)).toBe(
        'failed 1: Not begun: the disk has 1 B free, less than disk-guard.free-space (5.0 GB)',
      )
      expect(result.report.fingerprint?.equal).toBe(true)
    })
  })

  test('between batches the disk is looked at too', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(
        `${room} create table t (id int primary key, a int); insert into t select generate_series(1, 40)`,
      )
      const result = await deployFiles(database, {
        files: {
          '1_a': `-- airlock: batch key=id todo="a is null" size=2 pause=50ms
            update t set a = 1 where a is null and id > $1 and id <= $2;`,
        },
        gates: { 'disk-guard': { ...guard, every: '100ms' } },
        on: ({ type }) => {
          if (type === 'still-running') void database.query('update room set free = 0')
        },
      })
      expect(errorOf(result).message).toMatch(/^Stopped: the disk has 0 B free/)
      const [todo] = await database.query<{ n: number }>(
        'select count(*)::int as n from t where a is null',
      )
      expect(todo?.n).toBeGreaterThan(0)
    })
  })

  test('a query without an answer is told once as not checked, and stops nothing', async () => {
    await withDatabase({ major }, async (database) => {
      const result = await deployFiles(database, {
        files: { '1_a': 'create table t (a int);', '2_b': 'select pg_sleep(1);' },
        gates: { 'disk-guard': { ...guard, query: 'select null' } },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(result.report.warnings.filter((text) => text.includes('disk-guard'))).toEqual([
        'The free space of the disk is not checked: the query returned NULL (disk-guard.query).',
      ])
    })
  })
})
