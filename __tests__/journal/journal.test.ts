import { describe, expect, test } from '@jest/globals'
import { storableJson, toldJson } from '../../src/journal/storable.ts'
import { createDatabase, oldestAndNewest, server, withDatabase } from '../support/database.ts'
import { deployFiles, endingOf, runEngine } from '../support/engine.ts'

describe.each(oldestAndNewest())('PostgreSQL $major: the journal', ({ major }) => {
  test('every table and column of it has a comment', async () => {
    await withDatabase({ major }, async (database) => {
      await deployFiles(database, { files: { '1_a': 'create table a (id int);' } })
      const bare = await database.query(
        `select c.relname, a.attname from pg_class c join pg_namespace n on n.oid = c.relnamespace
         left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where n.nspname = 'airlock' and c.relkind = 'r'
           and (col_description(c.oid, a.attnum) is null or obj_description(c.oid) is null)`,
      )
      expect(bare).toEqual([])
    })
  })

  test('it tells who, what, when, how many rows, and each failure with its place', async () => {
    await withDatabase({ major }, async (database) => {
      await deployFiles(database, {
        files: {
          '1_a': 'create table a (id int); insert into a values (1), (2);',
          '2_b': 'create table b (id int);\nselect 1/0;',
        },
      })
      expect(
        await database.query(
          `select command, outcome, actor, ended_at >= started_at as ended, error ->> 'sqlstate' as code, epoch::int from airlock.runs`,
        ),
      ).toEqual([
        {
          command: 'deploy',
          outcome: 'failed',
          actor: 'tester',
          ended: true,
          code: '22012',
          epoch: 1,
        },
      ])
      expect(
        await database.query(
          `select version, name, file, state, statement_count as statements, row_effects -> 0 ->> 'inserted' as inserted, error -> 'where' ->> 'line' as line
           from airlock.migrations order by id`,
        ),
      ).toEqual([
        {
          version: '1',
          name: 'a',
          file: 'migrations/1_a.sql',
          state: 'verified',
          statements: 2,
          inserted: '2',
          line: null,
        },
        {
          version: '2',
          name: 'b',
          file: 'migrations/2_b.sql',
          state: 'failed',
          statements: 2,
          inserted: null,
          line: '2',
        },
      ])
    })
  })

  test('one of an earlier version is brought up to date, its rows kept', async () => {
    await withDatabase({ major }, async (database) => {
      await deployFiles(database, { files: { '1_a': 'create table a (id int);' } })
      await database.query(
        `alter table airlock.runs drop column backup, drop column restore_point, drop column baseline, drop column checks,
           drop column criteria, drop column plan_digest, drop column approved_by;
         delete from airlock.journal_version where version > 1`,
      )
      const result = await deployFiles(database, {
        files: { '1_a': 'create table a (id int);', '2_b': 'select 1;' },
        gates: { backup: { none: 'a test' } },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(
        await database.query(
          `select backup ->> 'reason' as reason, jsonb_typeof(checks) as checks from airlock.runs order by started_at`,
        ),
      ).toEqual([
        { reason: null, checks: null },
        { reason: 'a test', checks: 'array' },
      ])
      expect(await database.query('select max(version) as v from airlock.journal_version')).toEqual(
        [{ v: 2 }],
      )
    })
  })

  test('a run that is refused leaves no journal', async () => {
    await withDatabase({ major }, async (database) => {
      for (const files of [
        { '1_a': 'begin; select 1;' },
        { '1_a': '-- airlock: disabled\n\nselect 1;' },
      ]) {
        await deployFiles(database, { files })
        expect(await database.query(`select to_regnamespace('airlock') is null as none`)).toEqual([
          { none: true },
        ])
      }
      await runEngine(database, 'plan', { files: { '1_a': 'create table a (id int);' } })
      expect(await database.query(`select to_regnamespace('airlock') is null as none`)).toEqual([
        { none: true },
      ])
    })
  })

  test('no version can be applied twice, whatever comes between', async () => {
    await withDatabase({ major }, async (database) => {
      await deployFiles(database, { files: { '1_a': 'create table a (id int);' } })
      await expect(
        database.query(`insert into airlock.migrations (run_id, version, name, file, checksum, state, step_count, statement_count)
          select id, '1', 'x', 'x', 'x', 'running', 1, 1 from airlock.runs`),
      ).rejects.toThrow('migrations_current')
    })
  })

  test('a new run ends, on paper, those that were left without an end, and raises their epoch', async () => {
    await withDatabase({ major }, async (database) => {
      await deployFiles(database, { files: { '1_a': 'create table a (id int);' } })
      await database.query('update airlock.runs set outcome = null, ended_at = null')
      const result = await deployFiles(database, {
        files: { '1_a': 'create table a (id int);', '2_b': 'select 1;' },
      })
      expect(endingOf(result)).toBe('deployed 0')
      expect(
        await database.query('select outcome, epoch::int from airlock.runs order by started_at'),
      ).toEqual([
        { outcome: 'abandoned', epoch: 2 },
        { outcome: 'deployed', epoch: 3 },
      ])
    })
  })

  test('a role that may do nothing but the migrations’ work writes it, under settings of any kind', async () => {
    const database = await createDatabase({ major })
    try {
      const role = `deployer_${major}_${process.pid}`
      await database.query(`create role "${role}" login password 'secret' createdb; grant create on database "${database.name}" to "${role}"; grant create on schema public to "${role}";
        alter role "${role}" set default_transaction_read_only = on; alter role "${role}" set search_path = nowhere;
        alter role "${role}" set default_transaction_isolation = 'serializable'; alter role "${role}" set synchronous_commit = off`)
      const url = new URL(database.url)
      url.username = role
      url.password = 'secret'
      const result = await deployFiles(database, {
        url: url.href,
        // The role's default_transaction_read_only would be refused before.
        gates: { preflight: { checks: { 'server.primary': 'off' } } },
        files: { '1_a': 'set transaction read write; create table public.a (id int);' },
      })
      expect(endingOf(result)).toBe('deployed 0')
      await database.query(`drop owned by "${role}" cascade; drop role "${role}"`)
    } finally {
      await database.drop()
    }
  })

  test('a database in LATIN1 takes what is told in it', async () => {
    const name = `latin_${process.pid}_${major}`
    const admin = await createDatabase({ major })
    try {
      await admin.query(
        `create database ${name} template template0 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'`,
      )
      const url = new URL(admin.url)
      url.pathname = `/${name}`
      const result = await deployFiles(
        { url: url.href },
        { files: { '1_a': 'create table "é" (id int);' } },
      )
      expect(endingOf(result)).toBe('deployed 0')
      const encoding = result.report.checks.find(({ id }) => id === 'server.encoding')
      expect(encoding?.outcome).toBe('warned')
    } finally {
      await admin.query(`drop database if exists ${name} with (force)`)
      await admin.drop()
    }
  })

  test('half a character and a NUL in what is told keep nobody from storing it', async () => {
    await withDatabase({ major }, async (database) => {
      for (const written of [storableJson, toldJson]) {
        const [row] = await database.query<{ stored: unknown }>('select $1::jsonb as stored', [
          written({ text: 'cut \ud83d', code: 'a\0b', kept: 'ü 😀' }),
        ])
        expect(row?.stored).toEqual({ text: 'cut \ufffd', code: 'a\ufffdb', kept: 'ü 😀' })
      }
      expect(JSON.parse(toldJson(['it’s “so” …']))).toEqual([`it's "so" ...`])
    })
  })

  test('the password is in none of its rows', async () => {
    await withDatabase({ major }, async (database) => {
      await deployFiles(database, { files: { '1_a': 'create table a (id int);\nselect 1/0;' } })
      const [row] = await database.query<{ text: string }>(
        `select (select json_agg(r)::text from airlock.runs r) || (select json_agg(m)::text from airlock.migrations m) as text`,
      )
      expect(row?.text).not.toContain(server(major).password)
    })
  })
})
