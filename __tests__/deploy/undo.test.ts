import { describe, expect, test } from '@jest/globals'
import { oldestAndNewest, type TestDatabase, withDatabase } from '../support/database.ts'
import { deployFiles, endingOf, errorOf, runEngine } from '../support/engine.ts'

/** Fails after everything before it was committed. */
const fail = '\ncommit;\nselect 1/0;'

const exists = async (database: TestDatabase, name: string) => {
  const [row] = await database.query<{ there: boolean }>(
    'select to_regclass($1) is not null as there',
    [name],
  )
  return row?.there
}

describe.each(oldestAndNewest())('PostgreSQL $major: undo', ({ major }) => {
  test('only what this run created is dropped: a table that was there behind IF NOT EXISTS survives', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query('create table old (id int); create index old_id on old (id)')
      const result = await deployFiles(database, {
        files: {
          '1_a': `create table if not exists old (id int);\ncreate table if not exists fresh (id int);
create index if not exists old_id on old (id);${fail}`,
        },
      })
      expect(endingOf(result)).toMatch(/^rolled-back 1: division by zero/)
      expect(await exists(database, 'old')).toBe(true)
      expect(await exists(database, 'old_id')).toBe(true)
      expect(await exists(database, 'fresh')).toBe(false)
      expect(result.migration.rollback).toMatchObject({
        by: 'inverses',
        outcome: 'restored',
        difference: [],
      })
    })
  })

  test('the command rollback spares what was there before the run, too', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query('create table old (id int)')
      const files = {
        '1_a': 'create table earlier (id int);',
        '2_b':
          'create table if not exists old (id int); create table if not exists earlier (id int); create table fresh (id int);',
      }
      expect(endingOf(await deployFiles(database, { files }))).toBe('deployed 0')
      const result = await runEngine(database, 'rollback', { files })
      expect(endingOf(result)).toBe('rolled-back 0')
      expect(await exists(database, 'old')).toBe(true)
      expect(await exists(database, 'earlier')).toBe(true)
      expect(await exists(database, 'fresh')).toBe(false)
    })
  })

  test.each([
    ['a table with rows', '', 'create table t (id int);\ncommit;\ninsert into t values (1);', 't'],
    [
      'a column with values',
      'create table t (id int); insert into t values (1)',
      'alter table t add column c int;\ncommit;\nupdate t set c = 7;',
      't',
    ],
  ])(
    '%s is never dropped by itself: exit 3, unless allow-data-loss is on record',
    async (_, before, sql, table) => {
      await withDatabase({ major }, async (database) => {
        if (before !== '') await database.query(before)
        const files = { '1_a': `${sql}${fail}` }
        const result = await deployFiles(database, { files })
        expect(endingOf(result)).toMatch(/^needs-attention 3: division by zero/)
        expect(result.migration.rollback).toMatchObject({
          outcome: 'not-run',
          reason: expect.stringContaining('holds data'),
        })
        expect(result.migration.rollback?.kept).toHaveLength(1)
        expect(await exists(database, table)).toBe(true)
        const [row] = await database.query('select state, half_done from airlock.migrations')
        expect(row).toEqual({ state: 'failed', half_done: true })
        const undone = await runEngine(database, 'rollback', {
          files,
          settings: { 'allow-data-loss': 'true' },
        })
        expect(endingOf(undone)).toBe('rolled-back 0')
      })
    },
  )

  test('a column whose rows hold its default alone is nobody’s data', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query('create table t (id int); insert into t values (1)')
      const result = await deployFiles(database, {
        files: { '1_a': `alter table t add column c int not null default 5;${fail}` },
      })
      expect(endingOf(result)).toMatch(/^rolled-back 1/)
    })
  })

  test('what was dropped comes back as it was: constraint, index, trigger, function, view, default, NOT NULL, comment, state', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(
        `create table "Parent" (id int primary key);
        create table t (id int primary key, "Mixed" int not null default 7, p int constraint "fk one" references "Parent" (id) on delete set null deferrable,
          constraint positive check ("Mixed" > 0), unique nulls distinct (p, id));`.replace(
          ' nulls distinct',
          '',
        ),
      )
      await database.query(`create index "an index" on t ("Mixed" desc) where p is not null;
        create function touch(x int default 4) returns int language sql immutable as $$ select x + 1 $$;
        create function note() returns trigger language plpgsql as $$ begin return new; end $$;
        create trigger note before insert or update of "Mixed" on t for each row when (new.id > 3) execute function note();
        alter table t disable trigger note;
        create view v as select id, "Mixed" from t where p is null;
        comment on constraint positive on t is 'it''s positive'; comment on view v is 'seen'`)
      const result = await deployFiles(database, {
        files: {
          '1_a': `alter table t drop constraint positive, drop constraint "fk one", drop constraint t_p_id_key;
drop index "an index";\ndrop trigger note on t;\ndrop function touch(int);\ndrop view v;\ndrop function note();
alter table t alter column "Mixed" drop default, alter column "Mixed" drop not null;
create table made (id int);${fail}`,
        },
      })
      expect(result.migration.rollback).toMatchObject({
        by: 'inverses',
        outcome: 'restored',
        difference: [],
      })
      expect(endingOf(result)).toMatch(/^rolled-back 1: division by zero/)
    })
  })

  test('a constraint and an index that the server named are found by what the run has changed', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(
        `create table p (id int primary key); create table t (a int, b int, pid int, constraint t_a_key check (a <> 5), constraint t_check check (b <> 5))`,
      )
      const result = await deployFiles(database, {
        files: {
          '1_a': `alter table t add unique (a), add check (a > b), add foreign key (pid) references p;
create index on t (lower(a::text));\ncreate index on t (b);${fail}`,
        },
      })
      expect(result.migration.rollback).toMatchObject({
        by: 'inverses',
        outcome: 'restored',
        difference: [],
      })
      expect(endingOf(result)).toMatch(/^rolled-back 1: division by zero/)
    })
  })

  test('a concurrent build that never began leaves nothing to drop and nothing to undo', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query('create table t (a int)')
      const result = await deployFiles(database, {
        files: { '1_a': 'create index concurrently i on t (nothing);' },
      })
      expect(endingOf(result)).toMatch(/^failed 1: column "nothing" does not exist/)
      expect(errorOf(result).where).toEqual({ file: 'migrations/1_a.sql', line: 1, column: 1 })
    })
  })

  test('a concurrent build that failed half way: its INVALID index is dropped', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query('create table t (a int); insert into t values (1), (1)')
      const result = await deployFiles(database, {
        // As if the second row had come between the precheck and the build.
        gates: { preflight: { checks: { 'data.unique': 'off' } } },
        files: { '1_a': 'create table b (id int);\ncreate unique index concurrently i on t (a);' },
      })
      expect(endingOf(result)).toMatch(/^rolled-back 1: could not create unique index/)
      expect(await exists(database, 'i')).toBe(false)
      expect(await exists(database, 'b')).toBe(false)
    })
  })

  test('a failed DROP INDEX CONCURRENTLY or DETACH is not answered by making again what is there', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query('create table t (a int primary key)')
      const result = await deployFiles(database, {
        files: { '1_a': 'drop index concurrently t_pkey;' },
      })
      expect(endingOf(result)).toMatch(/^failed 1: cannot drop index t_pkey/)
    })
  })

  test('a rollback script runs for a half-applied migration only where it says partial=ok', async () => {
    await withDatabase({ major }, async (database) => {
      const forward = `create table a (id int);${fail}`
      const script = 'drop table if exists a;'
      const plain = await deployFiles(database, {
        files: { '1_a': forward, 'rollbacks/1_a_rollback': script },
      })
      expect(plain.migration.rollback).toMatchObject({
        by: 'inverses',
        outcome: 'restored',
        statements: ['DROP TABLE a'],
      })
      const partial = await deployFiles(database, {
        files: { '1_a': forward, 'rollbacks/1_a_rollback': `-- airlock: partial=ok\n\n${script}` },
      })
      expect(partial.migration.rollback).toMatchObject({
        by: 'script',
        outcome: 'restored',
        statements: ['drop table if exists a'],
      })
    })
  })

  test('with on-failure: stop a migration whose verify script failed stays, and the next deploy verifies it', async () => {
    await withDatabase({ major }, async (database) => {
      const files = {
        '1_a': 'create table a (id int);',
        'verify/1_a_verify': 'select count(*) as n from a;\n-- expect: n = 1',
      }
      const settings = { 'on-failure': 'stop' }
      const result = await deployFiles(database, { files, settings })
      expect(endingOf(result)).toMatch(/^needs-attention 3/)
      expect(result.migration).toMatchObject({
        outcome: 'failed',
        rollback: {
          outcome: 'not-run',
          reason: expect.stringContaining('the next deploy verifies it before anything else'),
        },
      })
      expect(await database.query('select state from airlock.migrations')).toEqual([
        { state: 'applied' },
      ])
      await database.query('insert into a values (1)')
      expect(endingOf(await deployFiles(database, { files, settings }))).toBe('deployed 0')
    })
  })

  test('the rollback script runs where the migration was whole and its verify script failed', async () => {
    await withDatabase({ major }, async (database) => {
      const result = await deployFiles(database, {
        files: {
          '1_a': 'create table a (id int);',
          'rollbacks/1_a_rollback': 'drop table a;',
          'verify/1_a_verify':
            '-- Rows are there\nselect count(*) as rows_there from a;\n-- expect: rows_there > 0',
        },
      })
      expect(endingOf(result)).toMatch(/^rolled-back 1/)
      expect(result.migration.rollback).toMatchObject({
        by: 'script',
        outcome: 'restored',
        difference: [],
      })
    })
  })

  test('committed row changes are named as kept and never called restored: exit 3', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query('create table t (id int); insert into t values (1)')
      const result = await deployFiles(database, {
        files: { '1_a': `update t set id = 2;\ncreate table b (id int);${fail}` },
      })
      expect(endingOf(result)).toMatch(/^needs-attention 3/)
      expect(result.migration.rollback?.kept).toEqual(['public.t: 1 updated'])
      expect(await exists(database, 'b')).toBe(false)
    })
  })

  test('what an undo leaves different is printed: exit 3', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(`create type mood as enum ('sad')`)
      const result = await deployFiles(database, {
        files: { '1_a': `alter type mood add value 'glad';${fail}` },
      })
      expect(endingOf(result)).toMatch(/^needs-attention 3/)
      expect(result.migration.rollback?.outcome).toBe('differs')
      expect(result.migration.rollback?.difference.join()).toContain('glad')
      expect(result.migration.warnings.some(({ message }) => message.includes('glad'))).toBe(true)
    })
  })

  test('so is what a rollback script leaves behind: its word alone is not taken [trap: nobody-ran-the-rollback]', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query('create table t (id int)')
      const result = await deployFiles(database, {
        files: {
          '1_a': 'create table a (id int);\nalter table t add column left_behind int;',
          'rollbacks/1_a_rollback': 'drop table a;',
          'verify/1_a_verify': 'select count(*) as n from a;\n-- expect: n > 0',
        },
      })
      expect(endingOf(result)).toMatch(/^needs-attention 3/)
      expect(result.migration.rollback).toMatchObject({ by: 'script', outcome: 'differs' })
      expect(result.migration.rollback?.difference).toEqual([
        expect.stringContaining('column public.t.left_behind'),
      ])
      expect(await exists(database, 'a')).toBe(false)
    })
  })

  test('what others changed meanwhile, outside the plan’s objects, is foreign and not our failure', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query('create table theirs (id int); create table ours (id int)')
      const result = await deployFiles(database, {
        files: { '1_a': `alter table ours add column a int;\ncreate table made (id int);${fail}` },
        on: ({ type }) => {
          if (type !== 'step-finished') return
          void database.query(
            'alter table theirs add column if not exists b int; create table if not exists by_them (id int)',
          )
        },
      })
      expect(result.migration.rollback).toMatchObject({ outcome: 'restored', difference: [] })
      expect(endingOf(result)).toMatch(/^rolled-back 1: division by zero/)
      expect(result.migration.rollback?.foreign?.join()).toMatch(/by_them/)
      expect(result.migration.rollback?.foreign?.join()).toMatch(/theirs/)
    })
  })

  test('what others changed of the plan’s own objects is a difference', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query('create table ours (id int)')
      const result = await deployFiles(database, {
        files: { '1_a': `alter table ours add column a int;${fail}` },
        on: ({ type }) => {
          if (type === 'step-finished')
            void database.query('alter table ours add column if not exists b int')
        },
      })
      expect(endingOf(result)).toMatch(/^needs-attention 3: division by zero/)
      expect(result.migration.rollback).toMatchObject({ outcome: 'differs' })
    })
  })

  test('undo: run takes back the earlier migrations of the run, newest first', async () => {
    await withDatabase({ major }, async (database) => {
      const result = await deployFiles(database, {
        settings: { undo: 'run' },
        files: {
          '1_a': 'create table a (id int);',
          '2_b': 'create table b as select * from a;',
          '3_c': 'select 1/0;',
        },
      })
      expect(endingOf(result)).toMatch(/^rolled-back 1/)
      expect(result.report.fingerprint).toMatchObject({ equal: true })
      expect(
        await database.query('select version, state from airlock.migrations order by version'),
      ).toEqual([
        { version: '1', state: 'rolled-back' },
        { version: '2', state: 'rolled-back' },
        { version: '3', state: 'failed' },
      ])
    })
  })
})
