import { describe, expect, test } from '@jest/globals'
import { oldestAndNewest, withDatabase } from '../support/database.ts'
import { deployFiles, endingOf, errorOf } from '../support/engine.ts'

describe.each(oldestAndNewest())('PostgreSQL $major: row effects', ({ major }) => {
  test('are exact under the traffic of other sessions, and triggers and cascades count', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(`create table "Order" (id int primary key, n int);
        create table item (id int primary key, order_id int references "Order" on delete cascade);
        create table log (id int generated always as identity, what text);
        create function note() returns trigger language plpgsql as $$ begin insert into log (what) values (tg_op); return null; end $$;
        create trigger note after insert on "Order" for each row execute function note();
        insert into "Order" select g, 0 from generate_series(1, 100) g; insert into item select g, g from generate_series(1, 100) g;
        truncate log`)
      let busy = true
      const traffic = (async () => {
        const client = await database.connect('traffic')
        for (let id = 10_000; busy; id++) {
          await client.query(`insert into "Order" values (${id}, 1)`)
          await client.query(`update "Order" set n = n + 1 where id = ${id}`)
        }
      })()
      const result = await deployFiles(database, {
        files: {
          '1_a': `insert into "Order" select g, 0 from generate_series(201, 210) g;
            update "Order" set n = 5 where id <= 30;
            delete from "Order" where id between 91 and 95;`,
          '2_b': `update "Order" set n = 6 where id = 1;`,
        },
      })
      busy = false
      await traffic
      expect(endingOf(result)).toBe('deployed 0')
      expect(result.migration.rowEffects).toEqual([
        { table: 'public."Order"', inserted: 10, updated: 30, deleted: 5, certainty: 'exact' },
        { table: 'public.item', inserted: 0, updated: 0, deleted: 5, certainty: 'exact' },
        { table: 'public.log', inserted: 10, updated: 0, deleted: 0, certainty: 'exact' },
      ])
      expect(result.report.migrations[1]?.rowEffects).toEqual([
        { table: 'public."Order"', inserted: 0, updated: 1, deleted: 0, certainty: 'exact' },
      ])
    })
  })

  test('savepoints and exception blocks make them at most', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query('create table t (id int)')
      const result = await deployFiles(database, {
        files: {
          '1_a': 'savepoint s; insert into t values (1); rollback to s; insert into t values (2);',
          '2_b': `do $$ begin insert into t values (3); raise exception 'x'; exception when others then null; end $$;`,
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      const [first, second] = result.report.migrations
      expect(first?.rowEffects).toMatchObject([
        { table: 'public.t', inserted: 2, certainty: 'at-most' },
      ])
      expect(second?.rowEffects).toMatchObject([
        { table: 'public.t', inserted: 1, certainty: 'at-most' },
      ])
      expect(await database.query('select id from t')).toEqual([{ id: 2 }])
    })
  })

  test('rows lost to TRUNCATE, DROP TABLE and DETACH are counted before', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(`create table a as select generate_series(1, 11) as id; create table b as select generate_series(1, 22) as id;
        create table p (id int) partition by range (id); create table p1 partition of p for values from (0) to (100);
        insert into p select generate_series(1, 33)`)
      const result = await deployFiles(database, {
        files: {
          '1_a':
            'delete from a where id = 1; truncate a; drop table b; alter table p detach partition p1;',
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      const lost = result.migration.rowEffects.flatMap(({ table, removed }) =>
        removed ? [{ table, ...removed }] : [],
      )
      expect(lost).toEqual([
        { table: 'a', by: 'TRUNCATE', rows: 11 },
        { table: 'b', by: 'DROP TABLE', rows: 22 },
        { table: 'p1', by: 'DETACH PARTITION', rows: 33 },
      ])
    })
  })

  test('a row that moves to another partition is a delete and an insert', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(`create table p (id int) partition by range (id);
        create table p1 partition of p for values from (0) to (10); create table p2 partition of p for values from (10) to (20);
        insert into p values (1), (2)`)
      const result = await deployFiles(database, {
        files: { '1_a': 'update p set id = 11 where id = 1;' },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(result.migration.rowEffects).toMatchObject([
        { table: 'public.p1', inserted: 0, deleted: 1 },
        { table: 'public.p2', inserted: 1, deleted: 0 },
      ])
    })
  })

  test('outside a transaction, and with track_counts off, they are not checked', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query('create table t (id int)')
      const result = await deployFiles(database, {
        files: {
          '1_a': '-- airlock: transaction=off\n\ninsert into t values (1);',
          '2_b': 'set local track_counts = off; insert into t values (1);',
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      for (const { rowEffects } of result.report.migrations) {
        expect(rowEffects).toMatchObject([{ certainty: 'not-checked', reason: expect.any(String) }])
      }
    })
  })

  test.each([
    ['DELETE', 'delete from t where id = 1;', /1 rows? of public\.t deleted/],
    ['TRUNCATE', 'truncate t;', /3 rows of t lost to TRUNCATE/],
    ['DROP TABLE', 'drop table t;', /3 rows of t lost to DROP TABLE/],
    ['a trigger', 'update u set id = 2;', /3 rows of public\.t deleted/],
    ['DETACH', 'alter table p detach partition p1;', /2 rows of p1 lost to DETACH PARTITION/],
  ])('forbid-deletes is judged before COMMIT: %s', async (_, sql, message) => {
    await withDatabase({ major }, async (database) => {
      await database.query(`create table t (id int); insert into t values (1), (2), (3); create table u (id int); insert into u values (1);
        create function clear() returns trigger language plpgsql as $$ begin delete from t; return null; end $$;
        create trigger clear after update on u for each row execute function clear();
        create table p (id int) partition by range (id); create table p1 partition of p for values from (0) to (100); insert into p values (1), (2)`)
      const result = await deployFiles(database, {
        settings: { 'forbid-deletes': 'true' },
        files: { '1_a': `create table b (id int); ${sql}` },
      })
      expect(endingOf(result)).toMatch(/^failed 1: /)
      expect(errorOf(result).message).toMatch(message)
      expect(
        await database.query(
          `select count(*)::int as rows, to_regclass('b') is null as gone from t`,
        ),
      ).toEqual([{ rows: 3, gone: true }])
    })
  })

  test('forbid-deletes lets go what loses no row', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query('create table t (id int); create table u (id int)')
      const result = await deployFiles(database, {
        settings: { 'forbid-deletes': 'true' },
        files: { '1_a': 'truncate t; drop table u; delete from t; insert into t values (1);' },
      })
      expect(endingOf(result)).toBe('deployed 0')
    })
  })

  test('fail-on-warning fails the step before its COMMIT; without it the WARNING is kept', async () => {
    await withDatabase({ major }, async (database) => {
      const files = {
        '1_a': `create table a (id int);\n\n  do $$ begin raise warning 'mind the gap'; end $$;`,
      }
      const failed = await deployFiles(database, { files, settings: { 'fail-on-warning': 'true' } })
      expect(endingOf(failed)).toBe('failed 1: WARNING: mind the gap')
      expect(errorOf(failed).where).toEqual({ file: 'migrations/1_a.sql', line: 3, column: 3 })
      expect(await database.query(`select to_regclass('a') is null as gone`)).toEqual([
        { gone: true },
      ])
      const result = await deployFiles(database, { files })
      expect(endingOf(result)).toBe('deployed 0')
      expect(result.migration.notices).toMatchObject([
        {
          severity: 'WARNING',
          message: 'mind the gap',
          where: { file: 'migrations/1_a.sql', line: 3, column: 3 },
        },
      ])
    })
  })

  test('notices are kept with file and line, a failed statement’s too, and no more than 200 of them', async () => {
    await withDatabase({ major }, async (database) => {
      const result = await deployFiles(database, {
        files: {
          '1_a': `create table a (id int);\ncreate table if not exists a (id int);\ndo $$ begin for n in 1..5000 loop raise notice 'n %', n; end loop; end $$;\nselect 1/0;`,
        },
      })
      const { notices } = result.migration
      expect(notices[0]).toMatchObject({ severity: 'NOTICE', code: '42P07', where: { line: 2 } })
      expect(notices[1]).toMatchObject({ message: 'n 1', where: { line: 3 } })
      expect(notices.length).toBeGreaterThan(50)
      expect(notices.length).toBeLessThanOrEqual(201)
    })
  })
})
