import type { ChildProcess } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'
import { server, type TestDatabase, withDatabase } from '../support/database.ts'
import { until } from '../support/engine.ts'
import {
  hasPgBouncer,
  type PgBouncer,
  type PoolMode,
  startPgBouncer,
} from '../support/pgbouncer.ts'
import { runAction } from '../support/program.ts'
import { workspaceOf } from '../support/workspace.ts'

const locksHeld = (database: TestDatabase) =>
  database.query(
    `select count(*)::int from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`,
  )

interface Place {
  readonly database: TestDatabase
  readonly pooler: PgBouncer
  /** The built action by way of the pooler. */
  readonly deploy: (
    inputs?: Readonly<Record<string, string>>,
    started?: (child: ChildProcess) => void,
  ) => ReturnType<typeof runAction>
}

async function behind(
  mode: PoolMode,
  files: Readonly<Record<string, string>>,
  act: (place: Place) => Promise<void>,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  await withDatabase({}, async (database) => {
    await database.query('create table counted (id int)')
    const pooler = await startPgBouncer(server(), mode, settings)
    const workspace = workspaceOf(files)
    const url = pooler.by(database.url)
    try {
      await act({
        database,
        pooler,
        deploy: (inputs = {}, started = () => {}) =>
          runAction({ 'database-url': url, ...inputs }, { cwd: workspace.folder, started }),
      })
    } finally {
      workspace.dispose()
      await pooler.stop()
    }
  })
}

const slow = { 'migrations/1_slow.sql': 'insert into counted values (1);\nselect pg_sleep(30);' }
const atWork = (database: TestDatabase) =>
  until(() =>
    database.query(
      `select pid from pg_stat_activity where datname = current_database() and state = 'active' and query like '%pg_sleep%' and pid <> pg_backend_pid()`,
    ),
  )

const describePooler = hasPgBouncer ? describe : describe.skip

describePooler('behind a real PgBouncer', () => {
  test.each(['transaction', 'statement'] as const)(
    '[trap: session-lock-behind-pooler] in %s mode a run is refused with the advice to take the direct URL: nothing changed, nothing locked',
    async (mode) => {
      const files = { 'migrations/1_a.sql': 'insert into counted values (1);' }
      await behind(mode, files, async ({ database, deploy }) => {
        const { code, report, summary, stdout } = await deploy()
        expect([code, report.outcome]).toEqual([1, 'refused'])
        expect(report.error).toMatchObject({
          message: expect.stringMatching(/connection pooler in (transaction|statement) mode/),
          fix: expect.stringMatching(/direct URL/),
        })
        expect(summary + stdout).toMatch(/direct URL/)
        expect(
          await database.query(
            `select to_regnamespace('airlock') as journal, (select count(*)::int from counted) as rows`,
          ),
        ).toEqual([{ journal: null, rows: 0 }])
        expect(await locksHeld(database)).toEqual([{ count: 0 }])
      })
    },
  )

  test('in session mode a run deploys: a transaction, a concurrent index, a batch; the pooler gets its connections back clean', async () => {
    const files = {
      'migrations/1_a.sql':
        'insert into counted select generate_series(1, 100);\nalter table counted alter id set not null;',
      'migrations/2_b.sql': 'create index concurrently counted_id on counted (id);',
      'migrations/3_c.sql': `alter table counted add done boolean;\n\n-- airlock: batch key=id todo="done is null" size=30\nupdate counted set done = true where id > $1 and id <= $2;`,
    }
    await behind('session', files, async ({ database, deploy }) => {
      const { code, report } = await deploy()
      expect([code, report.outcome, report.error]).toEqual([0, 'deployed', null])
      expect(await database.query('select count(*)::int from counted where done')).toEqual([
        { count: 100 },
      ])
      await until(async () => (await locksHeld(database)).filter(({ count }) => count === 0))
      const again = await deploy()
      expect([again.code, again.report.outcome]).toEqual([0, 'nothing-to-do'])
    })
  })

  test('in session mode a cancelled run cancels the right backend, and a second run waits for the lock and says for whom', async () => {
    await behind('session', slow, async ({ database, deploy }) => {
      let process: ChildProcess | undefined
      const running = deploy({}, (child) => {
        process = child
      })
      await atWork(database)
      const second = await deploy({ 'run-lock-timeout': '1s' })
      expect([second.code, second.report.outcome]).toEqual([1, 'refused'])
      expect(second.report.error?.message).toMatch(/pg-airlock [0-9a-f]{16} keeper/)
      process?.kill('SIGINT')
      const { code, report } = await running
      expect([code, report.outcome]).toEqual([130, 'cancelled'])
      expect(await database.query('select * from counted')).toEqual([])
      await until(async () => (await locksHeld(database)).filter(({ count }) => count === 0))
    })
  })

  test('in session mode a killed run leaves nothing locked, and the next one goes on at once', async () => {
    await behind('session', slow, async ({ database, deploy }) => {
      let process: ChildProcess | undefined
      const running = deploy({}, (child) => {
        process = child
      })
      await atWork(database)
      process?.kill('SIGKILL')
      await running
      await database.query(`create function public.pg_sleep(int) returns void language sql as ''`)
      await database.query(
        `alter database ${JSON.stringify(database.name)} set search_path = public, pg_catalog`,
      )
      const { code, report, stdout } = await deploy()
      expect([code, report.outcome, stdout.match(/Ending what a killed run left/)?.[0]]).toEqual([
        0,
        'deployed',
        undefined,
      ])
      expect(await database.query('select * from counted')).toEqual([{ id: 1 }])
      await until(async () => (await locksHeld(database)).filter(({ count }) => count === 0))
    })
  })
})
