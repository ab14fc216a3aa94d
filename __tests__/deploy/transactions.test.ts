import { describe, expect, test } from '@jest/globals'
import { oldestAndNewest, servers, withDatabase } from '../support/database.ts'
import { deployFiles, endingOf, errorOf, runEngine } from '../support/engine.ts'

const parents = `create table parent (id int primary key);
  create table child (id int primary key, parent_id int references parent deferrable initially deferred);`

const states = 'select version, state, half_done from airlock.migrations order by id'

describe.each(oldestAndNewest())('PostgreSQL $major: transactions', ({ major }) => {
  test('a deferred constraint that is violated fails before COMMIT, at the statement that broke it', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(parents)
      const result = await deployFiles(database, {
        files: {
          '1_a':
            'create table b (id int);\n\ninsert into child values (1, 42);\n\ncreate table c (id int);\ninsert into parent values (7);',
        },
      })
      expect(endingOf(result)).toMatch(
        /^failed 1: insert or update on table "child" violates foreign key/,
      )
      expect(errorOf(result)).toMatchObject({
        sqlstate: '23503',
        where: { file: 'migrations/1_a.sql', line: 3, column: 1 },
      })
      expect(result.migration.rollback).toMatchObject({ by: 'transaction', outcome: 'restored' })
      expect(await database.query(states)).toEqual([
        { version: '1', state: 'failed', half_done: false },
      ])
      expect(
        await database.query(
          `select to_regclass('b') is null and to_regclass('c') is null as gone`,
        ),
      ).toEqual([{ gone: true }])
    })
  })

  test('a deferred constraint that is satisfied in the end is no failure', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(parents)
      const result = await deployFiles(database, {
        files: { '1_a': 'insert into child values (1, 42); insert into parent values (42);' },
      })
      expect(endingOf(result)).toBe('deployed 0')
    })
  })

  test('a bare COMMIT ends the transaction of the statements before it', async () => {
    await withDatabase({ major }, async (database) => {
      const result = await deployFiles(database, {
        files: {
          '1_a': 'create table a (id int);\ncommit;\ncreate table b (id int);\nselect 1/0;',
        },
      })
      expect(endingOf(result)).toMatch(/^rolled-back 1: division by zero/)
      expect(errorOf(result).where?.line).toBe(4)
      expect(result.migration.steps).toMatchObject([
        { outcome: 'rolled-back' },
        { outcome: 'failed' },
      ])
      expect(result.migration.rollback).toMatchObject({
        by: 'inverses',
        outcome: 'restored',
        statements: ['DROP TABLE a'],
      })
      expect(result.report.fingerprint).toMatchObject({ equal: true })
    })
  })

  test("a file's own BEGIN … COMMIT is kept, with its isolation level, its COMMIT issued after the journal row", async () => {
    await withDatabase({ major }, async (database) => {
      const result = await deployFiles(database, {
        files: {
          '1_a': `begin isolation level repeatable read;
create table seen as select current_setting('transaction_isolation') as level, txid_current() as xid;
commit;
create table b (id int);`,
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(await database.query('select level from seen')).toEqual([{ level: 'repeatable read' }])
      expect(
        await database.query(
          `select s.ordinal, s.xmin::text = (select xid::text from seen) as together from airlock.steps s order by 1`,
        ),
      ).toEqual([
        { ordinal: 1, together: true },
        { ordinal: 2, together: false },
      ])
    })
  })

  test('a transaction of the file that is READ ONLY is journaled in one of its own', async () => {
    await withDatabase({ major }, async (database) => {
      const result = await deployFiles(database, {
        files: { '1_a': 'begin read only;\nselect 1;\ncommit;\ncreate table b (id int);' },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(await database.query(states)).toEqual([
        { version: '1', state: 'verified', half_done: false },
      ])
    })
  })

  test("a file's own ROLLBACK is carried out, nothing is expected of it, and the migration is recorded", async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(parents)
      const result = await deployFiles(database, {
        files: {
          '1_a':
            'begin;\ncreate table a (id int);\ninsert into child values (1, 99);\nrollback;\ncreate table b (id int);',
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(result.migration.rowEffects).toEqual([])
      expect(
        await database.query(
          `select to_regclass('a') is null as a, to_regclass('b') is not null as b`,
        ),
      ).toEqual([{ a: true, b: true }])
      expect(await database.query(states)).toEqual([
        { version: '1', state: 'verified', half_done: false },
      ])
    })
  })

  test('an enum value added and used in one file: what stands before it is committed before it', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(`create type mood as enum ('sad'); create table t (m mood)`)
      const result = await deployFiles(database, {
        files: {
          '1_a': `create table before_it (id int);\nalter type mood add value 'glad';\ninsert into t values ('glad');\nselect 1/0;`,
        },
        settings: { 'on-failure': 'stop' },
      })
      expect(endingOf(result)).toMatch(/^needs-attention 3: division by zero/)
      expect(result.migration.steps.map(({ outcome }) => outcome)).toEqual([
        'done',
        'done',
        'failed',
      ])
      expect(result.migration.warnings.map(({ id }) => id)).toContain('not-atomic')
      expect(
        await database.query(
          `select to_regclass('before_it') is not null as there, enum_range(null::mood)::text as labels`,
        ),
      ).toEqual([{ there: true, labels: '{sad,glad}' }])
    })
  })

  test('labels of CREATE TYPE work in the same transaction', async () => {
    await withDatabase({ major }, async (database) => {
      const result = await deployFiles(database, {
        files: {
          '1_a': `create type mood as enum ('sad'); create table t (m mood); insert into t values ('sad');`,
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(result.migration.steps).toHaveLength(1)
    })
  })

  test('a DO block that commits is a step of its own', async () => {
    await withDatabase({ major }, async (database) => {
      const result = await deployFiles(database, {
        files: {
          '1_a': `create table t (id int);
            do $$ begin for n in 1..3 loop insert into t values (n); commit; end loop; end $$;
            insert into t values (4);`,
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(result.migration.steps.map(({ kind }) => kind)).toEqual([
        'transaction',
        'statement',
        'transaction',
      ])
      expect(
        await database.query('select count(distinct xmin::text)::int as transactions from t'),
      ).toEqual([{ transactions: 4 }])
    })
  })

  test('a procedure that commits is looked up in the catalog, by itself or through another, and runs outside a transaction', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(`create table t (id int);
        create schema "Batch jobs";
        create procedure "Batch jobs".fill(n int, inout total int) language plpgsql as $$
          begin for i in 1..n loop insert into t values (i); commit; end loop; total := n; end $$;
        create procedure outer_one() language plpgsql as $$ declare x int; begin call "Batch jobs".fill(2, x); end $$;
        create procedure quiet(v int) language plpgsql as $$ begin
          -- says commit, but does not
          insert into t values (v); end $$;`)
      const files = {
        '1_a': 'call "Batch jobs".fill(3, null);',
        '2_b': 'create table u (id int); call outer_one();',
        '3_c': 'create table w (id int); call quiet(9);',
      }
      const planned = await runEngine(database, 'plan', { files })
      const kinds = ['statement', 'transaction statement', 'transaction']
      expect(
        planned.report.migrations.map(({ steps }) => steps.map(({ kind }) => kind).join(' ')),
      ).toEqual(kinds)
      const result = await deployFiles(database, { files })
      expect(endingOf(result)).toBe('deployed 0')
      expect(
        result.report.migrations.map(({ steps }) => steps.map(({ kind }) => kind).join(' ')),
      ).toEqual(kinds)
      expect(await database.query('select count(*)::int from t')).toEqual([{ count: 6 }])
    })
  })

  test('a procedure that commits where nothing can tell ends in 2D000 that names the directive, which makes it work', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(`create table t (id int)`)
      const procedure = `create procedure fill() language plpgsql as $$ begin insert into t values (1); commit; end $$;`
      const failed = await deployFiles(database, { files: { '1_a': `${procedure}\ncall fill();` } })
      expect(endingOf(failed)).toMatch(/^failed 1: invalid transaction termination/)
      expect(errorOf(failed)).toMatchObject({
        sqlstate: '2D000',
        where: { line: 2 },
        fix: expect.stringContaining('-- airlock: transaction=off'),
      })
      const result = await deployFiles(database, {
        files: { '1_a': `-- airlock: transaction=off\n\n${procedure}\ncall fill();` },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(await database.query('select count(*)::int from t')).toEqual([{ count: 1 }])
    })
  })

  test('several DROP INDEX CONCURRENTLY are each a step of its own [trap: one-message-many-concurrent]', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(
        'create table t (a int, b int); create index i on t (a); create index j on t (b)',
      )
      const result = await deployFiles(database, {
        files: { '1_a': 'drop index concurrently i; drop index concurrently j;' },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(result.migration.steps).toHaveLength(2)
    })
  })

  test('an aborted transaction is never taken for a committed one', async () => {
    await withDatabase({ major }, async (database) => {
      // A statement trigger on the journal's own row would not be needed: an error inside COMMIT answers without the tag COMMIT.
      await database.query(`create table t (id int);
        create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not today'; end $$;
        create constraint trigger late after insert on t deferrable initially deferred for each row execute function refuse();
        create function sneak() returns event_trigger language plpgsql as $$ begin null; end $$;`)
      const result = await deployFiles(database, {
        files: { '1_a': 'set constraints all deferred;\ninsert into t values (1);' },
      })
      expect(endingOf(result)).toMatch(/^failed 1: not today/)
      expect(await database.query('select count(*)::int from t')).toEqual([{ count: 0 }])
      expect(await database.query(states)).toEqual([
        { version: '1', state: 'failed', half_done: false },
      ])
    })
  })

  test('the journal row commits with the transaction that it records', async () => {
    await withDatabase({ major }, async (database) => {
      const result = await deployFiles(database, {
        files: { '1_a': 'create table t as select txid_current()::text as xid;' },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(
        await database.query(
          `select (select xid from t) = m.xmin::text and s.xmin = m.xmin as together from airlock.migrations m join airlock.steps s on s.migration_id = m.id`,
        ),
      ).toEqual([{ together: true }])
    })
  })
})

test.each(servers())(
  'PostgreSQL $major: a value added to an enum type of the same transaction is usable from 17 on: below, the file is cut',
  async ({ major }) => {
    await withDatabase({ major }, async (database) => {
      const result = await deployFiles(database, {
        files: {
          '1_a': `create type mood as enum ('sad');\nalter type mood add value 'glad';\ncreate table t (m mood default 'glad');\ninsert into t values ('glad');`,
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(result.migration.steps).toHaveLength(major >= 17 ? 1 : 3)
    })
  },
)
