import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import {
  type Awaited as AwaitedAnswer,
  type BackendSight,
  type Lookout,
  lookAtBackend,
  watchAnswer,
} from '../../src/postgres/answer-watch.ts'
import { ServerError } from '../../src/postgres/server-error.ts'
import { connect } from '../../src/postgres/session.ts'
import { applyWorkerSettings, resetWorker } from '../../src/postgres/settings.ts'
import { oldestAndNewest, server } from '../support/database.ts'
import { startSilentProxy } from '../support/silent-proxy.ts'
import { configOf, failureOf, withSessions } from './sessions.ts'

const quick = { firstMs: 100, mostMs: 200, failures: 1 }

test('an answer that takes its time is not a lost one: the server is seen at work on it', async () => {
  await withSessions({}, async ({ open }) => {
    const observer = await open('observer')
    let looks = 0
    const look = (pid: number) => {
      looks += 1
      return lookAtBackend(observer, pid)
    }
    const worker = await open('worker', { patience: { ...quick, look } })
    await worker.simple('SELECT pg_catalog.pg_sleep(2)')
    expect(looks).toBeGreaterThan(3)
    // COPY sends more than a socket takes at once.
    await worker.simple('CREATE TABLE t (a text)')
    const copied = await worker.copyIn('COPY t FROM STDIN', `${'x'.repeat(1000)}\n`.repeat(20_000))
    expect(copied.tag).toBe('COPY 20000')
  })
})

test('nobody is asked where answers come at once', async () => {
  await withSessions({}, async ({ open }) => {
    const look = () => {
      throw new Error('it was asked')
    }
    const worker = await open('worker', { patience: { ...quick, firstMs: 1_000, look } })
    for (let round = 0; round < 100; round++) await worker.query('SELECT 1')
  })
})

test('a server that is out of reach: what was asked is rejected as lost, and so is what is asked next; closing does not hang', async () => {
  const proxy = await startSilentProxy(server())
  const config = configOf(proxy.by(server().adminUrl))
  const look = () => Promise.reject(new Error('nobody there'))
  const session = await connect(config, {
    name: 'worker',
    applicationName: 'x',
    patience: { ...quick, look },
  })
  const idle = await connect(config, { name: 'idle', applicationName: 'x' })
  proxy.silence('all', 'both')
  for (let turn = 0; turn < 2; turn++) {
    expect(await failureOf(session.simple('SELECT 1'))).toMatchObject({
      code: '08006',
      lost: true,
      message: expect.stringMatching(/out of reach \(nobody there\)/),
    })
  }
  expect((await session.lost).message).toMatch(/out of reach/)
  const started = Date.now()
  await idle.close()
  expect(Date.now() - started).toBeLessThan(5_000)
  proxy.close()
})

describe('what the looks say', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => void jest.useRealTimers())

  const waiting: BackendSight = {
    start: 'a',
    state: 'active',
    changed: 't',
    waitsFor: 'ClientRead',
  }

  /** Seconds until the answer is given up, null where it isn't within two minutes. */
  async function givenUpAfter(
    look: Lookout['look'],
    awaited: Partial<AwaitedAnswer> = {},
  ): Promise<number | null> {
    const since = Date.now()
    let after: number | null = null
    const stop = watchAnswer(
      { firstMs: 3_000, mostMs: 5_000, failures: 1, look },
      {
        backendPid: 1,
        backendStart: 'a',
        traffic: () => '',
        uploads: () => false,
        giveUp: () => {
          after = Math.round((Date.now() - since) / 1000)
        },
        ...awaited,
      },
    )
    await jest.advanceTimersByTimeAsync(120_000)
    stop()
    return after
  }

  test('a server that waits for us has lost what was sent in seconds; of an upload, after half a minute in which nothing moved', async () => {
    const uploads = () => true
    expect(await givenUpAfter(async () => waiting)).toBe(7)
    expect(await givenUpAfter(async () => waiting, { uploads })).toBe(31)
    const began = Date.now()
    const traffic = () => String(Math.min(20, Math.floor((Date.now() - began) / 1000)))
    expect(await givenUpAfter(async () => waiting, { uploads, traffic })).toBeGreaterThan(50)
    expect(await givenUpAfter(async () => null, { uploads })).toBe(7)
  })

  test('what arrives while the last look is under way is heard', async () => {
    let heard = 0
    const look = async () => {
      heard += 1
      return waiting
    }
    expect(await givenUpAfter(look, { traffic: () => String(Math.floor(heard / 3)) })).toBeNull()
  })

  test('a backend that has our pid and started later is another', async () => {
    const other = { ...waiting, state: 'active', waitsFor: null }
    expect(await givenUpAfter(async () => other)).toBeNull()
    expect(await givenUpAfter(async () => ({ ...other, start: 'b' }))).toBe(7)
  })

  test.each([
    ['53300', true],
    ['08P01', true],
    ['57014', false],
  ])('a look that is refused with %s tells nothing: the server is in reach', async (code, lost) => {
    const refused = new ServerError({ code, message: 'no', severity: 'FATAL', lost })
    expect(await givenUpAfter(() => Promise.reject(refused))).toBeNull()
    const unreachable = new ServerError({ ...refused, code: '08006', lost: true })
    expect(await givenUpAfter(() => Promise.reject(unreachable))).toBe(3)
  })
})

describe.each(oldestAndNewest())('PostgreSQL $major', ({ major }) => {
  test('a backend of ours ends after about thirty seconds of silence, also after DISCARD ALL', async () => {
    await withSessions({ major }, async ({ open }) => {
      const settings = `SELECT pg_catalog.string_agg(name || ' ' || setting, ', ' ORDER BY name) FROM pg_catalog.pg_settings
        WHERE name LIKE 'tcp\\_%'`
      const expected =
        'tcp_keepalives_count 4, tcp_keepalives_idle 10, tcp_keepalives_interval 5, tcp_user_timeout 30000'
      const read = async (session: Awaited<ReturnType<typeof open>>) =>
        (await session.query(settings)).rows[0]?.[0]
      const worker = await open('worker')
      expect(await read(worker)).toBe(expected)
      const wanted = {
        lockTimeout: 1,
        statementTimeout: 0,
        idleInTransactionTimeout: 1000,
        applicationName: 'x',
      }
      await resetWorker(worker, wanted)
      expect(await read(worker)).toBe(expected)
      await worker.simple('DISCARD ALL')
      expect(await read(worker)).not.toBe(expected)
      await applyWorkerSettings(worker, wanted)
      expect(await read(worker)).toBe(expected)
    })
  })
})
