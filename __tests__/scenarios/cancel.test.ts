import type { ChildProcess } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { type ActionResult, runAction } from '../support/program.ts'
import { type Workspace, workspaceOf } from '../support/workspace.ts'
import { readCatalog } from './catalog.ts'

/** GitHub sends SIGTERM 7.5 s after SIGINT, and kills 2.5 s later: a run has to have ended by then. */
const timeAllowedMs = 7_500

let database: TestDatabase
let workspace: Workspace

beforeEach(async () => {
  database = await createDatabase()
  await database.query(
    'create table item (id int primary key, name text); insert into item select i, i::text from generate_series(1, 1000) i',
  )
})
afterEach(async () => {
  workspace.dispose()
  await database.drop()
})

/** Deploys, sends the signal as soon as `ready` says so, and measures how long the run then takes to end. */
async function cancelled(
  signal: NodeJS.Signals,
  ready: (stdout: string) => boolean | Promise<boolean>,
): Promise<ActionResult & { tookMs: number }> {
  let process: ChildProcess | undefined
  let stdout = ''
  let sentAt = 0
  let ended = false
  const run = runAction(
    { 'database-url': database.url },
    {
      cwd: workspace.folder,
      started: (child) => {
        process = child
        child.stdout?.on('data', (text: string) => {
          stdout += text
        })
      },
    },
  ).finally(() => {
    ended = true
  })
  while (!ended && !(await ready(stdout))) await new Promise((resolve) => setTimeout(resolve, 20))
  sentAt = Date.now()
  process?.kill(signal)
  const result = await run
  return { ...result, tookMs: Date.now() - sentAt }
}

const workerRuns = async (text: string) =>
  (
    await database.query(
      `select 1 from pg_stat_activity where datname = current_database() and application_name like 'pg-airlock % worker%' and state = 'active' and query like $1`,
      [`%${text}%`],
    )
  ).length > 0

async function expectCancelled(run: ActionResult & { tookMs: number }) {
  expect({
    code: run.code,
    signal: run.signal,
    outcome: run.report.outcome,
    output: run.outputs.outcome,
  }).toEqual({
    code: 130,
    signal: null,
    outcome: 'cancelled',
    output: 'cancelled',
  })
  expect(run.tookMs).toBeLessThan(timeAllowedMs)
  expect(run.summary).toMatch(/cancelled/i)
  const [journal] = await database.query(
    `select outcome, ended_at is not null as ended from airlock.runs order by started_at desc limit 1`,
  )
  expect(journal).toEqual({ outcome: 'cancelled', ended: true })
  const sessions = await database.query(
    `select application_name from pg_stat_activity where datname = current_database() and application_name like 'pg-airlock%'`,
  )
  expect(sessions).toEqual([])
}

describe('a run that is asked to stop', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s during a transaction: the statement is cancelled, Postgres takes everything back',
    async (signal) => {
      workspace = workspaceOf({
        'migrations/1_first.sql': 'create table first (id int);',
        'migrations/2_second.sql':
          'alter table item add column price int; update item set price = 1; select pg_sleep(60);',
        'migrations/3_third.sql': 'create table third (id int);',
      })
      const run = await cancelled(signal, () => workerRuns('pg_sleep'))
      await expectCancelled(run)
      expect(run.report.migrations.map(({ outcome }) => outcome)).toEqual([
        'applied',
        'failed',
        'not-run',
      ])
      expect(run.report.migrations[1]?.rollback).toMatchObject({
        by: 'transaction',
        outcome: 'restored',
      })
      const catalog = (await readCatalog(database)).join('\n')
      expect(catalog).toContain('public.first')
      expect(catalog).not.toMatch(/price|third/)
      workspace.write('migrations/2_second.sql', 'alter table item add column price int;')
      const next = await runAction({ 'database-url': database.url }, { cwd: workspace.folder })
      expect(next.report).toMatchObject({ outcome: 'deployed', error: null })
      expect(JSON.parse(next.outputs.applied ?? '')).toEqual(['2', '3'])
    },
  )

  test('during CREATE INDEX CONCURRENTLY: the INVALID index and the one built before are removed', async () => {
    workspace = workspaceOf({
      'migrations/1_indexes.sql':
        'create index item_a on item (name); create index concurrently item_b on item (slow(id));',
    })
    const slow = (seconds: number) =>
      database.query(
        `create or replace function slow(integer) returns integer language plpgsql immutable as $$ begin perform pg_sleep(${seconds}); return $1; end $$`,
      )
    await slow(0)
    const before = await readCatalog(database)
    await slow(0.05)
    const run = await cancelled('SIGINT', async () => {
      const [row] = await database.query(
        `select to_regclass('item_a') is not null and to_regclass('item_b') is not null as building`,
      )
      return row?.building === true
    })
    await slow(0)
    await expectCancelled(run)
    expect(await readCatalog(database)).toEqual(before)
    expect(run.report.fingerprint).toMatchObject({ equal: true })
    const next = await runAction({ 'database-url': database.url }, { cwd: workspace.folder })
    expect(next.report).toMatchObject({ outcome: 'deployed', error: null })
  })

  test('between migrations: what was applied stays and is recorded, nothing more is begun', async () => {
    const count = 60
    workspace = workspaceOf(
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [
          `migrations/${String(index + 1).padStart(3, '0')}_m.sql`,
          `create table m${index + 1} (id int);`,
        ]),
      ),
    )
    const run = await cancelled('SIGINT', (stdout) => stdout.includes('003 m applied'))
    await expectCancelled(run)
    const applied = run.report.migrations.filter(({ outcome }) => outcome === 'applied').length
    expect(applied).toBeGreaterThan(2)
    expect(applied).toBeLessThan(count)
    const tables = await database.query(
      `select relname from pg_class where relname ~ '^m[0-9]+$' and relkind = 'r'`,
    )
    expect(tables).toHaveLength(applied)
    const journal = await database.query(
      `select version from airlock.migrations where state = 'verified'`,
    )
    expect(journal).toHaveLength(applied)
    const next = await runAction({ 'database-url': database.url }, { cwd: workspace.folder })
    expect(next.report.outcome).toBe('deployed')
    expect(JSON.parse(next.outputs.applied ?? '')).toHaveLength(count - applied)
  })

  test('while it waits for another run: it changes nothing and the other goes on', async () => {
    workspace = workspaceOf({ 'migrations/1_first.sql': 'create table first (id int);' })
    const other = workspaceOf({ 'migrations/1_slow.sql': 'select pg_sleep(3);' })
    const first = runAction({ 'database-url': database.url }, { cwd: other.folder })
    while (!(await workerRuns('pg_sleep'))) await new Promise((resolve) => setTimeout(resolve, 20))
    const run = await cancelled('SIGINT', (stdout) => stdout.includes('waiting for another run'))
    expect({ code: run.code, outcome: run.report.outcome }).toEqual({
      code: 130,
      outcome: 'cancelled',
    })
    expect(run.tookMs).toBeLessThan(timeAllowedMs)
    expect((await first).report.outcome).toBe('deployed')
    other.dispose()
    expect(await database.query('select version, name from airlock.migrations')).toEqual([
      { version: '1', name: 'slow' },
    ])
  })
})
