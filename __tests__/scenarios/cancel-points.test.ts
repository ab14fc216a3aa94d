import type { ChildProcess } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'
import { type TestDatabase, withDatabase } from '../support/database.ts'
import { type ActionResult, runAction } from '../support/program.ts'
import { workspaceOf } from '../support/workspace.ts'

/** Where a run stands when it is asked to stop, and how it is to end. */
interface Point {
  readonly name: string
  readonly files: Readonly<Record<string, string>>
  readonly inputs?: Readonly<Record<string, string>>
  /** Returns what to do when the run has ended. */
  readonly prepare?: (database: TestDatabase) => Promise<() => Promise<unknown>>
  readonly ready: (database: TestDatabase, stdout: string) => boolean | Promise<boolean>
  /** Milliseconds after the first signal. */
  readonly secondAfter?: number
  readonly code: number
  readonly withinMs: number
  readonly migrations: readonly string[]
  /** In the journal, null where there is none. */
  readonly journaled: string | null
  /** What a second run, nobody stopping it, ends as. */
  readonly next?: string
  readonly says?: RegExp
}

interface Stopped extends ActionResult {
  readonly tookMs: number
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A loaded machine may add this to what a stop takes. */
const slackMs = 1_500

async function stopAt(point: Point, database: TestDatabase, cwd: string): Promise<Stopped> {
  let child: ChildProcess | undefined
  let stdout = ''
  let ended = false
  const inputs = { 'database-url': database.url, ...point.inputs }
  const run = runAction(inputs, {
    cwd,
    started: (started) => {
      child = started
      started.stdout?.on('data', (text: string) => {
        stdout += text
      })
    },
  }).finally(() => {
    ended = true
  })
  const deadline = Date.now() + 45_000
  while (!(await point.ready(database, stdout))) {
    if (ended || Date.now() > deadline) {
      child?.kill('SIGKILL')
      await run
      throw new Error(`${point.name}: the run never came there\n${stdout}`)
    }
    await pause(20)
  }
  const sentAt = Date.now()
  child?.kill('SIGINT')
  if (point.secondAfter !== undefined) {
    await pause(point.secondAfter)
    child?.kill('SIGTERM')
  }
  return { ...(await run), tookMs: Date.now() - sentAt }
}

async function see(point: Point): Promise<void> {
  await withDatabase({}, async (database) => {
    await database.query(
      'create table item (id int primary key, name text); insert into item (id) select generate_series(1, 1000)',
    )
    const workspace = workspaceOf(point.files)
    try {
      const release = (await point.prepare?.(database)) ?? (async () => undefined)
      const run = await stopAt(point, database, workspace.folder)
      await release()
      const journal = await journaled(database)
      expect({
        point: point.name,
        code: run.code,
        exitCode: run.report.exitCode,
        migrations: run.report.migrations.map(({ outcome }) => outcome),
        journal,
        output: run.outputs.outcome,
      }).toEqual({
        point: point.name,
        code: point.code,
        exitCode: point.code,
        migrations: point.migrations,
        journal: point.journaled,
        output: point.code === 130 ? 'cancelled' : 'needs-attention',
      })
      expect(run.summary).not.toBe('')
      expect(`${point.name}: ${run.tookMs < point.withinMs + slackMs}`).toBe(`${point.name}: true`)
      if (point.says !== undefined) expect(run.summary).toMatch(point.says)
      await expectNothingRuns(database)
      if (point.next !== undefined) {
        const next = await runAction({ 'database-url': database.url }, { cwd: workspace.folder })
        expect({ point: point.name, next: next.report.outcome, error: next.report.error }).toEqual({
          point: point.name,
          next: point.next,
          error: null,
        })
        const invalid = await database.query(
          `select indexrelid::regclass from pg_catalog.pg_index where not indisvalid`,
        )
        expect(invalid).toEqual([])
      }
    } finally {
      workspace.dispose()
    }
  })
}

/** A backend that is left behind sees within half a second that its client is gone. */
async function expectNothingRuns(database: TestDatabase): Promise<void> {
  const left = () =>
    database.query(
      `select application_name, query from pg_stat_activity where datname = current_database() and application_name like 'pg-airlock%'`,
    )
  const deadline = Date.now() + 3_000
  while ((await left()).length > 0 && Date.now() < deadline) await pause(50)
  expect(await left()).toEqual([])
}

async function journaled(database: TestDatabase): Promise<string | null> {
  const [there] = await database.query<{ there: boolean }>(
    `select to_regclass('airlock.runs') is not null as there`,
  )
  if (there?.there !== true) return null
  const [run] = await database.query<{ outcome: string }>(
    `select outcome from airlock.runs where ended_at is not null order by started_at desc limit 1`,
  )
  return run?.outcome ?? 'not ended'
}

const sleeping = async (database: TestDatabase) =>
  (
    await database.query(
      `select 1 from pg_stat_activity where datname = current_database() and application_name like 'pg-airlock %' and wait_event = 'PgSleep'`,
    )
  ).length > 0

const says = (text: string) => (_: TestDatabase, stdout: string) => stdout.includes(text)

const lockedItem = async (database: TestDatabase) => {
  const other = await database.connect('application')
  await other.query('begin; lock table item in access share mode')
  return () => other.query('rollback')
}

const price = 'alter table item add column price int;'
const slowUndo = {
  'migrations/1_a.sql': 'create table a (id int);',
  'migrations/rollbacks/1_a_rollback.sql': 'drop table a; select pg_sleep(60);',
  'migrations/verify/1_a_verify.sql': 'select 1 as one;\n-- expect: one = 2\n',
}
const slowFunction = (seconds: number) =>
  `create or replace function slow(integer) returns integer language plpgsql immutable as $$ begin perform pg_sleep(${seconds}); return $1; end $$`

/** A build that takes long by itself, and in whose midst another session opens the table: the INVALID index can't be dropped then. */
function slowBuild(): Pick<Point, 'files' | 'prepare' | 'ready'> {
  let other: Awaited<ReturnType<TestDatabase['connect']>> | undefined
  return {
    files: { 'migrations/1_index.sql': 'create index concurrently item_slow on item (slow(id));' },
    async prepare(database) {
      await database.query(slowFunction(0.05))
      return async () => {
        await other?.query('rollback')
        await database.query(slowFunction(0))
      }
    },
    async ready(database) {
      const [found] = await database.query(`select to_regclass('item_slow') is not null as there`)
      if (found?.there !== true) return false
      other = await database.connect('report')
      await other.query('begin; select count(*) from item')
      return true
    },
  }
}

const points: readonly Point[] = [
  {
    name: 'while a backup is made',
    files: {
      'migrations/1_a.sql': price,
      'airlock.yml': 'backup:\n  command:\n    run: sleep 60\n',
    },
    ready: says('Backup'),
    code: 130,
    withinMs: 1_000,
    migrations: ['not-run'],
    journaled: null,
  },
  {
    name: 'while the baseline is measured',
    files: {
      'migrations/1_a.sql': price,
      'airlock.yml': 'baseline:\n  queries: slow.sql\n',
      'slow.sql': '-- slow\nselect pg_sleep(60);\n',
    },
    ready: sleeping,
    code: 130,
    withinMs: 1_000,
    migrations: ['not-run'],
    journaled: null,
  },
  {
    name: 'while a statement waits for a lock, and between two attempts',
    files: { 'migrations/1_a.sql': price },
    inputs: { 'lock-timeout': '300ms' },
    prepare: lockedItem,
    ready: says('gave way'),
    code: 130,
    withinMs: 1_000,
    migrations: ['failed'],
    journaled: 'cancelled',
    next: 'deployed',
  },
  {
    name: 'in the pause after a batch',
    files: {
      'migrations/1_fill.sql': `-- airlock: batch key=id todo="name is null" size=100 pause=60s\nupdate item set name = 'x' where name is null and id > $1 and id <= $2;`,
    },
    ready: says('100 rows in 1 batches'),
    code: 3,
    withinMs: 1_000,
    migrations: ['rolled-back'],
    journaled: 'needs-attention',
    says: /1 *000|100 updated/,
  },
  {
    name: 'while a verify script asks',
    files: {
      'migrations/1_a.sql': 'create table a (id int);',
      'migrations/verify/1_a_verify.sql':
        'select count(*) as n from (select pg_sleep(60)) s;\n-- expect: n = 1\n',
    },
    ready: sleeping,
    code: 130,
    withinMs: 1_500,
    migrations: ['rolled-back'],
    journaled: 'cancelled',
  },
  {
    name: 'while the application is observed',
    files: { 'migrations/1_a.sql': price, 'airlock.yml': 'observe-for: 60s\n' },
    ready: (_, stdout) =>
      stdout.includes('Observing') || stdout.includes('1 a applied')
        ? pause(300).then(() => true)
        : false,
    code: 130,
    withinMs: 1_500,
    migrations: ['applied'],
    journaled: 'cancelled',
    says: /success criteria/,
  },
  {
    name: 'while it undoes: the undo gets its five seconds',
    files: slowUndo,
    ready: sleeping,
    code: 3,
    withinMs: 6_000,
    migrations: ['failed'],
    journaled: 'needs-attention',
    says: /no time left/,
  },
  {
    name: 'while it undoes, twice: the undo is cancelled',
    files: slowUndo,
    ready: sleeping,
    secondAfter: 500,
    code: 3,
    withinMs: 1_500,
    migrations: ['failed'],
    journaled: 'needs-attention',
    says: /no time left/,
  },
  {
    name: 'during a concurrent build whose INVALID index can’t be dropped',
    ...slowBuild(),
    code: 3,
    withinMs: 6_000,
    migrations: ['failed'],
    journaled: 'needs-attention',
    next: 'deployed',
  },
  {
    name: 'during a concurrent build, twice: the INVALID index is left to the next run',
    ...slowBuild(),
    secondAfter: 1_000,
    code: 3,
    withinMs: 2_500,
    migrations: ['failed'],
    journaled: 'needs-attention',
    next: 'deployed',
  },
]

/** Five at a time: each is a process of its own, and most of their time is waiting. */
const groups = [0, 5].map((start) => points.slice(start, start + 5))

describe('a request to stop reaches a run', () => {
  test.each(groups.map((group) => [group.map(({ name }) => name).join('; '), group] as const))(
    '%s',
    async (_, group) => {
      const seen = await Promise.allSettled(group.map(see))
      const failures = seen.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
      if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n\n'))
    },
    120_000,
  )
})
