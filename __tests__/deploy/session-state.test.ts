import { describe, expect, test } from '@jest/globals'
import { oldestAndNewest, withDatabase } from '../support/database.ts'
import { deployFiles, endingOf, errorOf } from '../support/engine.ts'

const journaled = `select version, state from airlock.migrations order by version::numeric`

/** What the session has, as the migration that runs there sees it. */
const remember = `insert into seen select '$', name, setting from pg_settings
  where name in ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout', 'search_path', 'role',
                 'default_transaction_read_only', 'standard_conforming_strings', 'row_security', 'DateStyle');`
const seenTable = 'create table seen (version text, name text, setting text);'

const changes = {
  'SET ROLE': 'grant all on schema public to helper; set role helper; create table mine (a int);',
  'SET SESSION AUTHORIZATION':
    'grant all on schema public to helper; set session authorization helper; create table mine (a int);',
  'SET search_path': 'create schema other; set search_path = other; create table mine (a int);',
  'SET default_transaction_read_only':
    'create table mine (a int); set default_transaction_read_only = on;',
  'SET SESSION CHARACTERISTICS':
    'create table mine (a int); set session characteristics as transaction read only;',
  'SET DateStyle': `create table mine (a int); set datestyle = 'German'; set row_security = off; set idle_in_transaction_session_timeout = '7s';`,
  'RESET ALL': 'set search_path = public; create table mine (a int); reset all;',
  'DISCARD ALL': 'create table mine (a int); discard all; create table mine2 (a int);',
} as const

describe.each(oldestAndNewest())(
  'PostgreSQL $major: state that a migration leaves in its session',
  ({ major }) => {
    test.each(Object.entries(changes))(
      '%s: the journal row is written, what follows is not affected, timeouts hold [trap: search-path-leak]',
      async (_, sql) => {
        await withDatabase({ major }, async (database) => {
          await database.query(
            `do $$ begin create role helper; exception when duplicate_object then null; end $$`,
          )
          const result = await deployFiles(database, {
            files: {
              '1_first': `${seenTable} ${remember.replace('$', '1')}`,
              '2_changes': sql,
              '3_after': `create table after_it (a int); ${remember.replace('$', '3')}`,
            },
          })
          expect(endingOf(result)).toBe('deployed 0')
          expect(await database.query(journaled)).toEqual([
            { version: '1', state: 'verified' },
            { version: '2', state: 'verified' },
            { version: '3', state: 'verified' },
          ])
          const differing = await database.query(
            `select name, a.setting, b.setting as after from seen a join seen b using (name)
           where a.version = '1' and b.version = '3' and a.setting is distinct from b.setting`,
          )
          expect(differing).toEqual([])
          expect(
            await database.query(`select to_regclass('public.after_it') is not null as there`),
          ).toEqual([{ there: true }])
          await database.query('drop owned by helper')
        })
      },
    )

    test.each(['reset all;', 'discard all;', 'reset role;'])(
      'never an attempt without a timeout: after %s the same file goes on under the timeouts of the run',
      async (reset) => {
        await withDatabase({ major }, async (database) => {
          const result = await deployFiles(database, {
            settings: { 'lock-timeout': '1234ms', 'statement-timeout': '61s' },
            files: {
              '1_reset': `create table seen (version text, name text, setting text); ${reset} ${remember.replace('$', '1')}`,
            },
          })
          expect(endingOf(result)).toBe('deployed 0')
          expect(
            await database.query(
              `select name, setting from seen where name in ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout') order by name`,
            ),
          ).toEqual([
            { name: 'idle_in_transaction_session_timeout', setting: '600000' },
            { name: 'lock_timeout', setting: '1234' },
            { name: 'statement_timeout', setting: '61000' },
          ])
        })
      },
    )

    test('without any setting every statement has a lock_timeout, in a transaction and outside, whatever the database has [trap: no-lock-timeout-by-default]', async () => {
      await withDatabase({ major }, async (database) => {
        await database.query(`alter database "${database.name}" set lock_timeout = '1h'`)
        const result = await deployFiles(database, {
          files: {
            '1_inside': `${seenTable} ${remember.replace('$', '1')}`,
            '2_outside': `-- airlock: transaction=off\n\n${remember.replace('$', '2')}`,
          },
        })
        expect(endingOf(result)).toBe('deployed 0')
        expect(
          await database.query(
            `select version, setting::int between 1 and 2000 as bounded from seen where name = 'lock_timeout' order by version`,
          ),
        ).toEqual([
          { version: '1', bounded: true },
          { version: '2', bounded: true },
        ])
      })
    })

    test('a DISCARD ALL or RESET ALL does not take the role of the run away', async () => {
      await withDatabase({ major }, async (database) => {
        await database.query(
          `do $$ begin create role deployer; exception when duplicate_object then null; end $$; grant create on schema public to deployer`,
        )
        const result = await deployFiles(database, {
          settings: { role: 'deployer' },
          files: {
            '1_discard': 'discard all; create table a (id int);',
            '2_reset': 'reset all; create table b (id int);',
          },
        })
        expect(endingOf(result)).toBe('deployed 0')
        expect(
          await database.query(
            `select tableowner::text as owner from pg_tables where schemaname = 'public'`,
          ),
        ).toEqual([{ owner: 'deployer' }, { owner: 'deployer' }])
        await database.query('drop owned by deployer')
      })
    })

    test('timeouts set by a file hold for that file only, in its later steps too', async () => {
      await withDatabase({ major }, async (database) => {
        await database.query(
          `${seenTable} create table t (id int primary key, a int not null, b int); insert into t select g, g from generate_series(1, 30) g`,
        )
        const result = await deployFiles(database, {
          settings: { 'lock-timeout': '1500ms', 'statement-timeout': '62s' },
          files: {
            '1_sets': `set lock_timeout = '777ms'; ${remember.replace('$', '1')}
            alter table t add constraint c check (a > 0) not valid;
            alter table t validate constraint c;
            ${remember.replace('$', '1b')}
            create index concurrently i on t (a);
            ${remember.replace('$', '1c')}
            -- airlock: batch key=id todo="b is null" size=10
            update t set b = extract(milliseconds from current_setting('lock_timeout')::interval) where id > $1 and id <= $2;`.replaceAll(
              '$$',
              '$',
            ),
            '2_after': remember.replace('$', '2'),
          },
        })
        expect(endingOf(result)).toBe('deployed 0')
        expect(
          await database.query(
            `select version, setting from seen where name = 'lock_timeout' order by version`,
          ),
        ).toEqual([
          { version: '1', setting: '777' },
          { version: '1b', setting: '777' },
          { version: '1c', setting: '777' },
          { version: '2', setting: '1500' },
        ])
        expect(await database.query('select distinct b from t')).toEqual([{ b: 777 }])
      })
    })

    test('timeouts are read back from the server and reported', async () => {
      await withDatabase({ major }, async (database) => {
        const { report } = await deployFiles(database, {
          settings: { 'lock-timeout': '1500ms', 'statement-timeout': '62s' },
          files: { '1_a': 'create table a (id int);' },
        })
        const named = Object.fromEntries(
          report.session.map(({ name, set, readBack }) => [name, { set, readBack }]),
        )
        expect(named).toMatchObject({
          lock_timeout: { set: '1500ms', readBack: '1500ms' },
          statement_timeout: { set: '62000ms', readBack: '62s' },
          idle_in_transaction_session_timeout: { set: '600000ms', readBack: '10min' },
        })
      })
    })

    test('concurrent-timeout replaces both timeouts for CONCURRENTLY and VALIDATE, and only for them', async () => {
      await withDatabase({ major }, async (database) => {
        await database.query(`create table t (a int); insert into t select g from generate_series(1, 3) g;
        create table seen (what text, lock_timeout text, statement_timeout text);
        create function look(what text, value int) returns int language plpgsql immutable as $$
          begin perform pg_notify('looked', what || ' ' || current_setting('lock_timeout') || ' ' || current_setting('statement_timeout')); return value; end $$`)
        const client = await database.connect()
        const looked = new Set<string>()
        client.on('notification', ({ payload }) => looked.add(payload ?? ''))
        await client.query('listen looked')
        const result = await deployFiles(database, {
          settings: {
            'lock-timeout': '1500ms',
            'statement-timeout': '62s',
            'concurrent-timeout': '17min',
          },
          // The precheck would look too.
          gates: { preflight: { checks: { 'data.check': 'off' } } },
          files: {
            '1_a': `alter table t add constraint short check (look('add', a) > 0);
            alter table t add constraint long check (look('later', a) > 0) not valid;
            alter table t validate constraint long;
            create index concurrently i on t (look('build', a));
            select look('after', 1);`,
          },
        })
        expect(endingOf(result)).toBe('deployed 0')
        await client.query('select 1')
        expect([...looked].sort()).toEqual([
          'add 1500ms 62s',
          'after 1500ms 62s',
          'build 17min 17min',
          'later 17min 17min',
        ])
      })
    })

    test('standard_conforming_strings = off is refused: strings could not be read with certainty', async () => {
      await withDatabase({ major }, async (database) => {
        const result = await deployFiles(database, {
          files: { '1_a': 'create table a (id int);\nset standard_conforming_strings = off;' },
        })
        expect(endingOf(result)).toBe('refused 2: standard_conforming_strings is changed')
      })
    })

    test('a timeout of 0 is refused before anything connects', async () => {
      await withDatabase({ major }, async (database) => {
        const result = await deployFiles(database, {
          files: { '1_a': 'create table a (id int);\nset lock_timeout = 0;' },
        })
        expect(endingOf(result)).toBe('refused 2: lock_timeout is set to 0')
        expect(errorOf(result).where).toEqual({ file: 'migrations/1_a.sql', line: 2, column: 1 })
      })
    })

    test('timeouts that a function takes away inside a migration come back before the next statement', async () => {
      await withDatabase({ major }, async (database) => {
        const result = await deployFiles(database, {
          settings: { 'lock-timeout': '1234ms', 'statement-timeout': '61s' },
          files: {
            '1_a': `${seenTable}
            do $x$ begin execute 'set lock_timeout = 0'; perform set_config('statement_timeout', '0', false); end $x$;
            ${remember.replace('$', '1')}`,
          },
        })
        expect(endingOf(result)).toBe('deployed 0')
        expect(
          await database.query(
            `select name, setting from seen where name in ('lock_timeout', 'statement_timeout') order by name`,
          ),
        ).toEqual([
          { name: 'lock_timeout', setting: '1234' },
          { name: 'statement_timeout', setting: '61000' },
        ])
      })
    })

    test('a lock that is not given within lock-timeout gives way with the place and what to do', async () => {
      await withDatabase({ major }, async (database) => {
        await database.query('create table t (a int)')
        const other = await database.connect()
        await other.query('begin; lock table t in access share mode')
        const result = await deployFiles(database, {
          settings: { 'lock-timeout': '200ms', 'retry-timeout': '10ms' },
          files: { '1_a': 'create table b (id int);\nalter table t add column c int;' },
        })
        await other.query('rollback')
        expect(endingOf(result)).toMatch(
          // Whoever looks first: the observer, or, on a busy machine, the server.
          /^failed 1: (Gave up after waiting for locks for [\d.]+ m?s in all|canceling statement due to lock timeout)/,
        )
        expect(errorOf(result)).toMatchObject({
          sqlstate: '55P03',
          where: { file: 'migrations/1_a.sql', line: 2 },
          fix: expect.stringContaining('lock_timeout'),
        })
        expect(await database.query(`select to_regclass('b') is null as gone`)).toEqual([
          { gone: true },
        ])
      })
    })
  },
)

const ended = {
  ROLLBACK: 'begin;\nselect 1;\nrollback;',
  'ROLLBACK after a SET': "begin;\nset lock_timeout = '9s';\nselect 1;\nrollback;",
  'COMMIT of BEGIN READ ONLY': 'begin read only;\nselect 1;\ncommit;',
} as const

test.each(Object.entries(ended))(
  'timeouts that were sent along with a transaction of the file’s own are sent again after its %s',
  async (_, transaction) => {
    await withDatabase({}, async (database) => {
      await database.query('create table t (id int); create table seen (name text, setting text)')
      const result = await deployFiles(database, {
        settings: { 'lock-timeout': '3s', 'statement-timeout': '4s' },
        files: {
          '1_a': `create index concurrently i on t (id);\n${transaction}\ninsert into seen select name, setting from pg_settings where name in ('lock_timeout', 'statement_timeout');`,
        },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(await database.query('select * from seen order by 1')).toEqual([
        { name: 'lock_timeout', setting: '3000' },
        { name: 'statement_timeout', setting: '4000' },
      ])
    })
  },
)

test('what a transaction that is READ ONLY has SET holds after it, as its COMMIT says', async () => {
  await withDatabase({}, async (database) => {
    await database.query('create table seen (setting text)')
    const result = await deployFiles(database, {
      files: {
        '1_a': `begin read only;\nset my.flag = 'on';\ncommit;\ninsert into seen select current_setting('my.flag', true);`,
      },
    })
    expect(endingOf(result)).toBe('deployed 0')
    expect(await database.query('select * from seen')).toEqual([{ setting: 'on' }])
  })
})

test('what a transaction that the file rolls back has SET is not repeated by a rerun', async () => {
  await withDatabase({}, async (database) => {
    await database.query('create table t (id int); create table seen (setting text)')
    const files = {
      '1_a': `begin;\nset my.flag = 'on';\nselect 1;\nrollback;\nalter table t add column c int;\ncommit;\ninsert into seen select coalesce(current_setting('my.flag', true), '') where 1 / (select count(*) from t) = 1;`,
    }
    const settings = { 'on-failure': 'stop' }
    expect(endingOf(await deployFiles(database, { files, settings }))).toMatch(/^needs-attention 3/)
    await database.query('insert into t values (1)')
    expect(endingOf(await deployFiles(database, { files, settings }))).toBe('deployed 0')
    expect(await database.query('select * from seen')).toEqual([{ setting: '' }])
  })
})
