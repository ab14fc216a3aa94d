import { describe, expect, test } from '@jest/globals'
import { endBackend } from '../../src/deploy/connections/end-backend.ts'
import { StopRequests } from '../../src/deploy/stop/cancellation.ts'
import {
  type Cancellable,
  Canceller,
  cancelAnew,
  cancelBy,
  whileCancellable,
} from '../../src/deploy/stop/cancelling.ts'
import { isUndoOver, stoppableUndo } from '../../src/deploy/stop/undo-time.ts'
import { resolveConnection } from '../../src/postgres/connection.ts'
import { connect } from '../../src/postgres/session.ts'
import type { Session } from '../../src/postgres/types.ts'
import { type TestDatabase, withDatabase } from '../support/database.ts'
import { deployFiles, endingOf, runEngine, until } from '../support/engine.ts'

const open = (database: TestDatabase, name: string) =>
  connect(resolveConnection({ url: database.url, env: {} }), { name, applicationName: name })

interface Stage {
  readonly worker: Session
  readonly observer: Session
  readonly cancellation: StopRequests
  readonly cancellable: { now: boolean }
}

async function onStage(act: (stage: Stage, database: TestDatabase) => Promise<void>) {
  await withDatabase({}, async (database) => {
    const worker = await open(database, 'worker')
    const observer = await open(database, 'observer')
    const cancellation = new StopRequests()
    const cancellable = { now: false }
    const reach = () => open(database, 'second observer')
    const send = cancelBy(observer, () => worker, reach)
    const canceller = new Canceller(cancellable, send)
    cancellation.onRequest(() => canceller.cancel())
    try {
      await act({ worker, observer, cancellation, cancellable }, database)
    } finally {
      await worker.close()
      await observer.close()
    }
  })
}

const asleep = (database: TestDatabase, name: string) => () =>
  database.query(
    `select 1 as one from pg_stat_activity where datname = current_database() and application_name = '${name}' and wait_event = 'PgSleep'`,
  )

describe('a cancel', () => {
  test('goes out within a second though the observer is busy with a slow look, which it ends too', async () => {
    await onStage(async (stage, database) => {
      const { worker, observer, cancellation } = stage
      const look = observer.query('select pg_sleep(20)').catch((error: Error) => error.message)
      const statement = whileCancellable(stage, () => worker.query('select pg_sleep(20)'))
      await Promise.all([until(asleep(database, 'worker')), until(asleep(database, 'observer'))])
      const sentAt = Date.now()
      cancellation.request()
      await expect(statement).rejects.toMatchObject({ code: '57014' })
      expect(Date.now() - sentAt).toBeLessThan(1_000)
      expect(await look).toMatch(/canceling statement/)
    })
  })

  test('that finds the backend idle between two queries is sent again, and hits the next of them', async () => {
    await onStage(async (stage) => {
      const { worker, cancellation } = stage
      const sentAt = Date.now()
      const act = whileCancellable(stage, async () => {
        cancellation.request()
        await new Promise((resolve) => setTimeout(resolve, 100))
        await worker.query('select pg_sleep(20)')
      })
      await expect(act).rejects.toMatchObject({ code: '57014' })
      expect(Date.now() - sentAt).toBeLessThan(1_500)
    })
  })

  test('never hits what is sent after what it was meant for', async () => {
    await withDatabase({}, async (database) => {
      const worker = await open(database, 'worker')
      const observer = await open(database, 'observer')
      const send = cancelBy(
        observer,
        () => worker,
        () => open(database, 'second observer'),
      )
      let cancelled = 0
      try {
        for (let round = 0; round < 150; round += 1) {
          const cancellation = new StopRequests()
          const cancellable = { now: false }
          const canceller = new Canceller(cancellable, send)
          cancellation.onRequest(() => canceller.cancel())
          const statement = whileCancellable({ cancellation, cancellable }, () =>
            worker.query('select pg_sleep(0.003)'),
          )
          await new Promise((resolve) => setTimeout(resolve, round % 6))
          cancellation.request()
          await statement.catch((error: unknown) => {
            expect(error).toMatchObject({ code: '57014' })
            cancelled += 1
          })
          await worker.query('select pg_sleep(0.002)')
        }
      } finally {
        await worker.close()
        await observer.close()
      }
      expect(cancelled).toBeGreaterThan(0)
    })
  })

  test('is waited for by what it was meant for, and by nothing else: two may be on their way for one request', async () => {
    const cancellation = new StopRequests()
    const [inner, outer]: Cancellable[] = [{ now: false }, { now: false }]
    if (inner === undefined || outer === undefined) throw new Error('unreachable')
    const ended: string[] = []
    const slowly = (name: string, ms: number) => async () => {
      await new Promise((resolve) => setTimeout(resolve, ms))
      ended.push(name)
    }
    const cancellers = [
      new Canceller(inner, slowly('cancel of the inner', 100)),
      new Canceller(outer, slowly('cancel of the outer', 10)),
    ]
    await whileCancellable({ cancellation, cancellable: outer }, async () => {
      await whileCancellable({ cancellation, cancellable: inner }, async () => {
        for (const canceller of cancellers) canceller.cancel()
      })
      ended.push('inner')
    })
    expect(ended.filter((name) => !name.endsWith('outer'))).toEqual([
      'cancel of the inner',
      'inner',
    ])
    expect(ended.at(-1)).not.toBe('cancel of the inner')
  })

  test('by a pid that another backend has by now hits nobody', async () => {
    await onStage(async ({ worker, observer }, database) => {
      const restarted = {
        backendPid: worker.backendPid,
        backendStart: '2020-01-01T00:00:00.000000Z',
      }
      const reach = () => open(database, 'second observer')
      const statement = worker.query('select pg_sleep(0.5)')
      await until(asleep(database, 'worker'))
      await cancelBy(observer, () => restarted, reach)(() => true)
      await cancelAnew([restarted], reach, () => true)
      await endBackend(observer, restarted)
      await expect(statement).resolves.toMatchObject({ tag: 'SELECT 1' })
    })
  })

  test('is not sent where nothing runs that it may hit', async () => {
    await onStage(async (stage) => {
      const { worker, cancellation } = stage
      const commit = worker.query('select pg_sleep(0.3)')
      cancellation.request()
      await expect(commit).resolves.toMatchObject({ tag: 'SELECT 1' })
      await expect(whileCancellable(stage, () => worker.query('select 1'))).rejects.toThrow(
        'cancelled on request',
      )
    })
  })
})

describe('the time of an undo', () => {
  test('is what is left of its budget after the first request, and nothing after the second', async () => {
    const cancellation = new StopRequests()
    const undo = stoppableUndo(cancellation, 50)
    expect(isUndoOver({ undo })).toBe(false)
    cancellation.request()
    expect(isUndoOver({ undo })).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(isUndoOver({ undo })).toBe(true)

    const insistent = new StopRequests()
    const hasty = stoppableUndo(insistent, 60_000)
    insistent.request()
    insistent.request()
    expect(hasty.cancellation.requested).toBe(true)
  })
})

describe('a run that is asked to stop', () => {
  const slow = `create function slow(integer) returns boolean language plpgsql stable as $$ begin perform pg_sleep(20); return true; end $$;
    create table item (id int primary key, name text); insert into item (id) select generate_series(1, 10)`

  const napping = (database: TestDatabase) =>
    until(() =>
      database.query(
        `select 1 as one from pg_stat_activity where datname = current_database() and application_name like 'pg-airlock%' and wait_event = 'PgSleep'`,
      ),
    )

  /** Asks for it as soon as something of the run sleeps on the server; returns how long it then took, and how it ended. */
  async function stoppedAsleep(
    database: TestDatabase,
    command: 'deploy' | 'rollback',
    options: Parameters<typeof deployFiles>[1],
  ) {
    let stop: () => void = () => undefined
    const run = runEngine(database, command, { ...options, on: (_, ask) => (stop = ask) })
    await napping(database)
    const sentAt = Date.now()
    stop()
    const result = await run
    expect(Date.now() - sentAt).toBeLessThan(2_000)
    return result
  }

  test('while it asks the data ends before the first change', async () => {
    await withDatabase({}, async (database) => {
      await database.query(slow)
      const result = await stoppedAsleep(database, 'deploy', {
        files: { '1_check': 'alter table item add constraint slowly check (slow(id));' },
      })
      expect(endingOf(result)).toMatch(/^cancelled 130/)
      expect(
        await database.query(`select to_regnamespace('airlock') is null as unjournaled`),
      ).toEqual([{ unjournaled: true }])
    })
  })

  test('during a batch: its transaction is rolled back, and nothing is left', async () => {
    await withDatabase({}, async (database) => {
      await database.query(slow)
      const result = await stoppedAsleep(database, 'deploy', {
        files: {
          '1_fill': `-- airlock: batch key=id todo="name is null" size=5\nupdate item set name = slow(id)::text where name is null and id > $1 and id <= $2;`,
        },
      })
      expect(endingOf(result)).toMatch(/^cancelled 130: Cancelled on request/)
      expect(await database.query('select 1 from item where name is not null')).toEqual([])
    })
  })

  test('while it counts the rows that a step will remove: the count is cancelled', async () => {
    await withDatabase({}, async (database) => {
      await database.query(`${slow}; do $$ begin create role counted; exception when duplicate_object then null; end $$;
        grant all on schema public to counted; alter table item owner to counted;
        alter table item enable row level security; alter table item force row level security; create policy p on item using (slow(id))`)
      const result = await stoppedAsleep(database, 'deploy', {
        settings: { role: 'counted' },
        files: { '1_drop': 'drop table item;' },
      })
      await database.query('drop owned by counted')
      expect(endingOf(result)).toMatch(/^cancelled 130/)
    })
  })

  test('during the command rollback: the statement is cancelled at once, and the migration stays', async () => {
    await withDatabase({}, async (database) => {
      const files = {
        '1_a': 'create table a (id int);',
        'rollbacks/1_a_rollback': 'drop table a; select pg_sleep(20);',
      }
      expect(endingOf(await deployFiles(database, { files }))).toBe('deployed 0')
      const result = await stoppedAsleep(database, 'rollback', { files })
      expect(endingOf(result)).toMatch(/^cancelled 130/)
      expect(result.migration.rollback?.reason).toMatch(/nothing of it was done/)
      const [left] = await database.query(
        `select to_regclass('a') is not null as stays, (select outcome from airlock.runs order by started_at desc limit 1) as outcome`,
      )
      expect(left).toEqual({ stays: true, outcome: 'cancelled' })
    })
  })

  test('while it measures after the last change: all migrations stay, and the criteria are said not to be judged', async () => {
    await withDatabase({}, async (database) => {
      await database.query(slow)
      const result = await stoppedAsleep(database, 'deploy', {
        files: { '1_a': 'create table a (id int);' },
        queries: `-- waits for the migration\nselect case when to_regclass('a') is null then null else pg_sleep(20) end;`,
        gates: { baseline: { queries: 'docs/db/observability.sql' } },
      })
      expect(endingOf(result)).toMatch(/^cancelled 130/)
      expect(result.migration.outcome).toBe('applied')
      expect(result.report.warnings.join()).toMatch(/success criteria/)
    })
  })
})
