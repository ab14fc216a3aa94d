import { describe, expect, test } from '@jest/globals'
import { oldestAndNewest, servers, withDatabase } from '../support/database.ts'
import { deployFiles, endingOf, errorOf, runEngine, verificationOf } from '../support/engine.ts'

describe.each(oldestAndNewest())('PostgreSQL $major: expectations', ({ major }) => {
  test.each([
    [
      'a column of another type',
      'create table t (a text)',
      'alter table t add column if not exists a int;',
    ],
    [
      'an index on another column',
      'create table t (a int, b int); create index i on t (b)',
      'create index if not exists i on t (a);',
    ],
    [
      'an index that is not unique',
      'create table t (a int); create index i on t (a)',
      'create unique index if not exists i on t (a);',
    ],
    [
      'a table that lacks a column',
      'create table t (a int)',
      'create table if not exists t (a int, b int);',
    ],
    [
      'an index of that name on another table',
      'create table t (a int); create table u (a int); create index i on u (a)',
      'create index if not exists i on t (a);',
    ],
    [
      'a concurrent build',
      'create table t (a int, b int); create index i on t (b)',
      'create index concurrently if not exists i on t (a);',
    ],
    [
      'a constraint behind a guard',
      'create table t (a int, constraint c check (a > 5))',
      `do $$ begin if not exists (select from pg_constraint where conname = 'c') then alter table t add constraint c check (a > 0); end if; end $$;`,
    ],
    [
      'a constraint behind a handler',
      'create table t (a int, constraint c check (a > 5))',
      `do $$ begin alter table t add constraint c check (a > 0); exception when duplicate_object then null; end $$;`,
    ],
  ])('a creation skipped by IF NOT EXISTS over %s failed', async (_, before, sql) => {
    await withDatabase({ major }, async (database) => {
      await database.query(before)
      const result = await deployFiles(database, { files: { '1_a': sql } })
      expect(endingOf(result)).toMatch(/^(failed|rolled-back) 1: .*expected/)
      expect(result.report.error?.where).toMatchObject({ file: 'migrations/1_a.sql', line: 1 })
    })
  })

  test.each([
    ['a column', 'create table t (a integer)', 'alter table t add column if not exists a int;'],
    [
      'an index',
      'create table t (a int); create index i on t (a)',
      'create index if not exists i on t (a);',
    ],
    ['a table', 'create table t (a int, b text)', 'create table if not exists t (a int, b text);'],
    [
      'a constraint behind a guard',
      'create table t (a int, constraint c check (a > 0))',
      `do $$ begin if not exists (select from pg_constraint where conname = 'c') then alter table t add constraint c check (a > 0); end if; end $$;`,
    ],
  ])(
    'a creation skipped by IF NOT EXISTS over the same %s is as good as made',
    async (_, before, sql) => {
      await withDatabase({ major }, async (database) => {
        await database.query(before)
        expect(endingOf(await deployFiles(database, { files: { '1_a': sql } }))).toBe('deployed 0')
      })
    },
  )

  test('an INVALID index left over behind IF NOT EXISTS is not taken for success: it is built again', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query('create table t (a int); insert into t values (1), (1)')
      await database.query('create unique index concurrently i on t (a)').catch(() => undefined)
      await database.query('delete from t')
      const result = await deployFiles(database, {
        files: { '1_a': 'create unique index concurrently if not exists i on t (a);' },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(
        await database.query(`select indisvalid from pg_index where indexrelid = 'i'::regclass`),
      ).toEqual([{ indisvalid: true }])
    })
  })

  test('unnamed constraints and indexes are matched by what they are', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(
        'create table p (id int primary key); create table t (a int, b int, pid int)',
      )
      const result = await deployFiles(database, {
        files: {
          '1_a':
            'alter table t add unique (a), add check (b > 0), add foreign key (pid) references p; create index on t (b);',
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      const outcomes = result.migration.verification
        .map(({ kind, outcome }) => `${kind} ${outcome}`)
        .sort()
      expect(outcomes).toEqual([
        'constraint passed',
        'constraint passed',
        'constraint passed',
        'index passed',
      ])
    })
  })

  test('what is dropped must be gone, and a script that lies fails in its own transaction', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(`create table t (a int, b int); create index i on t (a);
        create function keep() returns event_trigger language plpgsql as $$ begin
          if tg_tag = 'DROP INDEX' then create index i on t (b); end if; end $$;
        create event trigger keep on ddl_command_end when tag in ('DROP INDEX') execute function keep()`)
      const result = await deployFiles(database, { files: { '1_a': 'drop index i;' } })
      expect(endingOf(result)).toMatch(/^failed 1: index i.*: expected /)
      expect(result.migration.rollback).toMatchObject({ by: 'transaction', outcome: 'restored' })
    })
  })

  test('the net effect of the whole file counts', async () => {
    await withDatabase({ major }, async (database) => {
      const result = await deployFiles(database, {
        files: {
          '1_a': `create table t (a int); create index i on t (a); commit; drop index i; alter table t rename column a to b; alter table t rename to u;`,
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(verificationOf(result, 'u')).toMatchObject({ outcome: 'passed' })
      expect(verificationOf(result, 't')).toMatchObject({ expected: 'absent', outcome: 'passed' })
      expect(verificationOf(result, 'i')).toMatchObject({ expected: 'absent', outcome: 'passed' })
    })
  })

  test('a trigger, a constraint NOT VALID and a column stand as the script leaves them', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(
        `create table t (a int); create function f() returns trigger language plpgsql as $$ begin return new; end $$`,
      )
      const result = await deployFiles(database, {
        files: {
          '1_a': `create trigger g before insert on t for each row execute function f(); alter table t disable trigger g;
            alter table t add constraint c check (a > 0) not valid; alter table t add column d text not null default 'x';`,
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(verificationOf(result, 'c')).toMatchObject({
        outcome: 'passed',
        actual: expect.stringMatching(/NOT VALID/i),
      })
      expect(verificationOf(result, 'g')).toMatchObject({
        outcome: 'passed',
        actual: expect.stringContaining('disabled'),
      })
    })
  })

  test('an identifier may be anything', async () => {
    await withDatabase({ major }, async (database) => {
      const result = await deployFiles(database, {
        files: {
          '1_a': `create schema "a.b ""c"""; create table "a.b ""c"""."T é '%s' select" ("key" int primary key, "x y" int);
            create index concurrently "i;--" on "a.b ""c"""."T é '%s' select" ("x y");
            insert into "a.b ""c"""."T é '%s' select" values (1, 2);`,
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      const again = await runEngine(database, 'verify', {
        files: {
          '1_a': `create schema "a.b ""c"""; create table "a.b ""c"""."T é '%s' select" ("key" int primary key, "x y" int);
            create index concurrently "i;--" on "a.b ""c"""."T é '%s' select" ("x y");
            insert into "a.b ""c"""."T é '%s' select" values (1, 2);`,
        },
      })
      expect(endingOf(again)).toBe('verified 0')
    })
  })

  describe('what a later migration changes', () => {
    const made = `create table users (id int primary key);
      create table public.orders (user_id int references users, email text unique, a int check (a > 0));
      create index on public.orders (a); create index by_email on public.orders (email);`

    test.each([
      ['a foreign key', 'alter table orders drop constraint orders_user_id_fkey;'],
      ['a unique constraint', 'alter table public.orders drop constraint orders_email_key;'],
      ['a check', 'alter table orders drop constraint orders_a_check;'],
      ['an index', 'drop index orders_a_idx;'],
      [
        'a constraint that was renamed',
        'alter index orders_email_key rename to k; alter table orders drop constraint k;',
      ],
      [
        'a constraint that comes back',
        'alter table orders drop constraint orders_email_key; alter table orders add unique (email);',
      ],
      ['a column', 'alter table orders drop column email;'],
      ['the name of a column', 'alter table orders rename column email to mail;'],
      ['the name of a table', 'alter table orders rename to purchases;'],
      ['the name of a target', 'alter table public.users rename to people;'],
      ['a table', 'drop table orders;'],
    ])(
      'under a name that no file or another spelling gives it is not missed: %s',
      async (_, sql) => {
        await withDatabase({ major }, async (database) => {
          const files = { '1_made': made, '2_changed': sql }
          expect(endingOf(await deployFiles(database, { files }))).toBe('deployed 0')
          const innocent = { ...files, '3_innocent': 'create table other (id int);' }
          expect(endingOf(await deployFiles(database, { files: innocent }))).toBe('deployed 0')
          expect(endingOf(await runEngine(database, 'verify', { files: innocent }))).toBe(
            'verified 0',
          )
        })
      },
    )
  })

  describe('the command verify', () => {
    const files = {
      '1_a':
        'create table t (a int); create index i on t (a); alter table t add constraint c check (a > 0);',
      '2_b': 'drop index i; alter table t add column b int; create view v as select a from t;',
      '3_c':
        'alter table t rename column b to b2; create or replace view v as select a, b2 from t;',
      'verify/1_a_verify': '-- There are no rows\nselect count(*) as n from t;\n-- expect: n = 0',
    }

    test('judges the net effect of all applied migrations: a later one may drop what an earlier one made', async () => {
      await withDatabase({ major }, async (database) => {
        expect(endingOf(await deployFiles(database, { files }))).toBe('deployed 0')
        const result = await runEngine(database, 'verify', { files })
        expect(endingOf(result)).toBe('verified 0')
        expect(verificationOf(result, 'c')).toMatchObject({ outcome: 'passed' })
      })
    })

    test.each([
      ['alter table t drop constraint c', /constraint c/],
      ['alter table t drop column b2 cascade', /(column b2|view v)/],
      ['create index i on t (a)', /index i/],
      ['insert into t values (1)', /n|query/],
    ])('fails after %s, and changes nothing', async (sql, message) => {
      await withDatabase({ major }, async (database) => {
        await deployFiles(database, { files })
        await database.query(sql)
        const rows = await database.query('select count(*)::int from airlock.runs')
        const result = await runEngine(database, 'verify', { files })
        expect(endingOf(result)).toMatch(/^failed 1/)
        expect(errorOf(result).message).toMatch(message)
        expect(await database.query('select count(*)::int from airlock.runs')).toEqual(rows)
      })
    })
  })
})

const newest = servers().at(-1)

// Syntax of PostgreSQL 18.
const testOn18 = newest !== undefined && newest.major >= 18 ? test : test.skip

testOn18(
  'a NOT NULL with a name makes its column NOT NULL, NOT VALID only once it is validated',
  async () => {
    for (const statements of [
      'alter table t add a int; alter table t add constraint n not null a;',
      'alter table t add a int; alter table t add constraint n not null a not valid; alter table t validate constraint n;',
      'alter table t add a int; alter table t add constraint n not null a not valid;',
    ]) {
      await withDatabase({}, async (database) => {
        await database.query('create table t (id int)')
        const result = await deployFiles(database, { files: { '1_a': statements } })
        expect([statements, endingOf(result)]).toEqual([statements, 'deployed 0'])
        const valid = !statements.includes('not valid;') || statements.includes('validate')
        const column = result.migration.verification.find(({ object }) => object === 'a')
        expect([column?.outcome, /not null/i.test(column?.expected ?? '')]).toEqual([
          'passed',
          valid,
        ])
      })
    }
  },
)
