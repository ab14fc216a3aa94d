import { execFile } from 'node:child_process'
import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createDatabase, server, type TestDatabase } from '../support/database.ts'
import { type ProgramOptions, runAction, runCli } from '../support/program.ts'
import { type Workspace, workspaceOf } from '../support/workspace.ts'

const ps = promisify(execFile)

// Every character that a URL, a regular expression, a shell or a connection string could take amiss.
const password = `s3cr:t/p@ss w%rd?#&'"\\$(x)[ü]`
const role = 'airlock_secret'
const forms = [password, encodeURIComponent(password), password.replaceAll("'", "''")]

describe('the password in the URL appears nowhere', () => {
  let database: TestDatabase
  let url: string
  let workspace: Workspace

  beforeAll(async () => {
    database = await createDatabase()
    await database.query(
      `create role ${role} superuser login password '${password.replaceAll("'", "''")}'`,
    )
    const { host, port } = server()
    url = `postgresql://${role}:${encodeURIComponent(password)}@${host}:${port}/${database.name}?application_name=x`
    workspace = workspaceOf({
      'migrations/1_slow.sql': 'create table slow (id int); select pg_sleep(1);',
    })
  })
  afterAll(async () => {
    workspace.dispose()
    await database.query(`drop owned by ${role} cascade; drop role ${role}`)
    await database.drop()
  })

  /** Runs with `ps` being asked all the time from the first line printed on; every text that the run leaves behind. */
  async function traces(
    run: (options: ProgramOptions) => Promise<{ stdout: string; stderr: string }>,
    from: 'start' | 'first line',
  ) {
    let sampling = from === 'start'
    let running = true
    const sampled: string[] = []
    const options: ProgramOptions = {
      cwd: workspace.folder,
      started: (child) => {
        child.stdout?.once('data', () => {
          sampling = true
        })
      },
    }
    const ending = run(options).finally(() => {
      running = false
    })
    while (running) {
      if (sampling) sampled.push((await ps('ps', ['-eo', 'args'])).stdout)
      await new Promise((resolve) => setTimeout(resolve, 40))
    }
    const result = await ending
    const journal = await database.query(
      `select jsonb_build_array((select jsonb_agg(to_jsonb(r)) from airlock.runs r), (select jsonb_agg(to_jsonb(m)) from airlock.migrations m),
              (select jsonb_agg(to_jsonb(s)) from airlock.steps s))::text as text`,
    )
    expect(sampled.length).toBeGreaterThan(2)
    return { result, ps: sampled.join('\n'), journal: String(journal[0]?.text) }
  }

  function expectNoSecret(texts: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(texts)) {
      const text = String(value)
      for (const form of [...forms, url]) {
        const inJson = JSON.stringify(form).slice(1, -1)
        expect({ name, found: text.includes(form) || text.includes(inJson) ? text : null }).toEqual(
          { name, found: null },
        )
      }
    }
  }

  test('of the action, which asks the runner to mask it first', async () => {
    const { result, ...found } = await traces(
      (options) => runAction({ 'database-url': url }, options),
      'start',
    )
    const run = result as Awaited<ReturnType<typeof runAction>>
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' })
    const shown = run.stdout.replace(/^::add-mask::.*$/gm, '')
    expect(run.stdout).toContain('::add-mask::')
    expectNoSecret({
      ...found,
      stdout: shown,
      summary: run.summary,
      report: JSON.stringify(run.report),
      outputs: JSON.stringify(run.outputs),
    })
  })

  test('of the command line with DATABASE_URL', async () => {
    workspace.write('migrations/2_slow.sql', 'create table slow2 (id int); select pg_sleep(1);')
    const { result, ...found } = await traces(
      (options) =>
        runCli(['deploy', '--report', 'report.json', '--summary', 'summary.md'], {
          ...options,
          env: { DATABASE_URL: url },
        }),
      'start',
    )
    expect(result).toMatchObject({ code: 0 })
    expectNoSecret({ ...found, ...result, ...files(workspace, 'report.json', 'summary.md') })
  })

  test('of the command line with --database-url, which warns; ps has it no more once anything is printed', async () => {
    workspace.write('migrations/3_slow.sql', 'create table slow3 (id int); select pg_sleep(1);')
    const { result, ...found } = await traces(
      (options) =>
        runCli(
          ['deploy', '--database-url', url, '--report=report.json', '--summary=summary.md'],
          options,
        ),
      'first line',
    )
    expect(result).toMatchObject({ code: 0 })
    expect(result.stdout).toContain('DATABASE_URL')
    expectNoSecret({ ...found, ...result, ...files(workspace, 'report.json', 'summary.md') })
  })

  test('where a migration says it, in a notice, an error, an identifier and its own text', async () => {
    const literal = (text: string) => `'${text.replaceAll("'", "''")}'`
    workspace.write(
      'migrations/4_tells.sql',
      `-- airlock: transaction=off

create table told (id int);
do $body$ begin
  raise notice using message = ${literal(`connected to ${url}`)};
  raise warning using message = ${literal(`the password is ${password}`)}, hint = ${literal(encodeURIComponent(password))};
  raise exception using message = ${literal(`can't reach ${url}`)}, detail = ${literal(password)}, hint = ${literal(password)};
end $body$;`,
    )
    const run = await runAction(
      { 'database-url': url, 'on-failure': 'stop' },
      { cwd: workspace.folder },
    )
    expect(run.code).toBe(3)
    expect(run.report.error?.message).toContain("can't reach ***")
    const [{ journal } = { journal: '' }] = await database.query<{ journal: string }>(
      `select string_agg(coalesce(r.error::text, '') || coalesce(m.error::text, '') || coalesce(s.error::text, ''), '\n') as journal
         from airlock.runs r left join airlock.migrations m on m.run_id = r.id left join airlock.steps s on s.migration_id = m.id`,
    )
    expect(journal).toContain("can't reach")
    expectNoSecret({
      journal,
      stdout: run.stdout.replace(/^::add-mask::.*$/gm, ''),
      summary: run.summary,
      report: JSON.stringify(run.report),
    })
    workspace.remove('migrations/4_tells.sql')
    await database.query(`drop schema airlock cascade`)
  })

  test.each([
    [
      'wrong password',
      () => url.replace(encodeURIComponent(password), `${encodeURIComponent(password)}x`),
    ],
    ['no server', () => url.replace(/:\d+\//, ':1/')],
    ['unknown host', () => url.replace('127.0.0.1', 'no-such-host.invalid')],
    ['unknown database', () => url.replace(database.name, 'no such database')],
    ['unknown sslmode', () => `${url}&sslmode=sometimes`],
    ['broken URL', () => url.replace(/@[^@]*$/, '@[::')],
  ])('where the connection fails: %s', async (_, broken) => {
    const failing = broken()
    const run = await runAction({ 'database-url': failing }, { cwd: workspace.folder })
    expect([1, 2]).toContain(run.code)
    expect(run.stdout).not.toMatch(/^\s+at .*\.js:\d+/m)
    expectNoSecret({
      stdout: run.stdout.replace(/^::add-mask::.*$/gm, ''),
      stderr: run.stderr,
      summary: run.summary,
      report: JSON.stringify(run.report),
    })
    const cli = await runCli(['deploy', '--database-url', failing], { cwd: workspace.folder })
    expectNoSecret({ ...cli })
  })
})

describe('a password that is the name of its role', () => {
  const same = 'airlock_same'
  const withRole = async (act: (database: TestDatabase, workspace: Workspace) => Promise<void>) => {
    const database = await createDatabase()
    const workspace = workspaceOf({ 'migrations/1_bread.sql': 'create table bread (id int);' })
    await database.query(`create role ${same} superuser login password '${same}'`)
    try {
      await act(database, workspace)
    } finally {
      workspace.dispose()
      await database.query(`drop owned by ${same} cascade; drop role ${same}`)
      await database.drop()
    }
  }

  test.each(['url', 'variables'] as const)(
    'is no reason to take the role out of report and journal (%s)',
    (way) =>
      withRole(async (database, workspace) => {
        const { host, port } = server()
        const env =
          way === 'url'
            ? { DATABASE_URL: `postgresql://${same}:${same}@${host}:${port}/${database.name}` }
            : {
                PGHOST: host,
                PGPORT: String(port),
                PGUSER: same,
                PGPASSWORD: same,
                PGDATABASE: database.name,
              }
        workspace.write(
          'airlock.yml',
          `backup: { command: { run: 'touch ${same}.dump; echo "$DATABASE_URL" >&2; exit 1' } }`,
        )
        const args = ['deploy', '--report=report.json']
        const refused = await runCli(args, { cwd: workspace.folder, env })
        expect(refused.code).toBe(1)
        expect(refused.stdout).toContain('***')
        expect(refused.stdout).not.toContain(`:${same}@`)
        workspace.remove('airlock.yml')
        expect(await runCli(args, { cwd: workspace.folder, env })).toMatchObject({ code: 0 })
        const report = JSON.parse(readFileSync(join(workspace.folder, 'report.json'), 'utf8'))
        expect(report.target.user).toBe(same)
        expect(JSON.stringify(report)).not.toContain('***')
      }),
  )
})

test('a password of the password file is not told by a command that prints DATABASE_URL', async () => {
  const database = await createDatabase()
  const workspace = workspaceOf({
    'migrations/1_bread.sql': 'create table bread (id int);',
    'airlock.yml': `backup: { command: { run: 'echo "$DATABASE_URL" >&2; exit 1' } }`,
    pgpass: `*:*:*:${role}_file:p@ss/word\n`,
  })
  await database.query(`create role ${role}_file superuser login password 'p@ss/word'`)
  try {
    chmodSync(join(workspace.folder, 'pgpass'), 0o600)
    const { host, port } = server()
    const env = {
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: `${role}_file`,
      PGDATABASE: database.name,
      PGPASSFILE: join(workspace.folder, 'pgpass'),
    }
    const { code, stdout } = await runCli(['deploy'], { cwd: workspace.folder, env })
    expect(code).toBe(1)
    expect(stdout).toContain(`${role}_file:***@`)
    expect(stdout).not.toMatch(/p%40ss|p@ss/)
  } finally {
    workspace.dispose()
    await database.query(`drop role ${role}_file`)
    await database.drop()
  }
})

test('a secret that a command names in the environment is hidden, also where what it prints is shortened', async () => {
  const database = await createDatabase()
  const token = 'T0kenOfTheBackupStore'
  const workspace = workspaceOf({ 'migrations/1_bread.sql': 'create table bread (id int);' })
  try {
    for (const before of [180, 190, 198]) {
      const command = `printf %${before}s x; echo "$STORE_TOKEN and more than anybody wants to read"`
      workspace.write('airlock.yml', `backup: { proof: { command: '${command}' } }`)
      const { code, stdout } = await runCli(['deploy', '--report=report.json'], {
        cwd: workspace.folder,
        env: { DATABASE_URL: database.url, STORE_TOKEN: token },
      })
      expect(code).toBe(1)
      const report = readFileSync(join(workspace.folder, 'report.json'), 'utf8')
      expect(report).toContain('the command printed:')
      expect(report + stdout).not.toContain(token.slice(0, 2))
    }
  } finally {
    workspace.dispose()
    await database.drop()
  }
})

function files(workspace: Workspace, ...names: string[]): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(join(workspace.folder, name), 'utf8')]),
  )
}
