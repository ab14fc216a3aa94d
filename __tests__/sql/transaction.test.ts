import { beforeAll, describe, expect, test } from '@jest/globals'
import type pg from 'pg'
import { loadParser, parseSql } from '../../src/sql/parser.ts'
import { transactionNeed } from '../../src/sql/transaction.ts'
import type { TransactionNeed } from '../../src/sql/types.ts'
import { servers, type TestDatabase, withDatabase } from '../support/database.ts'

beforeAll(loadParser)

function needOf(sql: string): TransactionNeed {
  return transactionNeed(parseSql(sql)[0]?.node ?? {})
}

const setUp = `
  CREATE TABLE t (id int PRIMARY KEY, a text);
  CREATE INDEX i ON t (a);
  CREATE TABLE p (a int) PARTITION BY RANGE (a);
  CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
  CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
  CREATE MATERIALIZED VIEW mv AS SELECT 1 AS a;
  CREATE UNIQUE INDEX ON mv (a);
  CREATE TYPE e AS ENUM ('a');
  CREATE SCHEMA s;
  CREATE PROCEDURE pr() LANGUAGE plpgsql AS 'BEGIN COMMIT; END';
  CREATE PUBLICATION pub;
  CREATE SUBSCRIPTION SUB CONNECTION 'host=localhost port=1' PUBLICATION a
    WITH (connect = false, slot_name = 'SUB', enabled = false);
  CREATE SUBSCRIPTION SUB_on CONNECTION 'host=localhost port=1' PUBLICATION a, b
    WITH (connect = false, slot_name = 'SUB', enabled = false);
  ALTER SUBSCRIPTION SUB_on ENABLE`

/** Each is tried inside a transaction block; `@17` asks for that major or later. DB and SUB are names of the test's own. */
const statements = `
CREATE INDEX CONCURRENTLY i9 ON t (a)
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i9 ON t (a)
CREATE INDEX i9 ON t (a)
DROP INDEX CONCURRENTLY i
DROP INDEX CONCURRENTLY IF EXISTS i
DROP INDEX i
REINDEX INDEX CONCURRENTLY i
REINDEX TABLE CONCURRENTLY t
REINDEX (CONCURRENTLY) TABLE t
REINDEX (CONCURRENTLY false) TABLE t
REINDEX (CONCURRENTLY off) TABLE t
REINDEX (VERBOSE) INDEX i
REINDEX TABLE t
REINDEX SCHEMA s
REINDEX DATABASE DB
REINDEX SYSTEM DB
ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY
ALTER TABLE p DETACH PARTITION p1
VACUUM
VACUUM t
VACUUM (ANALYZE) t
VACUUM ANALYZE t
ANALYZE
ANALYZE t
CLUSTER
CLUSTER VERBOSE
CLUSTER t USING i
CREATE DATABASE DB_new
DROP DATABASE DB_other
DROP DATABASE IF EXISTS DB_other
ALTER DATABASE DB SET TABLESPACE pg_default
ALTER DATABASE DB SET work_mem = '1MB'
ALTER DATABASE DB CONNECTION LIMIT 5
CREATE TABLESPACE DB_ts LOCATION '/nowhere'
DROP TABLESPACE DB_ts
ALTER TABLE t SET TABLESPACE pg_default
ALTER SYSTEM SET work_mem = '4MB'
ALTER SYSTEM RESET work_mem
CREATE SUBSCRIPTION SUB_new CONNECTION 'host=localhost port=1' PUBLICATION a
CREATE SUBSCRIPTION SUB_new CONNECTION 'host=localhost port=1' PUBLICATION a WITH (connect = false)
CREATE SUBSCRIPTION SUB_new CONNECTION 'host=localhost port=1' PUBLICATION a WITH (connect = off, slot_name = NONE)
CREATE SUBSCRIPTION SUB_new CONNECTION 'host=localhost port=1' PUBLICATION a WITH (create_slot = true)
DROP SUBSCRIPTION SUB
DROP SUBSCRIPTION IF EXISTS SUB
ALTER SUBSCRIPTION SUB_on REFRESH PUBLICATION
ALTER SUBSCRIPTION SUB_on SET PUBLICATION c
ALTER SUBSCRIPTION SUB_on SET PUBLICATION c WITH (refresh = false)
ALTER SUBSCRIPTION SUB_on ADD PUBLICATION c
ALTER SUBSCRIPTION SUB_on ADD PUBLICATION c WITH (refresh = false)
ALTER SUBSCRIPTION SUB_on DROP PUBLICATION b WITH (refresh = true)
ALTER SUBSCRIPTION SUB_on DISABLE
ALTER SUBSCRIPTION SUB SET (failover = true) @17
ALTER SUBSCRIPTION SUB SET (two_phase = false) @18
ALTER SUBSCRIPTION SUB SET (two_phase = true) @18
ALTER SUBSCRIPTION SUB SET (binary = true)
ALTER SUBSCRIPTION SUB CONNECTION 'host=localhost port=2'
COMMIT PREPARED 'x'
ROLLBACK PREPARED 'x'
DISCARD ALL
DISCARD TEMP
DISCARD PLANS
ALTER TYPE e ADD VALUE 'b'
ALTER TYPE e RENAME VALUE 'a' TO 'z'
REFRESH MATERIALIZED VIEW CONCURRENTLY mv
REFRESH MATERIALIZED VIEW mv
CREATE TABLE x (a int)
CREATE TEMP TABLE x (a int)
CREATE EXTENSION citext
CREATE EVENT TRIGGER DB_et ON sql_drop EXECUTE FUNCTION nothing()
ALTER TABLE t ADD CONSTRAINT c CHECK (id > 0) NOT VALID
TRUNCATE t
COPY t TO '/dev/null'
LISTEN c
NOTIFY c
CHECKPOINT
DO 'BEGIN PERFORM 1; END'
EXPLAIN ANALYZE SELECT 1
DECLARE c CURSOR WITH HOLD FOR SELECT 1
SET work_mem = '1MB'
SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE
PREPARE pl AS SELECT 1
`
  .trim()
  .split('\n')
  .map((line) => {
    const [, sql = line, since] = /^(.*?)(?: @(\d+))?$/.exec(line) ?? []
    return { sql, since: Number(since ?? 14) }
  })

/** SQLSTATE of the statement inside a transaction block, '' when it works. */
async function stateInside(client: pg.Client, sql: string): Promise<string> {
  await client.query('BEGIN')
  const state = await client.query(sql).then(
    () => '',
    ({ code }: { code?: string }) => code ?? 'no code',
  )
  await client.query('ROLLBACK')
  return state
}

/** SQLSTATE or, for a mere warning, that of the warning, when the statement runs outside of a block. */
async function stateOutside(client: pg.Client, sql: string): Promise<string> {
  let state = ''
  const listen = (notice: { code?: string | undefined }) => {
    state = notice.code ?? ''
  }
  client.on('notice', listen)
  await client.query(sql).catch(({ code }: { code?: string }) => {
    state = code ?? 'no code'
  })
  client.removeListener('notice', listen)
  return state
}

function own(sql: string, { name }: TestDatabase): string {
  return sql.replaceAll(/\bDB(?=_|\b)/g, name).replaceAll(/\bSUB(?=_|\b)/g, `${name}_sub`)
}

async function withSetUp(
  major: number,
  act: (database: TestDatabase, client: pg.Client) => Promise<void>,
): Promise<void> {
  await withDatabase({ major }, async (database) => {
    const client = await database.connect()
    await client.query(own(setUp, database))
    try {
      await act(database, client)
    } finally {
      for (const name of ['SUB', 'SUB_on']) {
        const drop = own(
          `ALTER SUBSCRIPTION ${name} DISABLE; ALTER SUBSCRIPTION ${name} SET (slot_name = NONE); DROP SUBSCRIPTION ${name}`,
          database,
        )
        for (const sql of drop.split('; ')) await client.query(sql)
      }
    }
  })
}

describe.each(servers())('PostgreSQL $major', ({ major }) => {
  test('exactly what allows no transaction answers 25001 inside one [trap: implicit-concurrently]', async () => {
    await withSetUp(major, async (database, client) => {
      const wrong: string[] = []
      for (const { sql, since } of statements) {
        if (since > major) continue
        const state = await stateInside(client, own(sql, database))
        const need = needOf(sql).type
        if ((need === 'none') !== (state === '25001')) wrong.push(`${sql}: ${need}, but ${state}`)
      }
      expect(wrong).toEqual([])
    })
  })

  test('what needs a transaction fails or warns with 25P01 outside of one', async () => {
    await withSetUp(major, async (_, client) => {
      const wrong: string[] = []
      for (const sql of [
        'LOCK TABLE t',
        'SAVEPOINT a',
        'RELEASE a',
        'ROLLBACK TO a',
        'DECLARE c CURSOR FOR SELECT 1',
        "SET LOCAL work_mem = '1MB'",
        'SET TRANSACTION READ ONLY',
        'SET CONSTRAINTS ALL DEFERRED',
        "PREPARE TRANSACTION 'x'",
      ]) {
        const state = await stateOutside(client, sql)
        if (state !== '25P01' || needOf(sql).type !== 'needs') wrong.push(`${sql}: ${state}`)
      }
      expect(wrong).toEqual([])
    })
  })

  test('temporary tables that end with the transaction are empty or gone outside of one', async () => {
    await withSetUp(major, async (_, client) => {
      for (const [sql, left] of [
        ['CREATE TEMP TABLE gone (a) ON COMMIT DROP AS SELECT 1', '42P01'],
        ['CREATE TEMP TABLE kept (a) ON COMMIT PRESERVE ROWS AS SELECT 1', 1],
        ['CREATE TEMP TABLE emptied (a) ON COMMIT DELETE ROWS AS SELECT 1', 0],
      ] as const) {
        await client.query(sql)
        const [, table] = /TABLE (\w+)/.exec(sql) ?? []
        const rows = await client.query(`SELECT * FROM ${table}`).then(
          ({ rowCount }) => rowCount,
          ({ code }: { code?: string }) => code,
        )
        expect([sql, rows]).toEqual([sql, left])
        expect(needOf(sql).type).toBe(left === 1 ? 'any' : 'needs')
      }
    })
  })

  test('a body that commits fails with 2D000 inside a transaction block, and works outside', async () => {
    await withSetUp(major, async (_, client) => {
      for (const sql of ["DO 'BEGIN COMMIT; END'", "DO 'BEGIN CALL pr(); END'", 'CALL pr()']) {
        expect([sql, await stateInside(client, sql)]).toEqual([sql, '2D000'])
        expect([sql, await stateOutside(client, sql)]).toEqual([sql, ''])
        expect(needOf(sql).type).toBe('may-commit')
      }
    })
  })

  test('what only the catalog knows is said beside "any": partitioned tables', async () => {
    await withSetUp(major, async (_, client) => {
      await client.query('CREATE INDEX pi ON p (a)')
      for (const [sql, since] of [
        ['REINDEX TABLE p', 14],
        ['REINDEX INDEX pi', 14],
        ['CLUSTER p USING pi', 15],
      ] as const) {
        expect(needOf(sql)).toEqual({ type: 'any', unless: expect.stringMatching('partitioned') })
        if (major >= since) expect(await stateInside(client, sql)).toBe('25001')
      }
    })
  })
})

test.each([
  ['BEGIN ISOLATION LEVEL SERIALIZABLE', 'begin'],
  ['START TRANSACTION', 'begin'],
  ['COMMIT', 'commit'],
  ['END', 'commit'],
  ['COMMIT AND CHAIN', 'commit'],
  ['ROLLBACK', 'rollback'],
  ['ABORT', 'rollback'],
  ["COPY t FROM '/x' (FREEZE)", 'needs'],
  ["COPY t FROM '/x' (FREEZE false)", 'any'],
])('%s is %s', (sql, type) => {
  expect(needOf(sql).type).toBe(type)
})

test('a DO block that shows a COMMIT is certain, one that calls names the procedure', () => {
  expect(needOf('DO $$ BEGIN IF true THEN ROLLBACK; END IF; END $$')).toEqual({
    type: 'may-commit',
    certain: true,
  })
  expect(needOf('DO $$ BEGIN CALL app."Move"(1); END $$')).toEqual({
    type: 'may-commit',
    certain: false,
    procedure: { schema: 'app', name: 'Move' },
  })
  expect(needOf("DO $$ BEGIN RAISE NOTICE 'COMMIT'; END $$")).toEqual({ type: 'any' })
})
