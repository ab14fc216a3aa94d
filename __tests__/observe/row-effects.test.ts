import { describe, expect, test } from '@jest/globals'
import { countersQuery, readCounters, rowEffects } from '../../src/observe/row-effects.ts'
import type { Session, TextResult } from '../../src/postgres/types.ts'
import type { RowEffect } from '../../src/report/types.ts'
import { withSessions } from '../postgres/sessions.ts'
import { servers } from '../support/database.ts'

const nothing: TextResult = { tag: '', columns: [], rows: [] }

/** As the engine does: the first read in the message of BEGIN, the second before COMMIT. */
async function effectsOf(
  session: Session,
  sql: string,
  certainty: 'exact' | 'at-most' = 'exact',
): Promise<RowEffect[]> {
  const begun = await session.simple(`BEGIN; ${countersQuery}`)
  await session.simple(sql)
  await session.simple('SET CONSTRAINTS ALL IMMEDIATE')
  const ended = await session.simple(countersQuery)
  await session.simple('COMMIT')
  return rowEffects(
    readCounters(begun.at(-1) ?? nothing),
    readCounters(ended.at(-1) ?? nothing),
    certainty,
  )
}

const none = { inserted: 0, updated: 0, deleted: 0, certainty: 'exact' as const }

describe.each(servers())('PostgreSQL $major', ({ major }) => {
  test('only rows of this transaction count: not the one before, not those of others', async () => {
    await withSessions({ major }, async ({ open }) => {
      const worker = await open('worker')
      const other = await open('other')
      await worker.simple('CREATE TABLE "T.x" (a int); CREATE TABLE u (a int)')
      await worker.simple('INSERT INTO "T.x" SELECT generate_series(1, 50)')
      await other.simple('INSERT INTO u SELECT generate_series(1, 70)')
      const effects = await effectsOf(
        worker,
        `INSERT INTO "T.x" VALUES (100), (101); UPDATE "T.x" SET a = a + 1000 WHERE a <= 3; DELETE FROM "T.x" WHERE a = 50`,
      )
      expect(effects).toEqual([
        { ...none, table: 'public."T.x"', inserted: 2, updated: 3, deleted: 1 },
      ])
      expect(await effectsOf(worker, 'SELECT 1')).toEqual([])
    })
  })

  test('cascades and triggers count, COPY and COPY-like inserts too, in every schema but ours', async () => {
    await withSessions({ major }, async ({ open }) => {
      const worker = await open('worker')
      await worker.simple(`CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int REFERENCES p ON DELETE CASCADE);
        INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (1), (1), (2); CREATE SCHEMA airlock; CREATE TABLE airlock.runs (a int); CREATE SCHEMA s; CREATE TABLE s.t (a int)`)
      const effects = await effectsOf(
        worker,
        'DELETE FROM p WHERE id = 1; INSERT INTO airlock.runs VALUES (1); INSERT INTO s.t VALUES (1); CREATE TEMP TABLE x AS SELECT 1 AS a; INSERT INTO x VALUES (2)',
      )
      expect(effects).toEqual([
        { ...none, table: 'public.c', deleted: 2 },
        { ...none, table: 'public.p', deleted: 1 },
        { ...none, table: 's.t', inserted: 1 },
      ])
    })
  })

  test('a move between partitions is a delete and an insert', async () => {
    await withSessions({ major }, async ({ open }) => {
      const worker = await open('worker')
      await worker.simple(`CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
        CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2); INSERT INTO t VALUES (1)`)
      expect(await effectsOf(worker, 'UPDATE t SET a = 2')).toEqual([
        { ...none, table: 'public.t1', deleted: 1 },
        { ...none, table: 'public.t2', inserted: 1 },
      ])
    })
  })

  test('rows of a savepoint that was rolled back count: at most', async () => {
    await withSessions({ major }, async ({ open }) => {
      const worker = await open('worker')
      await worker.simple('CREATE TABLE t (a int)')
      const sql =
        'SAVEPOINT s; INSERT INTO t VALUES (1), (2); ROLLBACK TO s; INSERT INTO t VALUES (3)'
      expect(await effectsOf(worker, sql, 'at-most')).toEqual([
        { ...none, table: 'public.t', inserted: 3, certainty: 'at-most' },
      ])
    })
  })

  test('TRUNCATE is not counted and erases what was counted before', async () => {
    await withSessions({ major }, async ({ open }) => {
      const worker = await open('worker')
      await worker.simple('CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)')
      expect(await effectsOf(worker, 'DELETE FROM t WHERE a = 1; TRUNCATE t')).toEqual([])
    })
  })

  test('without track_counts it says so', async () => {
    await withSessions({ major }, async ({ open }) => {
      const worker = await open('worker')
      const [on] = await worker.simple(countersQuery)
      await worker.simple('SET track_counts = off')
      const [off] = await worker.simple(countersQuery)
      expect(readCounters(on ?? nothing).counted).toBe(true)
      expect(readCounters(off ?? nothing).counted).toBe(false)
    })
  })

  test('a hostile search path does not reach the query', async () => {
    await withSessions({ major }, async ({ open }) => {
      const worker = await open('worker')
      await worker.simple(`CREATE SCHEMA evil; CREATE FUNCTION evil.quote_ident(text) RETURNS text LANGUAGE sql AS $$ SELECT 'evil' $$;
        CREATE VIEW evil.pg_stat_xact_all_tables AS SELECT 1 AS a; CREATE TABLE t (a int); SET search_path = evil, pg_catalog`)
      expect(await effectsOf(worker, 'INSERT INTO public.t VALUES (1)')).toEqual([
        { ...none, table: 'public.t', inserted: 1 },
      ])
    })
  })
})
