import type { ChildProcess } from 'node:child_process'
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

const deploy = (
  inputs: Readonly<Record<string, string>> = {},
  started: (child: ChildProcess) => void = () => {},
) => runAction({ 'database-url': database.url, ...inputs }, { cwd: workspace.folder, started })

/** Started, and killed (kill -9) as soon as the query says that it is where it should be. */
async function killedAt(where: () => Promise<unknown[]>, others: () => void = () => {}) {
  let child: ChildProcess | undefined
  const running = deploy({}, (process) => {
    child = process
  })
  while ((await where()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  others()
  child?.kill('SIGKILL')
  expect((await running).signal).toBe('SIGKILL')
}

const workersAt = (text: string) => () =>
  database.query(
    `select 1 from pg_stat_activity where datname = current_database() and state = 'active' and application_name like 'pg-airlock % worker%' and query like '%' || $1 || '%'`,
    [text],
  )

test('[trap: second-dispatch-in-silence] a second run waits, says who holds the lock and since when, and refuses when its time is over; one with more time goes on after it', async () => {
  workspace = workspaceOf({
    'migrations/1_slow.sql': `insert into counted values ('slow'); select pg_sleep(5);`,
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

test('[trap: killed-runner-leaves-backend] [trap: lock-row-without-lease] [trap: dirty-flag] a killed runner followed at once by another: its backend is gone, its lock is free, and the other does it all by itself', async () => {
  workspace = workspaceOf({
    'migrations/1_a.sql': `insert into counted values ('a');`,
    'migrations/2_b.sql': `insert into counted values ('b'); select pg_sleep(s) from naps;`,
  })
  await database.query('create table naps (s int); insert into naps values (600)')
  await killedAt(workersAt('pg_sleep(s)'))
  await database.query('update naps set s = 0')
  const started = Date.now()
  const second = await deploy()
  const tookMs = Date.now() - started
  expect([second.code, second.report.outcome]).toEqual([0, 'deployed'])
  expect(tookMs).toBeLessThan(10_000)
  expect(await database.query('select run from counted order by run')).toEqual([
    { run: 'a' },
    { run: 'b' },
  ])
  expect(await database.query('select outcome from airlock.runs order by epoch')).toEqual([
    { outcome: 'abandoned' },
    { outcome: 'deployed' },
  ])
  expect(
    await database.query(
      `select count(*)::int from pg_stat_activity where datname = current_database() and application_name like 'pg-airlock%'`,
    ),
  ).toEqual([{ count: 0 }])
}, 60_000)

test('twenty runners of which the one at work is killed: exactly one of the others takes over, nothing runs twice', async () => {
  workspace = workspaceOf({
    'migrations/1_a.sql': `insert into counted values ('a');`,
    'migrations/2_b.sql': `insert into counted values ('b'); select pg_sleep(s) from naps;`,
    'migrations/3_c.sql': `create index concurrently counted_run on counted (run);`,
  })
  await database.query('create table naps (s int); insert into naps values (600)')
  let others: ReturnType<typeof deploy>[] = []
  await killedAt(workersAt('pg_sleep(s)'), () => {
    others = Array.from({ length: 19 }, () => deploy({ 'run-lock-timeout': '5min' }))
  })
  await database.query('update naps set s = 0')
  const outcomes = (await Promise.all(others))
    .map(({ code, report }) => `${code} ${report.outcome}`)
    .sort()
  expect(outcomes).toEqual(['0 deployed', ...Array.from({ length: 18 }, () => '0 nothing-to-do')])
  expect(await database.query('select run from counted order by run')).toEqual([
    { run: 'a' },
    { run: 'b' },
  ])
  expect(await database.query('select outcome from airlock.runs order by epoch')).toEqual([
    { outcome: 'abandoned' },
    { outcome: 'deployed' },
  ])
}, 180_000)
