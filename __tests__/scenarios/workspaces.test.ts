import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createDatabase, server, type TestDatabase } from '../support/database.ts'
import { runAction, runCli } from '../support/program.ts'
import { recipeWorkspace, type Workspace, workspaceOf } from '../support/workspace.ts'
import { readCatalog } from './catalog.ts'

let database: TestDatabase
let workspace: Workspace

beforeEach(async () => {
  database = await createDatabase()
})
afterEach(async () => {
  workspace.dispose()
  await database.drop()
})

const one = { 'migrations/1_a.sql': 'create table a (id int);\n' }
const tables = async () =>
  (
    await database.query<{ name: string }>(
      `select oid::regclass::text as name from pg_class where relkind in ('r', 'p') and relnamespace::regnamespace::text !~ '^(pg_|information_schema|airlock)' order by 1`,
    )
  ).map(({ name }) => name)
const deploy = (inputs: Readonly<Record<string, string>> = {}) =>
  runAction({ 'database-url': database.url, ...inputs }, { cwd: workspace.folder })
const cli = (args: readonly string[]) =>
  runCli(args, { cwd: workspace.folder, env: { DATABASE_URL: database.url } })

describe('where the database comes from', () => {
  test('PG* variables alone', async () => {
    workspace = workspaceOf(one)
    const { host, port, user, password } = server()
    const run = await runCli(['deploy'], {
      cwd: workspace.folder,
      env: {
        PGHOST: host,
        PGPORT: String(port),
        PGUSER: user,
        PGPASSWORD: password,
        PGDATABASE: database.name,
      },
    })
    expect(run).toMatchObject({ code: 0, stderr: '' })
    expect(await tables()).toEqual(['a'])
  })

  test('a target of airlock.yml, whose settings win over the file, and a flag over both', async () => {
    workspace = workspaceOf({
      'db/changes/1_a.sql':
        'create table a as select current_setting($$lock_timeout$$) as l, current_setting($$statement_timeout$$) as s;\n',
      'airlock.yml': `migrations: db/changes
lock-timeout: 7s
statement-timeout: 70s
targets:
  staging:
    database-url: \${STAGING_URL}
    lock-timeout: 3s
  production:
    database-url: \${PRODUCTION_URL}
`,
    })
    const run = await runAction(
      { target: 'staging', 'statement-timeout': '50s' },
      { cwd: workspace.folder, env: { STAGING_URL: database.url } },
    )
    expect({ code: run.code, error: run.report.error }).toEqual({ code: 0, error: null })
    expect(await database.query('select l, s from a')).toEqual([{ l: '3s', s: '50s' }])
    expect(run.report.target).toMatchObject({ name: 'staging', database: database.name })
    expect(run.summary).toContain('staging')
  })

  test('another working directory, with paths to folder, report and summary', async () => {
    workspace = workspaceOf({ 'services/api/db/1_a.sql': 'create table a (id int);\n' })
    mkdirSync(join(workspace.folder, 'elsewhere'))
    const run = await runCli(['deploy', '--migrations', '../services/api/db'], {
      cwd: join(workspace.folder, 'elsewhere'),
      env: { DATABASE_URL: database.url },
    })
    expect(run).toMatchObject({ code: 0 })
    expect(await tables()).toEqual(['a'])
  })

  test('a role: it owns what the migrations create, and the journal is still written', async () => {
    const role = `owner "of" ${database.name}`
    const quoted = `"${role.replaceAll('"', '""')}"`
    await database.query(
      `create role ${quoted} nologin; grant create, usage on schema public to ${quoted}`,
    )
    workspace = workspaceOf({
      ...one,
      'migrations/2_b.sql': 'reset role; create table b (id int);\n',
      'migrations/3_c.sql': 'create index concurrently c on a (id);\n',
    })
    const run = await deploy({ role })
    expect({ code: run.code, error: run.report.error }).toEqual({ code: 0, error: null })
    const owners = await database.query(
      `select relname, pg_get_userbyid(relowner) = $1 as theirs from pg_class where relname in ('a', 'b', 'c') order by 1`,
      [role],
    )
    expect(owners).toEqual([
      { relname: 'a', theirs: true },
      { relname: 'b', theirs: false },
      { relname: 'c', theirs: true },
    ])
    expect(
      await database.query(`select count(*)::int from airlock.migrations where state = 'verified'`),
    ).toEqual([{ count: 3 }])
    await database.query(`drop owned by ${quoted} cascade; drop role ${quoted}`)
  })
})

describe('what files may hold', () => {
  test('hostile identifiers and schemas', async () => {
    workspace = workspaceOf({
      'migrations/1_a.sql': `create schema "se.lect";
create table "se.lect"."ta""b.le ü|\`" ("ord er" int primary key, "a.b" text constraint "c""h ü" check ("a.b" <> ''));
create function "se.lect"."f(x)"() returns trigger language plpgsql as $_$ begin return new; end $_$;
create trigger "tr""ig" before insert on "se.lect"."ta""b.le ü|\`" for each row execute function "se.lect"."f(x)"();
`,
      'migrations/2_b.sql': `set search_path = "se.lect";
create index concurrently "i.n""dex" on "ta""b.le ü|\`" ("a.b");
alter table "ta""b.le ü|\`" add column "user" text default 'x', add constraint "check" unique ("user");
`,
    })
    const before = await readCatalog(database)
    const run = await deploy()
    expect({ code: run.code, error: run.report.error }).toEqual({ code: 0, error: null })
    const verification = run.report.migrations.flatMap((migration) => migration.verification)
    expect(verification.length).toBeGreaterThan(5)
    expect(verification.filter(({ outcome }) => outcome !== 'passed')).toEqual([])
    expect(await cli(['verify'])).toMatchObject({ code: 0 })
    const undone = await deploy({ command: 'rollback', 'last-run': 'true' })
    expect({ code: undone.code, error: undone.report.error }).toEqual({ code: 0, error: null })
    expect(await readCatalog(database)).toEqual(before)
  })

  test('nothing but comments, nothing at all, a BOM, CRLF, restrict lines and COPY data [trap: restrict-lines-of-pg-dump] [trap: split-on-semicolon]', async () => {
    workspace = workspaceOf({
      'migrations/1_empty.sql': '',
      'migrations/2_comments.sql': '-- nothing yet\n/* really */\n',
      'migrations/3_bom.sql':
        "\ufeff-- Äpfel\r\ncreate table a (id int,\r\n  name text);\r\ncomment on table a is 'zwei\r\nZeilen';\r\n",
      'migrations/4_dump.sql': `\\restrict abcDEF123
copy a (id, name) from stdin;
1\tone; select 1/0;
2\t\\N
3\t-- $$ ' "
\\.

\\unrestrict abcDEF123
`,
    })
    const run = await deploy()
    expect({ code: run.code, error: run.report.error }).toEqual({ code: 0, error: null })
    for (const index of [0, 1]) {
      expect(run.report.migrations[index]).toMatchObject({
        outcome: 'applied',
        warnings: [{ severity: 'warning' }],
      })
    }
    expect(await database.query('select * from a order by id')).toEqual([
      { id: 1, name: 'one; select 1/0;' },
      { id: 2, name: null },
      { id: 3, name: `-- $$ ' "` },
    ])
    expect(run.report.migrations[3]?.rowEffects).toMatchObject([{ table: 'public.a', inserted: 3 }])
    expect(await database.query('select count(*)::int from airlock.migrations')).toEqual([
      { count: 4 },
    ])
    // The same files with other line endings are the same files.
    workspace.write(
      'migrations/3_bom.sql',
      "-- Äpfel\ncreate table a (id int,\n  name text);\ncomment on table a is 'zwei\nZeilen';\n",
    )
    expect((await deploy()).outputs.outcome).toBe('nothing-to-do')
  })

  test('disabled and waiting ones are listed with how and when they become ready', async () => {
    workspace = workspaceOf({
      ...one,
      'migrations/2_b.sql': '-- airlock: disabled\n\ndrop table a;\n',
      'migrations/3_c.sql': '-- airlock: after=1 soak=7d\n\ndrop table a;\n',
      'migrations/4_d.sql': '-- airlock: after=2 soak=1d\n\ndrop table a;\n',
    })
    for (const outcome of ['deployed', 'nothing-to-do']) {
      const run = await deploy()
      expect({ code: run.code, outcome: run.outputs.outcome }).toEqual({ code: 0, outcome })
      expect(run.report.migrations.slice(1).map((migration) => migration.outcome)).toEqual([
        'disabled',
        'waiting',
        'waiting',
      ])
    }
    const again = await deploy()
    const [, disabled, waiting] = again.report.migrations
    expect(disabled?.reason).toContain('remove `disabled`')
    expect(waiting?.reason).toMatch(/at \d{4}-\d\d-\d\dT/)
    expect(again.summary).toMatch(/disabled/)
    expect(again.summary).toMatch(/\d{4}-\d\d-\d\dT\d\d:\d\d/)
    await database.query(
      `update airlock.migrations set applied_at = applied_at - interval '8 days'`,
    )
    expect(JSON.parse((await deploy()).outputs.applied ?? '')).toEqual(['3'])
  })
})

describe('rollback', () => {
  const three = {
    ...one,
    'migrations/2_b.sql': 'create table b (id int);\n',
    'migrations/3_c.sql':
      'alter table a add column name text;\ncreate index concurrently a_name on a (name);\n',
  }

  test('of the last one, then back to a version; each proves where the catalog is', async () => {
    workspace = workspaceOf(three)
    const pictures = [await readCatalog(database)]
    for (const to of ['1', '2', '3']) {
      expect((await deploy({ to })).code).toBe(0)
      pictures.push(await readCatalog(database))
    }
    expect(await cli(['rollback'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/Rolled back/i),
    })
    expect(await readCatalog(database)).toEqual(pictures[2])
    expect((await deploy()).code).toBe(0)
    expect(await readCatalog(database)).toEqual(pictures[3])
    expect(await cli(['rollback', '--to', '1'])).toMatchObject({ code: 0 })
    expect(await readCatalog(database)).toEqual(pictures[1])
    expect((await deploy()).outputs.applied).toBe('["2","3"]')
  })

  test('of one alone: refused where a later one needs its objects, which are named; done where none does', async () => {
    workspace = workspaceOf(three)
    expect((await deploy()).code).toBe(0)
    const before = await readCatalog(database)
    const refused = await cli(['rollback', '--only', '1'])
    expect({ code: refused.code }).toEqual({ code: 1 })
    expect(refused.stdout).toMatch(/3 needs .*\ba\b/)
    expect(await readCatalog(database)).toEqual(before)
    expect(await cli(['rollback', '--only', '2'])).toMatchObject({ code: 0 })
    expect(await tables()).toEqual(['a'])
  })

  test('what would lose data waits for leave', async () => {
    workspace = workspaceOf(one)
    expect((await deploy()).code).toBe(0)
    await database.query('insert into a values (1)')
    const refused = await cli(['rollback'])
    expect({ code: refused.code }).toEqual({ code: 3 })
    expect(refused.stdout).toContain('allow-data-loss')
    expect(await tables()).toEqual(['a'])
    expect(await cli(['rollback', '--allow-data-loss'])).toMatchObject({ code: 0 })
    expect(await tables()).toEqual([])
  })
})

test('a lock that another session holds: given up after a few tries of lock-timeout each, the holder named, nothing left', async () => {
  workspace = workspaceOf({
    'migrations/1_a.sql': 'create table b (id int);\nalter table a add column name text;\n',
  })
  await database.query('create table a (id int)')
  const before = await readCatalog(database)
  const holder = await database.connect('nightly report')
  await holder.query('begin; select * from a')
  const run = await deploy({ 'lock-timeout': '700ms', 'retry-timeout': '3s' })
  await holder.query('rollback')
  expect({ code: run.code, outcome: run.outputs.outcome }).toEqual({ code: 1, outcome: 'failed' })
  expect(run.report.error).toMatchObject({
    sqlstate: '55P03',
    where: { file: 'migrations/1_a.sql', line: 2 },
  })
  expect(JSON.stringify(run.report.error)).toContain('nightly report')
  expect(run.report.migrations[0]?.durationMs).toBeGreaterThanOrEqual(650)
  expect(run.report.migrations[0]?.durationMs).toBeLessThan(15_000)
  expect(await readCatalog(database)).toEqual(before)
  expect((await deploy({ 'lock-timeout': '700ms' })).outputs.outcome).toBe('deployed')
})

test('the example without airlock.yml, from a checkout at another place', async () => {
  workspace = recipeWorkspace()
  const recipe = await createDatabase({ template: 'recipe' })
  try {
    const run = await runCli(['deploy'], {
      cwd: workspace.folder,
      env: { DATABASE_URL: recipe.url },
    })
    expect(run).toMatchObject({ code: 0, stderr: '' })
  } finally {
    await recipe.drop()
  }
})
