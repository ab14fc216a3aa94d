import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { type EmbeddedServer, installedMajors, startServer } from '../../scripts/embedded.ts'
import { watchLockWaits } from '../../src/observe/interval/lock-waits.ts'
import { statementTimes } from '../../src/observe/interval/statement-times.ts'
import { withDatabase } from '../support/database.ts'
import { endingOf, runEngine, until } from '../support/engine.ts'
import { withSession } from '../verify/session.ts'

describe('lock waits', () => {
  test('are the sessions of this database that wait, rows included, and of no other', async () => {
    await withSession({}, async (session, database) => {
      await database.query('CREATE TABLE t AS SELECT 1 AS x')
      const [holder, waiter] = [await database.connect(), await database.connect()]
      await holder.query('BEGIN; UPDATE t SET x = 2')
      const waiting = waiter.query('UPDATE t SET x = 3')
      await until(() => database.query('SELECT FROM pg_locks WHERE NOT granted'))
      const waits = await watchLockWaits(session, 600, { stop: () => false })
      expect(waits).toMatchObject({ peak: 1, stopped: false })
      expect(waits.waiting).toBe(waits.samples)
      await withSession({}, async (elsewhere) => {
        expect(await watchLockWaits(elsewhere, 1, { stop: () => false })).toMatchObject({
          waiting: 0,
        })
      })
      await holder.query('COMMIT')
      await waiting
    })
  })

  test('are watched no longer than somebody wants', async () => {
    await withSession({}, async (session) => {
      let asked = 0
      const waits = await watchLockWaits(session, 60_000, { stop: () => ++asked > 2 })
      expect(waits).toMatchObject({ samples: 2, stopped: true })
    })
  })
})

test('a statement is compared only where it ran often enough before and in the interval', () => {
  const snapshot = (calls: number, total: number, key = 'k') => ({
    figures: [{ key, query: 'q', calls, total }],
  })
  expect(statementTimes(snapshot(10, 100), snapshot(12, 130), snapshot(22, 430))).toEqual([
    { query: 'q', callsBefore: 10, meanBefore: 10, callsAfter: 10, meanAfter: 30 },
  ])
  expect(statementTimes(snapshot(4, 100), snapshot(12, 130), snapshot(22, 430))).toEqual([])
  expect(statementTimes(snapshot(10, 100), snapshot(12, 130), snapshot(16, 430))).toEqual([])
  expect(statementTimes(snapshot(10, 100), snapshot(2, 3), snapshot(22, 430))).toEqual([])
  expect(statementTimes(snapshot(10, 100), snapshot(12, 130), snapshot(22, 430, 'other'))).toEqual(
    [],
  )
})

test('without an interval nothing is said of performance, and one that is cut short passes nothing', async () => {
  await withDatabase({}, async (database) => {
    const result = await runEngine(database, 'deploy', {
      files: { '1_a': 'CREATE TABLE a (id int)' },
      gates: { 'observe-for': '2s' },
      on(event, stop) {
        if (event.type === 'phase' && event.title === 'Observing') setTimeout(stop, 50)
      },
    })
    expect(result.report.outcome).toBe('cancelled')
    const waits = result.report.criteria.find(({ id }) => id === 'lock-waits')
    expect(waits).toMatchObject({
      outcome: 'not-checked',
      reason: 'the interval was cut short on request',
    })
  })
}, 30_000)

describe('with pg_stat_statements', () => {
  let server: EmbeddedServer
  let client: pg.Client
  beforeAll(async () => {
    server = await startServer({
      major: installedMajors().at(-1) ?? 18,
      settings: {
        shared_preload_libraries: 'pg_stat_statements',
        'pg_stat_statements.track': 'all',
      },
    })
    client = new pg.Client({ connectionString: server.url('postgres') })
    await client.connect()
    await client.query('CREATE SCHEMA "Stats"; CREATE EXTENSION pg_stat_statements SCHEMA "Stats"')
  }, 30_000)
  afterAll(async () => {
    await client.end()
    await server.stop()
  })

  test('the top statements are kept, and one that became slower is named', async () => {
    const result = await slowedDown(['pace'], {})
    expect(endingOf(result)).toBe('deployed 0')
    const { baseline, criteria } = result.report
    const found = criteria.find(({ id }) => id === 'performance')
    expect(found).toMatchObject({
      outcome: 'warned',
      details: [expect.stringContaining('the application')],
    })
    expect(criteria.find(({ id }) => id === 'lock-waits')).toMatchObject({ outcome: 'passed' })
    expect(
      baseline?.statements[0]?.before.some(([text]) => text?.includes('the application')),
    ).toBe(true)
    expect(JSON.stringify(baseline?.statements)).not.toContain('/* pg-airlock */')
    expect(baseline?.statements[1]?.after?.length).toBeGreaterThan(0)
    expect(baseline?.notes).toEqual([])
  }, 30_000)

  test('with top-statements: 0 there is no table of them, and performance is judged all the same', async () => {
    const { report } = await slowedDown(['pace', 'step'], { baseline: { 'top-statements': 0 } })
    expect(report.criteria.find(({ id }) => id === 'performance')).toMatchObject({
      outcome: 'warned',
      details: [expect.stringContaining('the application')],
    })
    expect(report.baseline?.statements.map(({ title }) => title)).toEqual([
      expect.stringContaining('Mean time before the deployment'),
    ])
  }, 30_000)

  /** A deployment that makes the application's query of the last table slower, after that of the others. */
  async function slowedDown(tables: readonly string[], gates: Readonly<Record<string, unknown>>) {
    const table = tables.at(-1)
    await client.query(`CREATE TABLE ${table} (s float8); INSERT INTO ${table} VALUES (0.001)`)
    const query = `SELECT pg_sleep(s) /* the application */ FROM ${table}`
    for (let call = 0; call < 10; call++) await client.query(query)
    let running = true
    let load: Promise<void> = Promise.resolve()
    const result = await runEngine({ url: server.url('postgres') }, 'deploy', {
      files: Object.fromEntries(
        tables.map((name, index) => [`${index + 1}_${name}`, `UPDATE ${name} SET s = 0.05`]),
      ),
      gates: { 'observe-for': '2s', ...gates },
      on(event) {
        if (event.type !== 'phase' || event.title !== 'Observing') return
        load = (async () => {
          while (running) await client.query(query)
        })()
      },
    })
    running = false
    await load
    return result
  }

  test('a role that sees only its own statements is told so, and nothing passes', async () => {
    await client.query(`CREATE ROLE low LOGIN PASSWORD 'p'`)
    await client.query('CREATE DATABASE own OWNER low')
    const url = new URL(server.url('own'))
    url.username = 'low'
    url.password = 'p'
    const admin = new pg.Client({ connectionString: server.url('own') })
    await admin.connect()
    await admin.query('CREATE EXTENSION pg_stat_statements; CREATE TABLE pace AS SELECT 1 AS x')
    for (let call = 0; call < 10; call++) await admin.query('SELECT x FROM pace')
    await admin.end()
    const { report } = await runEngine({ url: url.href }, 'deploy', {
      files: { '1_a': 'CREATE SCHEMA mine' },
      gates: { 'observe-for': '100ms' },
    })
    expect(report.outcome).toBe('deployed')
    expect(report.baseline?.notes).toEqual([
      expect.stringContaining('GRANT pg_read_all_stats TO low'),
    ])
    expect(report.criteria.find(({ id }) => id === 'performance')).toMatchObject({
      outcome: 'not-checked',
      reason: expect.stringContaining('GRANT pg_read_all_stats TO low'),
    })
    expect(JSON.stringify(report.baseline?.statements)).not.toContain('insufficient privilege')
  }, 30_000)
})
