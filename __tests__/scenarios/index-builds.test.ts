import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { runAction } from '../support/program.ts'
import { type Workspace, workspaceOf } from '../support/workspace.ts'
import { readCatalog } from './catalog.ts'

let database: TestDatabase
let workspace: Workspace

beforeEach(async () => {
  database = await createDatabase()
  await database.query(
    `create table "It""em" (id int, name text); insert into "It""em" select i, i::text from generate_series(1, 500) i`,
  )
  workspace = workspaceOf({
    'migrations/1_indexes.sql':
      'create index "First" on "It""em" (name);\n\ncreate index concurrently "Se""cond" on "It""em" (name, id);\n',
  })
})
afterEach(async () => {
  workspace.dispose()
  await database.drop()
})

const deploy = () =>
  runAction(
    { 'database-url': database.url, 'concurrent-timeout': '1500ms', 'retry-timeout': '10ms' },
    { cwd: workspace.folder },
  )
const invalid = () =>
  database.query('select indexrelid::regclass::text as name from pg_index where not indisvalid')

test('a build that waits longer than concurrent-timeout for an old snapshot leaves nothing, and the next run builds it', async () => {
  const before = await readCatalog(database)
  const old = await database.connect('nightly dump')
  await old.query('begin isolation level repeatable read; select 1')
  const run = await deploy()
  expect({ code: run.code, outcome: run.report.outcome }).toEqual({
    code: 1,
    outcome: 'rolled-back',
  })
  expect(run.report.error).toMatchObject({
    sqlstate: '55P03',
    detail: expect.stringContaining('nightly dump'),
    where: { file: 'migrations/1_indexes.sql', line: 3 },
  })
  expect(run.stdout).toContain('not begun yet')
  expect(await readCatalog(database)).toEqual(before)
  expect(run.report.migrations[0]?.rollback).toMatchObject({ outcome: 'restored' })
  await old.query('rollback')
  expect((await deploy()).report).toMatchObject({ outcome: 'deployed', error: null })
  expect(await invalid()).toEqual([])
})

test('a reader of the table keeps a build from being begun; a leftover of it is said (exit 3), and the next run removes it', async () => {
  const reader = await database.connect('long report')
  await reader.query('begin; select count(*) from "It""em"')
  await database.query('update "It""em" set name = 1')
  workspace.write('airlock.yml', 'preflight:\n  checks:\n    data.unique: off\n')
  workspace.write(
    'migrations/1_indexes.sql',
    'create unique index concurrently "Se""cond" on "It""em" (name);\n',
  )
  const run = await deploy()
  expect({ code: run.code, outcome: run.report.outcome }).toEqual({
    code: 3,
    outcome: 'needs-attention',
  })
  expect(run.report.error?.detail).toContain(
    'duplicates in "It""em" (name): 1 value that occurs more than once: (1) in 500 rows',
  )
  expect(await invalid()).toEqual([{ name: '"Se""cond"' }])
  expect(run.summary).toContain('DROP INDEX CONCURRENTLY public."Se""cond";')
  await reader.query('rollback')
  await database.query('update "It""em" set name = id')
  const next = await deploy()
  expect({ outcome: next.report.outcome, error: next.report.error }).toEqual({
    outcome: 'deployed',
    error: null,
  })
  expect(await invalid()).toEqual([])
  expect((await readCatalog(database)).filter((line) => line.startsWith('index'))).toHaveLength(1)
})

test("somebody else's INVALID index of the same name is not taken for ours", async () => {
  await database.query('update "It""em" set name = 1')
  await database
    .query('create unique index concurrently "Se""cond" on "It""em" (name)')
    .catch(() => {})
  expect(await invalid()).toHaveLength(1)
  const before = await readCatalog(database)
  workspace.write(
    'migrations/1_indexes.sql',
    'create index concurrently if not exists "Se""cond" on "It""em" (name, id);\n',
  )
  const run = await deploy()
  expect({ code: run.code }).not.toEqual({ code: 0 })
  expect(run.report.error?.message).toContain('Se""cond')
  expect(await readCatalog(database)).toEqual(before)
})
