import { describe, expect, test } from '@jest/globals'
import { servers } from '../support/database.ts'
import { failureOf, withSessions } from './sessions.ts'

describe.each(servers())('PostgreSQL $major', ({ major }) => {
  test('several statements in one message give one result each, with the whole tag', async () => {
    await withSessions({ major }, async ({ open }) => {
      const session = await open('worker')
      const results = await session.simple(
        'BEGIN; CREATE TABLE a (b int); SELECT 1 AS x, NULL AS y, \'ä\' AS "Z z"; COMMIT; CREATE INDEX ON a (b)',
      )
      expect(results.map(({ tag }) => tag)).toEqual([
        'BEGIN',
        'CREATE TABLE',
        'SELECT 1',
        'COMMIT',
        'CREATE INDEX',
      ])
      expect(results[2]?.columns.map(({ name }) => name)).toEqual(['x', 'y', 'Z z'])
      expect(results[2]?.rows).toEqual([['1', null, 'ä']])
    })
  })

  test('values are bound as text and rows are parsed by type', async () => {
    await withSessions({ major }, async ({ open }) => {
      const session = await open('worker')
      const [row] = await session.rows(
        `SELECT $1::bigint AS small, 9007199254740993 AS big, $2::bool AS yes, $3::text AS nothing,
                $4::text[] AS texts, '{1,NULL,3}'::bigint[] AS numbers, '{"a": [1]}'::jsonb AS json,
                1.10::numeric AS exact, DATE '2026-01-02' AS day, '{a,"b c"}'::name[] AS names`,
        [12, true, null, ['a"b', 'c\\d', 'NULL', 'ä,{}']],
      )
      expect(row).toEqual({
        small: 12,
        big: '9007199254740993',
        yes: true,
        nothing: null,
        texts: ['a"b', 'c\\d', 'NULL', 'ä,{}'],
        numbers: [1, null, 3],
        json: { a: [1] },
        exact: '1.10',
        day: '2026-01-02',
        names: ['a', 'b c'],
      })
    })
  })

  test('a failure carries what the server said, and the session goes on', async () => {
    await withSessions({ major }, async ({ open }) => {
      const session = await open('worker')
      await session.simple('CREATE TABLE t (a int CONSTRAINT positive CHECK (a > 0))')
      expect(await failureOf(session.query('SELECT ä FROM t'))).toMatchObject({
        name: 'ServerError',
        code: '42703',
        position: 8,
        severity: 'ERROR',
        lost: false,
      })
      expect(await failureOf(session.query('INSERT INTO t VALUES ($1)', [-1]))).toMatchObject({
        code: '23514',
        schema: 'public',
        table: 't',
        constraint: 'positive',
        detail: 'Failing row contains (-1).',
      })
      expect((await session.query('SELECT 1')).rows).toEqual([['1']])
    })
  })

  test('the transaction status is current also right after a failure', async () => {
    await withSessions({ major }, async ({ open }) => {
      const session = await open('worker')
      expect(session.transaction).toBe('idle')
      await session.simple('BEGIN')
      expect(session.transaction).toBe('open')
      await failureOf(session.simple('SELECT 1/0'))
      expect(session.transaction).toBe('failed')
      const [answer] = await session.simple('COMMIT')
      expect(answer?.tag).toBe('ROLLBACK')
      expect(session.transaction).toBe('idle')
    })
  })

  test('calls made at once are answered in order, failures apart', async () => {
    await withSessions({ major }, async ({ open }) => {
      const session = await open('worker')
      const before = session.roundTrips
      const answers = await Promise.allSettled([
        session.query('SELECT 1'),
        session.query('SELECT 1/0'),
        session.simple('SELECT 2'),
        session.rows('SELECT 3 AS three'),
      ])
      expect(answers.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'fulfilled',
        'fulfilled',
      ])
      expect(answers[3]).toMatchObject({ value: [{ three: 3 }] })
      expect(session.roundTrips - before).toBe(4)
    })
  })

  test('COPY takes inline data, and names the line that it can not read', async () => {
    await withSessions({ major }, async ({ open }) => {
      const session = await open('worker')
      await session.simple('CREATE TABLE t (a int, b text)')
      const many = Array.from({ length: 20_000 }, (_, index) => `${index}\tzeile ä ${index}\n`)
      expect((await session.copyIn('COPY t FROM STDIN', many.join(''))).tag).toBe('COPY 20000')
      expect(await failureOf(session.copyIn('COPY t FROM STDIN', '1\tx\nno\ty\n'))).toMatchObject({
        code: '22P02',
        where: 'COPY t, line 2, column a: "no"',
      })
      // The server wants no more of it, and the rest is not taken for what is asked next.
      const useless = `no\t${'y'.repeat(1000)}\n`.repeat(20_000)
      expect(await failureOf(session.copyIn('COPY t FROM STDIN', useless))).toMatchObject({
        code: '22P02',
      })
      expect(await failureOf(session.simple('COPY t FROM STDIN'))).toMatchObject({ code: '57014' })
      expect((await session.query('SELECT count(*) FROM t')).rows).toEqual([['20000']])
      expect((await session.simple('COPY t TO STDOUT'))[0]?.tag).toBe('COPY 20000')
    })
  })

  test('rows that are not kept are counted by the tag', async () => {
    await withSessions({ major }, async ({ open }) => {
      const session = await open('worker')
      const text = "SELECT repeat('x', 1000) FROM generate_series(1, 5000)"
      const kept = async (rows: number, bytes: number) =>
        (await session.pipeline([{ text, keep: { rows, bytes } }, { text: 'SELECT 1' }])).map(
          (result) => [result.tag, result.rows.length],
        )
      expect(await kept(3, 0)).toEqual([
        ['SELECT 5000', 3],
        ['SELECT 1', 1],
      ])
      const [[, many] = []] = await kept(1, 100_000)
      expect(many).toBeGreaterThan(80)
      expect(many).toBeLessThan(100)
      expect((await session.query(text)).rows).toHaveLength(5000)
    })
  })

  test('columns are known without running the statement', async () => {
    await withSessions({ major }, async ({ open }) => {
      const session = await open('worker')
      expect(await session.columnsOf('SELECT 1/0 AS a, now() AS "B"')).toMatchObject([
        { name: 'a' },
        { name: 'B' },
      ])
      expect(await session.columnsOf('CREATE TABLE never (a int)')).toEqual([])
      expect(await failureOf(session.columnsOf('SELECT nothing'))).toMatchObject({ code: '42703' })
      expect((await session.query("SELECT to_regclass('never')")).rows).toEqual([[null]])
    })
  })

  test('a thousand notices are kept, the others counted', async () => {
    await withSessions({ major }, async ({ open }) => {
      const session = await open('worker')
      await session.simple(
        "DO $$ BEGIN RAISE WARNING 'first' USING HINT = 'h', DETAIL = 'd'; FOR i IN 1..1004 LOOP RAISE NOTICE 'n'; END LOOP; END $$",
      )
      const { notices, dropped } = session.takeNotices()
      expect(notices).toHaveLength(1000)
      expect(notices[0]).toEqual({
        severity: 'WARNING',
        code: '01000',
        message: 'first',
        detail: 'd',
        hint: 'h',
      })
      expect(dropped).toBe(5)
      expect(session.takeNotices()).toEqual({ notices: [], dropped: 0 })
    })
  })

  test('a terminated session says why, at once and later', async () => {
    await withSessions({ major }, async ({ open }) => {
      const session = await open('worker')
      const other = await open('observer')
      const running = failureOf(session.query('SELECT pg_sleep(60)'))
      await other.query('SELECT pg_terminate_backend($1)', [session.pid])
      expect(await running).toMatchObject({ code: '57P01', lost: true })
      expect(await session.lost).toMatchObject({ code: '57P01', lost: true })
      expect(await failureOf(session.query('SELECT 1'))).toMatchObject({ lost: true })
    })
  })

  test('an idle session that is terminated is noticed', async () => {
    await withSessions({ major }, async ({ open }) => {
      const session = await open('worker')
      const other = await open('observer')
      await other.query('SELECT pg_terminate_backend($1)', [session.pid])
      expect(await session.lost).toMatchObject({ code: '57P01', lost: true })
    })
  })

  test('the server checks whether the client is still there, and no limit ends an unlimited session', async () => {
    await withSessions({ major }, async ({ database, open }) => {
      await database.query(
        `ALTER DATABASE "${database.name}" SET idle_in_transaction_session_timeout = '1s'`,
      )
      await database.query(`ALTER DATABASE "${database.name}" SET statement_timeout = '1s'`)
      const limited = await open('worker')
      const unlimited = await open('keeper', { unlimited: true })
      const settings = `SELECT current_setting('client_connection_check_interval'), current_setting('statement_timeout'),
        current_setting('idle_in_transaction_session_timeout'), current_setting('idle_session_timeout'), current_setting('transaction_timeout', true)`
      expect((await limited.query(settings)).rows[0]?.slice(0, 3)).toEqual(['500ms', '1s', '1s'])
      expect((await unlimited.query(settings)).rows[0]).toEqual([
        '500ms',
        '0',
        '0',
        '0',
        major >= 17 ? '0' : null,
      ])
      expect(unlimited.backendPid).toBe(unlimited.pid)
      expect(unlimited.serverMajor).toBe(major)
    })
  })
})

test('a second close does nothing, and a query after it is a lost connection', async () => {
  await withSessions({}, async ({ open }) => {
    const session = await open('worker')
    await session.close()
    await session.close()
    expect(await failureOf(session.query('SELECT 1'))).toMatchObject({ lost: true, code: '08006' })
  })
})
