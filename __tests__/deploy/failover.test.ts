import { afterAll, beforeAll, expect, test } from '@jest/globals'
import pg from 'pg'
import { type EmbeddedServer, startServer, startStandby } from '../../scripts/embedded.ts'
import { server } from '../support/database.ts'
import { deployFiles, endingOf, until } from '../support/engine.ts'
import { startSilentProxy } from '../support/silent-proxy.ts'

let primary: EmbeddedServer
let standby: EmbeddedServer
const clients: pg.Client[] = []
const closing: { close(): void }[] = []

async function open(home: EmbeddedServer, database: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: home.url(database) })
  client.on('error', () => {})
  await client.connect()
  clients.push(client)
  return client
}

beforeAll(async () => {
  primary = await startServer({
    major: server().major,
    settings: { wal_level: 'replica', synchronous_commit: 'on' },
  })
  const admin = await open(primary, 'postgres')
  await admin.query('create database shop')
  const shop = await open(primary, 'shop')
  await shop.query(
    'create table counted (id int); create table naps (s int); insert into naps values (60)',
  )
  standby = await startStandby(primary, { wal_retrieve_retry_interval: '100ms' }, async (copy) => {
    const [start, stop] =
      primary.major < 15
        ? [`pg_start_backup('copy', true, false)`, 'pg_stop_backup(false)']
        : [`pg_backup_start('copy', true)`, 'pg_backup_stop(false)']
    await admin.query(`select ${start}`)
    copy()
    const { rows } = await admin.query<{ labelfile: string }>(`select labelfile from ${stop}`)
    return rows[0]?.labelfile ?? ''
  })
}, 60_000)

afterAll(async () => {
  await Promise.all(clients.map((client) => client.end().catch(() => {})))
  for (const each of closing) each.close()
  await standby?.stop()
  await primary?.stop()
})

test('a server that crashes and recovers in the middle of a run: what it took back is undone and proven, and the next run goes on', async () => {
  await clients[0]?.query('create database crash')
  const crash = await open(primary, 'crash')
  await crash.query('create table naps (s int); insert into naps values (60)')
  const files = {
    '1_a': 'create table a (id int);',
    '2_b':
      'create table b (id int);\ncommit;\ncreate table c (id int);\nselect pg_sleep(s) from naps;',
  }
  const running = deployFiles({ url: primary.url('crash') }, { files })
  const { pid } = await until(
    async () =>
      (
        await crash.query<{ pid: number }>(
          `select pid from pg_stat_activity where datname = 'crash' and query ~ 'pg_sleep' and application_name ~ 'worker'`,
        )
      ).rows,
  )
  // Of a backend that was killed nobody knows what it did to shared memory: the postmaster ends all others and recovers.
  process.kill(pid, 'SIGKILL')
  const first = await running
  expect(endingOf(first)).toMatch(/^rolled-back 1: /)
  const after = await open(primary, 'crash')
  const tables = async () =>
    (await after.query(`select relname from pg_class where relname in ('a', 'b', 'c') order by 1`))
      .rows
  expect(await tables()).toEqual([{ relname: 'a' }])
  await after.query('update naps set s = 0')
  expect(endingOf(await deployFiles({ url: primary.url('crash') }, { files }))).toBe('deployed 0')
  expect(await tables()).toEqual([{ relname: 'a' }, { relname: 'b' }, { relname: 'c' }])
}, 60_000)

test('a failover to a promoted standby that lacks the last commit: the run does not go on there, the next one finds out what is there and goes on from it', async () => {
  const there = await open(standby, 'shop')
  const proxy = await startSilentProxy(primary)
  closing.push(proxy)
  const url = proxy.by(primary.url('shop'))
  const files = {
    '1_a': 'insert into counted values (1);',
    '2_b':
      'insert into counted values (2);\ncommit;\nselect pg_sleep(2);\ninsert into counted values (3);',
    '3_c': 'insert into counted values (4);\nselect pg_sleep(s) from naps;',
  }
  const caughtUp = (id: number) =>
    until(
      async () => (await there.query('select 1 as found from counted where id = $1', [id])).rows,
    )
  /** What is committed from now on exists on the primary alone. */
  const stopReplication = async () => {
    await caughtUp(2)
    await there.query(`alter system set primary_conninfo = ''`)
    await there.query('select pg_reload_conf()')
    await until(
      async () =>
        (await there.query('select 1 as found where not exists (select from pg_stat_wal_receiver)'))
          .rows,
    )
  }
  const failOver = async () => {
    await there.query('select pg_promote()')
    proxy.switchTo(standby)
    await primary.kill()
  }
  // The crash before has interrupted it.
  await until(
    async () =>
      (await there.query(`select 1 as found from pg_stat_wal_receiver where status = 'streaming'`))
        .rows,
  )
  let happening: Promise<unknown> = Promise.resolve()
  const first = await deployFiles(
    { url },
    {
      files,
      on: (event) => {
        if (event.type !== 'step-finished' && event.type !== 'step-started') return
        const { version } = event.migration
        if (event.type === 'step-finished' && version === '2' && event.step.ordinal === 1) {
          happening = stopReplication()
        }
        if (event.type === 'step-started' && version === '3') happening = happening.then(failOver)
      },
    },
  )
  await happening
  expect(endingOf(first)).toMatch(/^needs-attention 3: /)
  expect(first.report.warnings.join()).toMatch(/there was a failover/)
  const journal = `select version, state from airlock.migrations order by id`
  expect((await there.query(journal)).rows).toEqual([
    { version: '1', state: 'verified' },
    { version: '2', state: 'running' },
  ])
  const counted = async () => (await there.query('select id from counted order by id')).rows
  expect(await counted()).toEqual([{ id: 1 }, { id: 2 }])

  await there.query('update naps set s = 0')
  const second = await deployFiles({ url }, { files })
  expect(endingOf(second)).toBe('deployed 0')
  expect(await counted()).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }])
  // Whoever still believes in the first run can write nothing under its name.
  const runs = await there.query(
    `select id, epoch::int, outcome from airlock.runs order by started_at`,
  )
  expect(runs.rows).toMatchObject([{ outcome: 'abandoned' }, { outcome: 'deployed' }])
  await expect(
    there.query('select airlock.hold_run($1, $2)', [runs.rows[0].id, runs.rows[0].epoch - 1]),
  ).rejects.toMatchObject({ code: 'AL001' })
  expect(runs.rows[1].epoch).toBeGreaterThan(runs.rows[0].epoch)
}, 60_000)
