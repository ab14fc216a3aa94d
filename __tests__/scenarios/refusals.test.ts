import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { reportSchema } from '../../src/report/schema.ts'
import type { Report } from '../../src/report/types.ts'
import { createDatabase, server, type TestDatabase } from '../support/database.ts'
import { runCli } from '../support/program.ts'
import { type Workspace, workspaceOf } from '../support/workspace.ts'
import { readCatalog } from './catalog.ts'

type Env = Readonly<Record<string, string>>

/** Runs the command line and holds what every refusal owes: four parts, no stack trace, a valid report and a summary, the right code. */
async function refused(
  workspace: Workspace,
  args: readonly string[],
  env: Env,
  code: 1 | 2,
): Promise<{ report: Report; stdout: string }> {
  const result = await runCli(
    [...args, '--report', 'out/report.json', '--summary', 'out/summary.md'],
    {
      cwd: workspace.folder,
      env,
    },
  )
  expect({
    code: result.code,
    stderr: result.stderr,
    stdout: code === result.code ? '' : result.stdout,
  }).toEqual({ code, stderr: '', stdout: '' })
  const report = JSON.parse(
    readFileSync(join(workspace.folder, 'out/report.json'), 'utf8'),
  ) as Report
  expect(reportSchema.safeParse(report).error).toBeUndefined()
  const summary = readFileSync(join(workspace.folder, 'out/summary.md'), 'utf8')
  expect(report).toMatchObject({ outcome: 'refused', exitCode: code })
  const { message, why, fix } = report.error ?? {}
  for (const part of [message, why, fix]) {
    expect(part).toMatch(/\S{2}/)
    const start = String(part).slice(0, 12)
    expect(result.stdout.toLowerCase()).toContain(start.toLowerCase())
  }
  expect(summary).toMatch(/refused/i)
  for (const text of [result.stdout, summary, JSON.stringify(report)]) {
    expect(text).not.toMatch(/\bat .*\.js:\d+:\d+|made a mistake|\[object Object\]|undefined/)
  }
  return { report, stdout: result.stdout }
}

const good = { 'migrations/1_a.sql': 'create table a (id int);\n' }

interface Refused {
  readonly name: string
  readonly files?: Readonly<Record<string, string>>
  readonly args?: readonly string[]
  readonly env?: Env
  /** In the message. */
  readonly says: RegExp
  /** file:line:column of the blame. */
  readonly at?: string
  /** The character under the caret and what follows. */
  readonly prepare?: (folder: string) => void
}

const usage: readonly Refused[] = [
  { name: 'unknown command', args: ['depoy'], says: /depoy/ },
  { name: 'unknown flag', args: ['deploy', '--lock-timeoutt', '2s'], says: /lock-timeoutt/ },
  {
    name: 'a flag without its value',
    args: ['deploy', '--lock-timeout', '--undo', 'run'],
    says: /lock-timeout/,
  },
  { name: 'a duration that is none', args: ['deploy', '--lock-timeout', 'soon'], says: /soon/ },
  {
    name: 'settings that contradict each other',
    args: ['deploy', '--on-failure', 'stop', '--undo', 'run'],
    says: /on-failure is stop/,
  },
  { name: 'missing folder', files: { 'readme.md': '' }, says: /migrations/ },
  { name: 'empty folder', files: { 'migrations/readme.md': '' }, says: /migrations/ },
  { name: 'missing config', args: ['deploy', '--config', 'nowhere.yml'], says: /nowhere\.yml/ },
  {
    name: 'unknown key in airlock.yml',
    files: { ...good, 'airlock.yml': 'undo: run\nlock-timeot: 2s\n' },
    says: /lock-timeot/,
    at: 'airlock.yml:2:1',
  },
  {
    name: 'malformed airlock.yml',
    files: { ...good, 'airlock.yml': 'undo: [run\n' },
    says: /airlock\.yml/,
  },
  {
    name: 'unknown target',
    files: { ...good, 'airlock.yml': 'targets:\n  staging:\n    database-url: postgres://x@y/z\n' },
    args: ['deploy', '--target', 'stagin'],
    says: /stagin/,
  },
  {
    name: 'missing environment variable of the target',
    files: { ...good, 'airlock.yml': `targets:\n  staging:\n    database-url: \${STAGING_URL}\n` },
    args: ['deploy', '--target', 'staging'],
    says: /STAGING_URL/,
  },
  {
    name: 'unknown directive',
    files: { 'migrations/1_a.sql': '-- airlock: lock_timeot=2s\n\ncreate table a (id int);\n' },
    says: /lock_timeot/,
    at: 'migrations/1_a.sql:1:13',
  },
  {
    name: 'SQL that does not parse',
    files: {
      'migrations/1_ä.sql': `-- ä€😀\r\ncreate table a (id int);\r\n\tselect 'ä€😀', frm frm frm;\r\n`,
    },
    says: /frm/,
    at: 'migrations/1_ä.sql:3:24',
  },
  {
    name: 'CONCURRENTLY inside BEGIN',
    files: {
      'migrations/1_a.sql':
        'begin;\ncreate table a (id int);\ncreate index concurrently b on a (id);\ncommit;\n',
    },
    says: /CONCURRENTLY/i,
    at: 'migrations/1_a.sql:3:1',
  },
  {
    name: 'a file that ends in its own open transaction',
    files: { 'migrations/1_a.sql': '\nbegin;\ncreate table a (id int);\n' },
    says: /transaction/,
    at: 'migrations/1_a.sql:2:1',
  },
  {
    name: "psql's meta-command",
    files: { 'migrations/1_a.sql': 'create table a (id int);\n\\i other.sql\n' },
    says: /\\i/,
    at: 'migrations/1_a.sql:2:1',
  },
  {
    name: 'a verify query without expectation',
    files: { ...good, 'migrations/verify/1_a_verify.sql': '-- rows\nselect 1;\n' },
    says: /expect/,
    at: 'migrations/verify/1_a_verify.sql:2:1',
  },
  {
    name: 'a verify script that writes',
    files: { ...good, 'migrations/verify/1_a_verify.sql': 'delete from a;\n-- expect: rows = 0\n' },
    says: /SELECT|verify/,
    at: 'migrations/verify/1_a_verify.sql:1:1',
  },
  {
    name: 'a rollback script that does not parse',
    files: { ...good, 'migrations/rollbacks/1_a_rollback.sql': 'drop tabel a;\n' },
    says: /tabel/,
    at: 'migrations/rollbacks/1_a_rollback.sql:1:6',
  },
  {
    name: 'orphan rollback',
    files: { ...good, 'migrations/rollbacks/2_b_rollback.sql': 'drop table b;\n' },
    says: /2_b/,
  },
  {
    name: 'duplicate versions',
    files: { ...good, 'migrations/01_b.sql': 'create table b (id int);\n' },
    says: /version|1_a|01_b/,
  },
  {
    name: 'a file name that is none',
    files: { ...good, 'migrations/add_x.sql': 'select 1;\n' },
    says: /add_x\.sql/,
  },
  {
    name: 'invalid UTF-8',
    prepare: (folder) => {
      writeFileSync(
        join(folder, 'migrations/1_a.sql'),
        Buffer.from('-- caf\xe9\nselect 1;\n', 'latin1'),
      )
    },
    says: /UTF-8/,
    at: 'migrations/1_a.sql:1:7',
  },
  { name: 'no database', env: { DATABASE_URL: '' }, says: /database/i },
  { name: 'a URL of another system', env: { DATABASE_URL: 'mysql://u@h/d' }, says: /mysql|URL/ },
]

describe('exit 2, before anything is connected', () => {
  let listener: Server
  let connections = 0
  let url: string

  beforeAll(async () => {
    listener = createServer((socket) => {
      connections += 1
      socket.destroy()
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const address = listener.address()
    url = `postgres://u:pw-of-this@127.0.0.1:${typeof address === 'object' ? address?.port : 0}/d`
  })
  afterAll(() => new Promise((resolve) => listener.close(resolve)))

  test.each(usage)('$name', async (one) => {
    const workspace = workspaceOf(one.files ?? good)
    try {
      one.prepare?.(workspace.folder)
      const { report, stdout } = await refused(
        workspace,
        one.args ?? ['deploy'],
        { DATABASE_URL: url, ...one.env },
        2,
      )
      expect(report.error?.message).toMatch(one.says)
      if (one.at !== undefined) {
        const { where, excerpt } = report.error ?? {}
        expect(`${where?.file}:${where?.line}:${where?.column}`).toBe(one.at)
        expect(excerpt).toMatch(/\^/)
        expect(stdout).toContain(one.at)
      }
      expect(connections).toBe(0)
    } finally {
      connections = 0
      workspace.dispose()
    }
  })
})

describe('exit 1, a gate', () => {
  let database: TestDatabase
  let workspace: Workspace
  const applied = {
    'migrations/1_a.sql': 'create table a (id int);\n',
    'migrations/3_c.sql': 'create table c (id int);\n',
  }
  const reset = () => {
    workspace.dispose()
    workspace = workspaceOf(applied)
  }

  beforeAll(async () => {
    database = await createDatabase()
    workspace = workspaceOf(applied)
    expect(
      await runCli(['deploy'], { cwd: workspace.folder, env: { DATABASE_URL: database.url } }),
    ).toMatchObject({ code: 0 })
  })
  afterAll(async () => {
    workspace.dispose()
    await database.drop()
  })

  async function gate(says: RegExp, url = database.url, args: readonly string[] = ['deploy']) {
    const before = await readCatalog(database)
    const journal = () =>
      database.query(
        `select (select jsonb_agg(r) from airlock.runs r), (select jsonb_agg(m) from airlock.migrations m)`,
      )
    const rows = await journal()
    const { report } = await refused(workspace, args, { DATABASE_URL: url }, 1)
    expect(`${report.error?.message} ${report.error?.why}`).toMatch(says)
    expect(await readCatalog(database)).toEqual(before)
    expect(await journal()).toEqual(rows)
    return report
  }

  test('wrong password', async () => {
    const url = new URL(database.url)
    url.password = 'not-the-password'
    await gate(/password was not accepted/, url.href)
  })
  test('no server', async () => {
    const url = new URL(database.url)
    url.port = '1'
    await gate(/127\.0\.0\.1:1|refused|reach/i, url.href)
  })
  test('unknown database', async () => {
    const url = new URL(database.url)
    url.pathname = '/no_such_database'
    await gate(/no_such_database/, url.href)
  })
  test('TLS demanded of a server without', async () => {
    await gate(/TLS|SSL/, `${database.url}?sslmode=require`)
  })
  test('unknown role', async () => {
    await gate(/nobody_of_that_name/, database.url, ['deploy', '--role', 'nobody_of_that_name'])
  })
  test('a changed file that is applied', async () => {
    workspace.write('migrations/1_a.sql', 'create table a (id bigint);\n')
    const report = await gate(/1_a\.sql has changed/)
    expect(report.error?.where?.file).toBe('migrations/1_a.sql')
    reset()
  })
  test('a missing file that is applied', async () => {
    workspace.remove('migrations/1_a.sql')
    await gate(/1_a\.sql/)
    reset()
  })
  test('a pending migration older than the newest applied', async () => {
    workspace.write('migrations/2_b.sql', 'create table b (id int);\n')
    await gate(/2_b\.sql.*older/)
    reset()
  })
  test('rollback --to an unknown version', async () => {
    await gate(/99/, database.url, ['rollback', '--to', '99'])
  })
  test('a database that was never deployed to stays without journal', async () => {
    const other = await createDatabase({ major: server().major })
    try {
      await refused(workspace, ['rollback', '--only', '1'], { DATABASE_URL: other.url }, 1)
      expect(await other.query(`select 1 from pg_namespace where nspname = 'airlock'`)).toEqual([])
    } finally {
      await other.drop()
    }
  })
})

test('a report that can not be written is said, and changes no ending', async () => {
  const workspace = workspaceOf(good)
  mkdirSync(join(workspace.folder, 'taken'))
  const result = await runCli(['plan', '--report', 'taken'], { cwd: workspace.folder, env: {} })
  expect(result).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('taken could not be written'),
  })
  expect(existsSync(join(workspace.folder, 'taken'))).toBe(true)
  workspace.dispose()
})
