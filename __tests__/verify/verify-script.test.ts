import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { compileVerifyScript } from '../../src/plan/verify-script.ts'
import type { Session } from '../../src/postgres/types.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { parseScript } from '../../src/sql/script.ts'
import { runVerifyScript } from '../../src/verify/verify-script.ts'
import { oldestAndNewest } from '../support/database.ts'
import { withSession } from './session.ts'

beforeAll(loadParser)

const options = { lockTimeout: 300, statementTimeout: 2000 }

function run(session: Session, script: string, more: Partial<typeof options> = {}) {
  const queries = compileVerifyScript(parseScript('verify/1_a_verify.sql', script))
  return runVerifyScript(session, queries, { ...options, ...more })
}

describe.each(oldestAndNewest())('PostgreSQL $major', ({ major }) => {
  let shared: Session
  let end: () => Promise<void>

  /** One database for all scripts that only read. */
  beforeAll(
    () =>
      new Promise<void>((ready, failed) => {
        const closed = withSession({ major }, (session) => {
          shared = session
          ready()
          return new Promise<void>((ended) => {
            end = () => {
              ended()
              return closed
            }
          })
        })
        closed.catch(failed)
      }),
  )
  afterAll(() => end())

  const outcomes = (script: string, setUp = '') => {
    const act = async (session: Session) => {
      if (setUp !== '') await session.simple(setUp)
      const found = await run(session, script)
      return found.map(({ outcome, actual, reason }) =>
        [outcome, actual, ...(reason === undefined ? [] : [reason])].join(': '),
      )
    }
    return setUp === '' ? act(shared) : withSession({ major }, act)
  }

  test("the runbook's own expected output passes, tables with the quotes that regclass prints", async () => {
    const setUp = `
      CREATE TABLE "User" (id text PRIMARY KEY);
      CREATE TABLE "Company" (id int, "ownerId" text, CONSTRAINT "Company_ownerId_fkey" FOREIGN KEY ("ownerId") REFERENCES "User");
      CREATE TABLE "ProductionTask" (id int, "assignedTo" text);
      ALTER TABLE "ProductionTask" ADD CONSTRAINT "ProductionTask_assignedTo_fkey"
        FOREIGN KEY ("assignedTo") REFERENCES "User" NOT VALID`
    const query = `
      -- Foreign keys are there
      SELECT conname as constraint_name, conrelid::regclass::text as table_name,
        CASE WHEN convalidated THEN 'VALID' ELSE 'NOT VALID' END as status
      FROM pg_constraint WHERE conname IN ('Company_ownerId_fkey', 'ProductionTask_assignedTo_fkey') ORDER BY conname;
      -- constraint_name                    | table_name        | status
      -- -----------------------------------+-------------------+--------
      -- Company_ownerId_fkey               | "Company"         | VALID
      -- ProductionTask_assignedTo_fkey     | "ProductionTask"  | `
    await withSession({ major }, async (session) => {
      await session.simple(setUp)
      const [wrong] = await run(session, `${query}VALID`)
      expect(wrong).toEqual({
        kind: 'query',
        object: 'Foreign keys are there',
        table: '',
        expected: '2 rows',
        actual: '2 rows',
        outcome: 'failed',
        reason:
          'missing: ProductionTask_assignedTo_fkey | "ProductionTask" | VALID; not expected: ProductionTask_assignedTo_fkey | "ProductionTask" | NOT VALID',
        where: { file: 'verify/1_a_verify.sql', line: 3, column: 7 },
        query: {
          title: 'Foreign keys are there',
          columns: ['constraint_name', 'table_name', 'status'],
          expectedRows: [
            ['Company_ownerId_fkey', '"Company"', 'VALID'],
            ['ProductionTask_assignedTo_fkey', '"ProductionTask"', 'VALID'],
          ],
          actualRows: [
            ['Company_ownerId_fkey', '"Company"', 'VALID'],
            ['ProductionTask_assignedTo_fkey', '"ProductionTask"', 'NOT VALID'],
          ],
          actualRowCount: 2,
          conditions: [],
        },
      })
      expect(await run(session, `${query}NOT VALID`)).toMatchObject([{ outcome: 'passed' }])
    })
  })

  test('a result of any size is counted, and no more of it kept than the memory can hold', async () => {
    const large = "SELECT n, repeat('x', 2000) AS x FROM generate_series(1, 60000) AS n"
    const script = `
      -- Violations
      ${large};
      -- expect: rows = 0
      -- All of them
      ${large};
      -- expect: rows = 60000
      -- The first one
      ${large};
      -- expect: n > 1
      -- Every one
      ${large};
      -- expect: n > 0
      -- One
      ${large};
      -- n | x
      -- --+--
      -- 1 | *
      `
    const found = await run(shared, script, { statementTimeout: 20_000 })
    const first = String(found[3]?.reason).match(/the first (\d+) rows hold/)?.[1]
    expect(Number(first)).toBeGreaterThan(20_000)
    expect(Number(first)).toBeLessThan(40_000)
    expect(found.map(({ query }) => query?.actualRowCount)).toEqual(Array(5).fill(60_000))
    expect(found).toMatchObject([
      { outcome: 'failed', actual: '60000 rows', reason: 'rows = 0: 60000 rows' },
      { outcome: 'passed', actual: '60000 rows' },
      { outcome: 'failed', reason: 'n > 1: 1' },
      { outcome: 'not-checked' },
      {
        outcome: 'failed',
        actual: '60000 rows',
        reason: expect.stringMatching(
          /^not expected, among the first \d+ of 60000 rows: 2 \| x+; /,
        ),
      },
    ])
  })

  test('values compare as psql prints them', async () => {
    const script = `
      SELECT true AS b, 1.50 AS n, NULL AS nothing, '' AS empty, '\\x00ff'::bytea AS bytes, ARRAY[1, NULL] AS list,
        date '2025-01-15' AS day, 'a|b' AS pipe, '*' AS star, 'x '::char(5) AS padded, '{"a": 1}'::jsonb AS json;
      -- b | n    | nothing | empty | bytes  | list     | day        | pipe | star | padded | json
      -- --+------+---------+-------+--------+----------+------------+------+------+--------+-----
      -- t | 1.50 | NULL    |       | \\x00ff | {1,NULL} | 2025-01-15 | a\\|b | \\*   | x      | {"a": 1}
      -- (1 row)
      `
    expect(await outcomes(script)).toEqual(['passed: 1 row'])
  })

  test('NULL is not the empty string, and the other way round', async () => {
    expect(
      await outcomes(`
        SELECT 1 AS a, NULL AS b;
        -- a | b
        -- --+---
        -- 1 |
        SELECT 1 AS a, '' AS b;
        -- a | b
        -- --+------
        -- 1 | NULL
      `),
    ).toEqual([
      'failed: 1 row: missing: 1 | ; not expected: 1 | NULL',
      'failed: 1 row: missing: 1 | NULL; not expected: 1 | ',
    ])
  })

  test('rows compare in order only where the query orders them', async () => {
    const table = `
      -- n | s
      -- --+---
      -- 2 | b
      -- 1 | *
      `
    const values = "(VALUES (1, 'a'), (2, 'b')) v (n, s)"
    expect(
      await outcomes(
        `SELECT n, s FROM ${values}; ${table} SELECT n, s FROM ${values} ORDER BY n; ${table}`,
      ),
    ).toEqual([
      'passed: 2 rows',
      'failed: 2 rows: the rows are those expected, in another order; missing: 2 | b; 1 | *; not expected: 1 | a; 2 | b',
    ])
  })

  test('duplicates count, and so does every row', async () => {
    const table = `
      -- n | s
      -- --+---
      -- 1 | a
      -- 1 | a
      `
    expect(
      await outcomes(`
        SELECT 1 AS n, 'a' AS s UNION ALL SELECT 1, 'a'; ${table}
        SELECT 1 AS n, 'a' AS s; ${table}
        SELECT 1 AS n, 'a' AS s FROM generate_series(1, 3); ${table}`),
    ).toEqual([
      'passed: 2 rows',
      'failed: 1 row: missing: 1 | a',
      'failed: 3 rows: not expected: 1 | a',
    ])
  })

  test('the short form compares by the type of the column', async () => {
    expect(
      await outcomes(`
        SELECT 9007199254740993::bigint AS big, 0.10::numeric AS n, 10::int AS i, '9' AS t, date '2025-03-01' AS d;
        -- expect: big = 9007199254740993, n = 0.1, i > 9, t > 10, d between 2025-02-28 and 2025-03-01
        SELECT 9007199254740993::bigint AS big;
        -- expect: big = 9007199254740992
        SELECT count(*) AS mapped, NULL::int AS nothing;
        -- expect: mapped > 0, nothing is null, rows = 1
        SELECT NULL::int AS n;
        -- expect: n = 0
        SELECT n FROM generate_series(1, 5) n;
        -- expect: n >= 1, n < 4, rows = 5
        SELECT 1 AS n WHERE false;
        -- expect: n = 1
        SELECT 1 AS n WHERE false;
        -- expect: rows = 0
        SELECT 'x' AS t;
        -- expect: rows = 0
        SELECT 1 AS n;
        -- expect: n = one
      `),
    ).toEqual([
      'passed: big = 9007199254740993, n = 0.10, i = 10, t = 9, d = 2025-03-01',
      'failed: big = 9007199254740993: big = 9007199254740992: 9007199254740993',
      'passed: mapped = 1, nothing = NULL',
      'failed: n = NULL: n = 0: NULL',
      'failed: 5 rows: n < 4: 4',
      'failed: 0 rows: n = 1: there is no row',
      'passed: 0 rows',
      'failed: 1 row: rows = 0: 1 row',
      'failed: ERROR 22P02: verify/1_a_verify.sql:18: invalid input syntax for type integer: "one" (SQLSTATE 22P02)',
    ])
  })

  test('types, operators and tables of users with odd names are compared', async () => {
    const setUp = `
      CREATE SCHEMA "odd.schema";
      CREATE TYPE "odd.schema"."state ""x""" AS ENUM ('small', 'big');
      CREATE TABLE "odd.schema"."select" ("a ""b""" "odd.schema"."state ""x""");
      INSERT INTO "odd.schema"."select" VALUES ('big')`
    expect(
      await outcomes(
        `SELECT "a ""b""" FROM "odd.schema"."select";
         -- expect: "a ""b""" > small
         SELECT "a ""b""" FROM "odd.schema"."select";
         -- a "b"
         -- -------
         -- big`,
        setUp,
      ),
    ).toEqual(['passed: a "b" = big', 'passed: 1 row'])
  })

  test('a query that fails is told with its place, and those after it still run', async () => {
    expect(
      await outcomes(`
        SELECT nothing FROM pg_class;
        -- expect: rows = 0
        SELECT 1 AS one;
        -- expect: one = 1`),
    ).toEqual([
      'failed: ERROR 42703: verify/1_a_verify.sql:2: column "nothing" does not exist (SQLSTATE 42703)',
      'passed: one = 1',
    ])
  })

  test('nothing can be written, and the transaction and its settings are gone afterwards', async () => {
    await withSession({ major }, async (session) => {
      await session.simple(`CREATE TABLE t (a int);
        CREATE FUNCTION write() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (1) RETURNING a'`)
      const found = await run(
        session,
        'SELECT write() AS a;\n-- expect: a = 1\nSHOW row_security;\n-- expect: row_security = off',
      )
      expect(found).toMatchObject([
        { outcome: 'failed', actual: 'ERROR 25006' },
        { outcome: 'passed' },
      ])
      const after = await session.query(
        `SELECT current_setting('transaction_read_only'), current_setting('row_security'),
                current_setting('lock_timeout'), (SELECT count(*) FROM t)`,
      )
      expect(after.rows).toEqual([['off', 'on', '0', '0']])
      await expect(session.simple('SAVEPOINT s')).rejects.toMatchObject({ code: '25P01' })
    })
  })

  test('a lock is waited for no longer than the timeout', async () => {
    await withSession({ major }, async (session, database) => {
      await session.simple('CREATE TABLE t (a int)')
      const other = await database.connect()
      await other.query('BEGIN; LOCK TABLE t')
      const script =
        'SELECT a FROM t;\n-- expect: rows = 0\nSELECT pg_sleep(5);\n-- expect: rows = 1'
      const found = await run(session, script, { lockTimeout: 100, statementTimeout: 200 })
      expect(found.map(({ actual }) => actual)).toEqual(['ERROR 55P03', 'ERROR 57014'])
    })
  })

  test('rows that a policy would hide are not checked, never counted as none', async () => {
    await withSession({ major }, async (session) => {
      await session.simple(`
        CREATE ROLE reader_${major}_verify; CREATE TABLE secret (a int); INSERT INTO secret VALUES (1);
        ALTER TABLE secret ENABLE ROW LEVEL SECURITY; GRANT SELECT ON secret TO reader_${major}_verify`)
      await session.simple(`SET ROLE reader_${major}_verify`)
      const found = await run(
        session,
        'SELECT count(*) AS orphans FROM secret;\n-- expect: orphans = 0',
      )
      await session.simple(
        `RESET ROLE; DROP OWNED BY reader_${major}_verify; DROP ROLE reader_${major}_verify`,
      )
      expect(found).toMatchObject([
        {
          outcome: 'not-checked',
          actual: 'ERROR 42501',
          reason: expect.stringContaining('row-level security'),
        },
      ])
    })
  })

  test('a header that differs only at run time fails with both headers', async () => {
    expect(
      await outcomes(`SELECT * FROM (VALUES (1)) v (found);
        -- written
        -- -------
        -- 1`),
    ).toEqual(['failed: found: the columns of the result are not those of the expected table'])
  })

  test('at most a hundred rows are kept, all are counted', async () => {
    await withSession({ major }, async (session) => {
      const [found] = await run(
        session,
        'SELECT n FROM generate_series(1, 5000) n;\n-- expect: rows = 0',
      )
      expect(found).toMatchObject({ outcome: 'failed', query: { actualRowCount: 5000 } })
      expect(found?.query?.actualRows).toHaveLength(100)
    })
  })

  test('a connection that is lost is no verdict on a query', async () => {
    await withSession({ major }, async (session, database) => {
      const script = `SELECT pg_terminate_backend(${session.pid});\n-- expect: rows = 1`
      await database.query('SELECT 1')
      await expect(run(session, script)).rejects.toMatchObject({ lost: true })
    })
  })
})
