import { describe, expect, test } from '@jest/globals'
import { type BuildRow, readProgress, type Seen } from '../../src/observe/progress.ts'
import { type Followed, follow, notStarted } from '../../src/observe/progress-words.ts'
import { resolveConnection } from '../../src/postgres/connection.ts'
import { connect } from '../../src/postgres/session.ts'
import { oldestAndNewest, type TestDatabase, withDatabase } from '../support/database.ts'
import { until } from '../support/engine.ts'

const build: BuildRow = {
  view: 'create_index',
  command: 'CREATE INDEX CONCURRENTLY',
  phase: 'initializing',
  blocks_done: 0,
  blocks_total: 0,
  tuples_done: 0,
  tuples_total: 0,
  lockers_done: 0,
  lockers_total: 0,
  current_locker_pid: 0,
  partitions_done: 0,
  partitions_total: 0,
  index_relid: 4711,
}
const plain = { severalIndexes: false, copyBytes: 0 }
const seen = (row: Seen['row'], rest: Partial<Seen> = {}): Seen => ({
  row,
  index: '',
  locker: '',
  waits: false,
  query: '',
  runsForMs: 0,
  ...rest,
})

/** Looks every 10 s, one after another. */
function walk(rows: readonly Partial<BuildRow>[], expected = plain): Followed[] {
  const all: Followed[] = []
  for (const [index, row] of rows.entries()) {
    const look = seen(
      { ...build, ...row },
      { index: `i${row.index_relid ?? ''}`, locker: 'web', runsForMs: (index + 1) * 10_000 },
    )
    all.push(follow(all.at(-1) ?? notStarted, look, expected))
  }
  return all
}

describe('the words of an index build', () => {
  test('the percentage is that of the whole build, never falls, and reaches 100 only with the end', () => {
    const looks = walk([
      { phase: 'building index: scanning table', blocks_done: 50, blocks_total: 100 },
      { phase: 'building index: sorting live tuples', tuples_total: 100 },
      { phase: 'building index: loading tuples in tree', tuples_done: 100, tuples_total: 100 },
      { phase: 'building index' },
      { phase: 'index validation: scanning table', blocks_done: 100, blocks_total: 100 },
    ])
    expect(looks.map(({ text }) => text)).toEqual([
      'building index: scanning table, 17 %',
      'building index: sorting live tuples, 34 %',
      'building index: loading tuples in tree, 69 %',
      'building index, 69 %',
      'index validation: scanning table, 99 %',
    ])
  })

  test('there is no estimate below 5 %, and afterwards it follows from the speed so far', () => {
    const scanning = { phase: 'building index: scanning table', blocks_total: 100 }
    const looks = walk([
      { ...scanning, blocks_done: 10 },
      { ...scanning, blocks_done: 50 },
    ])
    expect(looks.map(({ left }) => left)).toEqual([null, 'about 2min left'])
  })

  test('a wait names who it is for, keeps the percentage, and its time does not count as speed', () => {
    const looks = walk([
      { phase: 'building index: scanning table', blocks_done: 100, blocks_total: 100 },
      {
        phase: 'waiting for writers before validation',
        lockers_done: 2,
        lockers_total: 3,
        current_locker_pid: 12,
      },
      { phase: 'building index: scanning table', blocks_done: 100, blocks_total: 100 },
    ])
    expect(looks[1]?.text).toBe(
      'waiting for writers before validation: 2 of 3 done, now for pid 12 web, 69 %',
    )
    expect(looks[1]?.left).toBeNull()
    expect(looks[2]?.left).toBe('about 10s left')
  })

  test('of a partitioned table the partitions done count', () => {
    const [look] = walk([
      {
        command: 'CREATE INDEX',
        phase: 'building index: loading tuples in tree',
        partitions_done: 1,
        partitions_total: 4,
      },
    ])
    expect(look?.text).toBe('building index: loading tuples in tree, partition 2 of 4, 40 %')
  })

  test('of REINDEX TABLE each index is told by itself, without an estimate of the whole', () => {
    const loading = {
      command: 'REINDEX',
      phase: 'building index: loading tuples in tree',
      tuples_total: 10,
    }
    const looks = walk(
      [
        { ...loading, tuples_done: 10, index_relid: 1 },
        { ...loading, tuples_done: 0, index_relid: 2 },
      ],
      { ...plain, severalIndexes: true },
    )
    expect(looks.map(({ text, left }) => [text, left])).toEqual([
      ['building index: loading tuples in tree, 99 % of i1', null],
      ['building index: loading tuples in tree, 60 % of i2', null],
    ])
  })
})

test.each<[string, Seen['row'], string]>([
  [
    'VACUUM of 14, which tells no indexes',
    { view: 'vacuum', phase: 'vacuuming indexes', heap_blks_total: 10, max_dead_tuples: 5 },
    'vacuum: vacuuming indexes',
  ],
  [
    'VACUUM of 18, which tells its indexes, and how long it slept',
    {
      view: 'vacuum',
      phase: 'vacuuming indexes',
      indexes_total: 5,
      indexes_processed: 2,
      delay_time: 12_345.6,
    },
    'vacuum: vacuuming indexes, 2 of 5 indexes done, 12 s of it slept by cost delay',
  ],
  [
    'COPY from a file of the server',
    { view: 'copy', tuples_processed: 12_345, bytes_processed: 512, bytes_total: 1024 },
    '12,345 rows so far, 50 % of 1.0 kB',
  ],
  [
    'COPY of data that we send',
    { view: 'copy', tuples_processed: 7, bytes_processed: 100, bytes_total: 0 },
    '7 rows so far, 50 % of 200 B',
  ],
  [
    'CLUSTER that reads the table',
    { view: 'cluster', phase: 'seq scanning heap', heap_blks_total: 4, heap_blks_scanned: 1 },
    'rewriting the table: seq scanning heap, 25 % of the table read',
  ],
])('the words of %s', (_, row, words) => {
  expect(follow(notStarted, seen(row), { ...plain, copyBytes: 200 }).text).toBe(words)
})

/** Runs a statement on a session of its own, and gives the words for it as soon as `wanted` matches them. */
async function wordsOf(
  database: TestDatabase,
  statement: string,
  wanted: RegExp,
  before = '',
): Promise<string> {
  const client = await database.connect('worker')
  const observer = await connect(resolveConnection({ url: database.url, env: {} }), {
    name: 'observer',
    applicationName: 'observer',
  })
  try {
    if (before !== '') await client.query(before)
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const pid = rows[0]?.pid ?? 0
    const running = client.query(statement).catch(() => undefined)
    let followed = notStarted
    const all = new Set<string>()
    const found = await until(async () => {
      followed = follow(followed, await readProgress(observer, pid), plain)
      if (followed.text !== null) all.add(followed.text)
      return followed.text !== null && wanted.test(followed.text) ? [{ text: followed.text }] : []
    }).catch(() => ({ text: [...all].join('\n') }))
    await observer.query('select pg_cancel_backend($1)', [pid])
    await running
    return found.text
  } finally {
    await observer.close()
  }
}

const lazy = 'set vacuum_cost_delay = 100; set vacuum_cost_limit = 1'

describe.each(oldestAndNewest())('PostgreSQL $major: what the server shows', ({ major }) => {
  test('a build, a wait for a writer, VACUUM, ANALYZE, a rewrite and COPY are each seen while they run', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(`
        create function slow(value int) returns int language plpgsql immutable as
          $$ begin perform pg_sleep(0.002); return value; end $$;
        create table held (a int);
        create table t with (fillfactor = 10) as select i as a, repeat('x', 100) as b from generate_series(1, 2000) i;
        create table f (a int);
        create index slowly on f (slow(a));
        insert into f select generate_series(1, 1000);
        delete from t where a % 2 = 0`)
      const words = await Promise.all([
        wordsOf(database, 'create index i on t (slow(a))', /scanning table, [1-9]/),
        wordsOf(database, 'analyze t', /sample/, lazy),
        wordsOf(database, 'copy (select slow(a) from t) to stdout', /[1-9]\d* rows/),
        wordsOf(database, 'vacuum full f', /rebuilding index/),
      ])
      expect(words[0]).toMatch(/^building index: scanning table, \d+ %$/)
      expect(words[1]).toMatch(/^analyze: acquiring sample rows, \d+ % of the sample/)
      expect(words[2]).toMatch(/^\d+ rows so far$/)
      expect(words[3]).toBe('rewriting the table: rebuilding index, 0 indexes done')
      expect(await wordsOf(database, 'vacuum t', /scanning heap, [1-9]/, lazy)).toMatch(
        /^vacuum: scanning heap, \d+ % of the table$/,
      )
      const writer = await database.connect('writer')
      await writer.query('begin; insert into held values (1)')
      const wait = await wordsOf(database, 'create index concurrently h on held (a)', /pid/)
      await writer.query('rollback')
      expect(wait).toMatch(
        /^waiting for writers before build: 0 of 1 done, now for pid \d+ writer, 0 %$/,
      )
    })
  })

  test('of VALIDATE no progress view, on any major, shows a thing', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(`
        create function slow(value int) returns boolean language plpgsql immutable as
          $$ begin perform pg_sleep(0.01); return true; end $$;
        create table t as select generate_series(1, 100) as a;
        alter table t add constraint c check (slow(a)) not valid`)
      const client = await database.connect('worker')
      const observer = await connect(resolveConnection({ url: database.url, env: {} }), {
        name: 'observer',
        applicationName: 'observer',
      })
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
      const running = client.query('alter table t validate constraint c')
      await until(() =>
        database.query(
          `select 1 from pg_locks where pid = ${rows[0]?.pid} and mode = 'ShareUpdateExclusiveLock'`,
        ),
      )
      const found = await readProgress(observer, rows[0]?.pid ?? 0)
      await running
      await observer.close()
      expect(found).toMatchObject({
        row: null,
        waits: false,
        query: 'alter table t validate constraint c',
      })
    })
  })
})
