import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { runAction } from '../support/program.ts'
import { type Workspace, workspaceOf } from '../support/workspace.ts'

let database: TestDatabase
let workspace: Workspace

beforeEach(async () => {
  database = await createDatabase()
  await database.query('create table counted (run text)')
})
afterEach(async () => {
  workspace.dispose()
  await database.drop()
})

const deploy = (inputs: Readonly<Record<string, string>> = {}) =>
  runAction({ 'database-url': database.url, ...inputs }, { cwd: workspace.folder })

test('a second run waits, says who holds the lock and since when, and refuses when its time is over; one with more time goes on after it', async () => {
  workspace = workspaceOf({
    'migrations/1_slow.sql': `insert into counted values ('slow'); select pg_sleep(12);`,
  })
  const first = deploy()
  while (
    (
      await database.query(
        `select 1 from pg_stat_activity where datname = current_database() and query like '%pg_sleep%' and application_name like 'pg-airlock%'`,
      )
    ).length === 0
  ) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const patient = deploy()
  const second = await deploy({ 'run-lock-timeout': '1s' })
  expect({ code: second.code, outcome: second.report.outcome }).toEqual({
    code: 1,
    outcome: 'refused',
  })
  const holder =
    /pg-airlock [0-9a-f]{16} keeper \(pid \d+ from 127\.0\.0\.1, since \d{4}-\d\d-\d\dT[\d:.]+Z\)/
  expect(second.report.error?.message).toMatch(holder)
  expect(second.report.error).toMatchObject({
    why: expect.stringContaining('waited 1s'),
    fix: expect.stringContaining('run-lock-timeout'),
  })
  expect(second.stdout).toMatch(/waiting for another run to end/)
  expect(second.summary).toMatch(holder)
  expect((await first).report.outcome).toBe('deployed')
  const waited = await patient
  expect({ code: waited.code, outcome: waited.report.outcome }).toEqual({
    code: 0,
    outcome: 'nothing-to-do',
  })
  expect(await database.query('select * from counted')).toEqual([{ run: 'slow' }])
  expect(await database.query('select count(*)::int from airlock.runs')).toEqual([{ count: 1 }])
})

test('twenty runners started at once: one deploys, nothing runs twice', async () => {
  workspace = workspaceOf({
    'migrations/1_a.sql': `insert into counted values ('a');`,
    'migrations/2_b.sql': `create index concurrently counted_run on counted (run);`,
    'migrations/3_c.sql': `insert into counted values ('c');`,
  })
  const runs = await Promise.all(
    Array.from({ length: 20 }, () => deploy({ 'run-lock-timeout': '5min' })),
  )
  const outcomes = runs.map(({ code, report }) => `${code} ${report.outcome}`).sort()
  expect(outcomes).toEqual(['0 deployed', ...Array.from({ length: 19 }, () => '0 nothing-to-do')])
  expect(await database.query('select run from counted order by run')).toEqual([
    { run: 'a' },
    { run: 'c' },
  ])
  expect(await database.query('select count(*)::int from airlock.runs')).toEqual([{ count: 1 }])
  expect(
    await database.query(
      'select count(*)::int, count(distinct version)::int as versions from airlock.migrations',
    ),
  ).toEqual([{ count: 3, versions: 3 }])
}, 180_000)
