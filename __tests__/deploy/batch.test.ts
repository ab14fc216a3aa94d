import { describe, expect, test } from '@jest/globals'
import { oldestAndNewest, withDatabase } from '../support/database.ts'
import { deployFiles, endingOf, errorOf, until } from '../support/engine.ts'

const keys = {
  bigint: { type: 'bigint', value: 'g * 3000000000' },
  text: { type: 'text', value: `'Ключ ' || (g * 7919 % 101)` },
  'text, collated': { type: 'text collate "C"', value: `chr(64 + g) || '''"'` },
  uuid: { type: 'uuid', value: 'md5(g::text)::uuid' },
  timestamptz: {
    type: 'timestamptz',
    value: `'2024-03-30 22:00+00'::timestamptz + g * interval '10 minutes 0.000001 seconds'`,
  },
  numeric: { type: 'numeric', value: 'g / 7.0' },
} as const

describe.each(oldestAndNewest())('PostgreSQL $major: batched backfills', ({ major }) => {
  test.each(Object.entries(keys))(
    'walk over a key of %s, each row once, in batches of the size',
    async (_, { type, value }) => {
      await withDatabase({ major }, async (database) => {
        await database.query(`create table "T t" ("the key" ${type} primary key, n int not null default 0, done boolean);
        insert into "T t" select ${value} from generate_series(1, 57) g`)
        const result = await deployFiles(database, {
          files: {
            '1_a': `-- airlock: batch key="the key" todo="done is null" size=10
update "T t" set done = true, n = n + 1 where "the key" > $1 and "the key" <= $2;`,
          },
        })
        expect(endingOf(result)).toBe('deployed 0')
        expect(
          await database.query('select n, done, count(*)::int from "T t" group by 1, 2'),
        ).toEqual([{ n: 1, done: true, count: 57 }])
        expect(result.migration.steps).toMatchObject([{ kind: 'batch', batches: 6 }])
        expect(result.migration.rowEffects).toEqual([
          { table: 'public."T t"', inserted: 0, updated: 57, deleted: 0, certainty: 'exact' },
        ])
      })
    },
  )

  test('walk over composite keys by row comparison', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(`create table t (a int, b text, n int not null default 0, primary key (a, b));
        insert into t select g % 4, 'b' || g from generate_series(1, 50) g`)
      const result = await deployFiles(database, {
        files: {
          '1_a': `-- airlock: batch key=a,b todo="n = 0" size=7\nupdate t set n = n + 1 where (a, b) > ($1, $2) and (a, b) <= ($3, $4);`,
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(await database.query('select n, count(*)::int from t group by 1')).toEqual([
        { n: 1, count: 50 },
      ])
    })
  })

  test('delete, and insert by select', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(`create table t (id int primary key, old boolean); insert into t select g, g % 2 = 0 from generate_series(1, 30) g;
        create table copy (id int primary key)`)
      const result = await deployFiles(database, {
        files: {
          '1_a': `-- airlock: batch key=id todo="not exists (select from copy where copy.id = t.id)" size=7\ninsert into copy select id from t where id > $1 and id <= $2;`,
          '2_b': `-- airlock: batch key=id todo="old" size=4\ndelete from t where old and id > $1 and id <= $2;`,
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(
        await database.query(
          'select (select count(*)::int from copy) as copied, count(*)::int as left from t',
        ),
      ).toEqual([{ copied: 30, left: 15 }])
    })
  })

  test('a nullable key is refused before the first batch, whether a row has no key or not', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(
        `create table t (id int, done boolean); insert into t select g from generate_series(1, 30) g`,
      )
      const result = await deployFiles(database, {
        files: {
          '1_a': `-- airlock: batch key=id todo="done is null" size=10\nupdate t set done = true where id > $1 and id <= $2;`,
        },
      })
      expect(endingOf(result)).toMatch(/^failed 1: The key of a batch may be null: id/)
      expect(errorOf(result)).toMatchObject({
        where: { file: 'migrations/1_a.sql', line: 1 },
        fix: expect.any(String),
      })
      expect(await database.query('select count(*)::int from t where done')).toEqual([{ count: 0 }])
    })
  })

  test('rows that arrive behind the walk are reached by another pass', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(
        `create table t (id int primary key, done boolean); insert into t select g * 10 from generate_series(1, 40) g`,
      )
      let arrived = 0
      const result = await deployFiles(database, {
        files: {
          '1_a': `-- airlock: batch key=id todo="done is null" size=10 pause=30ms\nupdate t set done = true where id > $1 and id <= $2;`,
        },
        on: ({ type }) => {
          if (type === 'still-running' && arrived < 3)
            void database.query(`insert into t values (${++arrived})`)
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(await database.query('select count(*)::int from t where done is null')).toEqual([
        { count: 0 },
      ])
      expect(await database.query('select count(*)::int from t')).toEqual([{ count: 43 }])
      const [progress] = await database.query<{ pass: number }>(
        `select (progress ->> 'pass')::int as pass from airlock.steps`,
      )
      expect(progress?.pass).toBeGreaterThan(2)
    })
  })

  test('a todo that the statement does not make false ends after bounded passes, and says so', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(
        `create table t (id int primary key, n int not null default 0); insert into t select g from generate_series(1, 20) g`,
      )
      const result = await deployFiles(database, {
        files: {
          '1_a': `-- airlock: batch key=id todo="n >= 0" size=10\nupdate t set n = n + 1 where id > $1 and id <= $2;`,
        },
      })
      expect(endingOf(result)).toMatch(
        /^needs-attention 3: Rows are still to do after \d+ walks over t/,
      )
      expect(errorOf(result).fix).toContain('todo')
      const [row] = await database.query<{ n: number }>('select max(n) as n from t')
      expect(row?.n).toBeLessThanOrEqual(20)
    })
  })

  test('a batch that fails keeps the batches before it, and the next run goes on behind them', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(
        `create table t (id int primary key, n int not null default 0, constraint small check (n < 1 or id <> 25)); insert into t select g from generate_series(1, 40) g`,
      )
      const files = {
        '1_a': `-- airlock: batch key=id todo="n = 0" size=10\nupdate t set n = n + 1 where id > $1 and id <= $2;`,
      }
      const failed = await deployFiles(database, { files, settings: { 'on-failure': 'stop' } })
      expect(endingOf(failed)).toMatch(
        /^needs-attention 3: new row for relation "t" violates check constraint "small"/,
      )
      expect(errorOf(failed).where).toMatchObject({ line: 2 })
      expect(await database.query('select count(*)::int from t where n = 1')).toEqual([
        { count: 20 },
      ])
      await database.query('alter table t drop constraint small')
      const result = await deployFiles(database, { files })
      expect(endingOf(result)).toBe('deployed 0')
      expect(await database.query('select n, count(*)::int from t group by 1')).toEqual([
        { n: 1, count: 40 },
      ])
      expect(result.migration.rowEffects).toMatchObject([{ table: 'public.t', updated: 40 }])
    })
  })

  test('nothing to do is no batch', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query('create table t (id int primary key, n int)')
      const result = await deployFiles(database, {
        files: {
          '1_a': `-- airlock: batch key=id todo="n is null" size=10\nupdate t set n = 1 where id > $1 and id <= $2;`,
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
    })
  })

  test('each batch is a transaction of its own', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(
        'create table t (id int primary key, n int); insert into t select g from generate_series(1, 30) g',
      )
      const result = await deployFiles(database, {
        files: {
          '1_a': `-- airlock: batch key=id todo="n is null" size=10\nupdate t set n = 1 where id > $1 and id <= $2;`,
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(await database.query('select count(distinct xmin::text)::int from t')).toEqual([
        { count: 3 },
      ])
    })
  })
})

const batch = {
  '1_a': `-- airlock: batch key=id todo="n = 0" size=10 pause=0ms\nupdate t set n = 1 where id > $1 and id <= $2;`,
}
const deferred = (body: string) => `create table t (id int primary key, n int not null default 0);
  insert into t select generate_series(1, 5);
  create function late() returns trigger language plpgsql as $$ begin ${body} return null; end $$;
  create constraint trigger late after update on t deferrable initially deferred for each row execute function late();`

test('a request to stop cancels what the deferred triggers of a batch do', async () => {
  await withDatabase({}, async (database) => {
    await database.query(deferred('perform pg_sleep(8);'))
    let stop = () => {}
    const running = deployFiles(database, {
      files: batch,
      on: (event, ask) => {
        if (event.type === 'step-started') stop = ask
      },
    })
    await until(() =>
      database.query(
        `select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
      ),
    )
    const asked = Date.now()
    stop()
    expect(endingOf(await running)).toMatch(/^cancelled 130/)
    expect(Date.now() - asked).toBeLessThan(4_000)
  })
})

test('a batch whose deferred triggers keep the application waiting gives way', async () => {
  await withDatabase({}, async (database) => {
    await database.query(deferred('perform pg_sleep(8);'))
    const other = await database.connect('shop')
    const running = deployFiles(database, {
      settings: { 'block-timeout': '400ms', 'retry-timeout': '1s' },
      files: batch,
    })
    await until(() =>
      database.query(
        `select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
      ),
    )
    const began = Date.now()
    await other.query('select from t where id = 1 for update')
    expect(Date.now() - began).toBeLessThan(4_000)
    expect(endingOf(await running)).toMatch(
      /Cancelled after keeping the application waiting|given up/,
    )
  })
})
