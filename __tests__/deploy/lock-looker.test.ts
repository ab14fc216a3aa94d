import { describe, expect, test } from '@jest/globals'
import { lockLooker } from '../../src/deploy/waits/lock-looker.ts'
import { recordLocks } from '../../src/deploy/waits/lock-record.ts'
import type { WaitLimits } from '../../src/deploy/waits/wait-tally.ts'
import { resolveConnection } from '../../src/postgres/connection.ts'
import { connect } from '../../src/postgres/session.ts'
import type { Session } from '../../src/postgres/types.ts'
import type { BlockersPolicy } from '../../src/runbook/gates/locks.ts'
import { at, report, step } from '../report/samples.ts'
import { type TestDatabase, withDatabase } from '../support/database.ts'
import { until } from '../support/engine.ts'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const relaxed: WaitLimits = { totalMs: 60_000, queuedMs: 60_000, heldMs: 60_000 }
const running = () => false

const sessionOf = (database: TestDatabase, name: string) =>
  connect(resolveConnection({ url: database.url, env: {} }), { name, applicationName: name })

/** A worker that waits for a lock of `holder`, whose query is as given, and a looker at it. */
async function whileWaiting(
  query: string,
  act: (watched: {
    readonly looker: ReturnType<typeof lockLooker>
    readonly observer: Session
    readonly into: ReturnType<typeof report>
    readonly limits: { now: WaitLimits }
    readonly isHolderAlive: () => Promise<boolean>
  }) => Promise<void>,
  blockers?: BlockersPolicy,
): Promise<void> {
  await withDatabase({}, async (database) => {
    await database.query('create table t (a int)')
    const holder = await database.connect('holder')
    await holder.query(query)
    const [worker, observer] = [
      await sessionOf(database, 'a worker'),
      await sessionOf(database, 'an observer'),
    ]
    const into = report({})
    const limits = { now: relaxed }
    const run = {
      observer,
      connections: { worker },
      locks: recordLocks(into, () => undefined),
      guards: { blockers, disk: undefined },
      redact: <Data>(data: Data) => JSON.parse(JSON.stringify(data).replaceAll(secret, '***')),
    }
    const place = { version: '1', step: step(1, 's', { where: at('a.sql', 3) }), statement: null }
    const looker = lockLooker(run, () => ({ place, limits: limits.now }))
    const waiting = worker.simple('alter table t add column b int').catch(() => undefined)
    await until(() =>
      database.query(`select 1 from pg_locks where not granted and pid = ${worker.backendPid}`),
    )
    const isHolderAlive = () =>
      holder.query('select 1').then(
        () => true,
        () => false,
      )
    await act({ looker, observer, into, limits, isHolderAlive })
    await holder.query('rollback').catch(() => undefined)
    await waiting
    await worker.close()
    await observer.close()
  })
}

const secret = 'correct horse battery staple'

describe('a look at the locks', () => {
  test('hides a secret of another session’s query before it cuts the query, so that no half of one is left', async () => {
    const head = `begin; lock table t; select '${'x'.repeat(150)}`
    await whileWaiting(`${head}${secret}'`, async ({ looker, observer, into }) => {
      await looker.look(observer, running)
      expect(head.length).toBeLessThan(200)
      expect(`${head}${secret}`.length).toBeGreaterThan(200)
      expect(into.locks?.blockers[0]?.query).toBe(`${head}***'`)
    })
  })

  test('judges by the limits of what runs now, not of what ran when it was planned', async () => {
    await whileWaiting('begin; lock table t', async ({ looker, observer, limits }) => {
      limits.now = { ...relaxed, totalMs: 40 }
      looker.nextMs()
      await pause(60)
      limits.now = relaxed
      expect(await looker.look(observer, running)).toBeNull()
      limits.now = { ...relaxed, totalMs: 41 }
      expect(await looker.look(observer, running)).not.toBeNull()
    })
  })

  test('that failed counts its time once, and its cause stays', async () => {
    await whileWaiting('begin; lock table t', async ({ looker, observer, into }) => {
      looker.nextMs()
      await pause(1_300)
      looker.blind?.(1_300, 'the connection was closed')
      await looker.look(observer, running)
      expect(into.locks?.reason).toBe('Nobody looked for 1.3s in all: the connection was closed.')
    })
  })

  test('that is answered when the statement has ended ends nobody, and is not kept', async () => {
    const policy: BlockersPolicy = {
      action: 'terminate',
      applications: ['holder'],
      'older-than': 0,
    }
    await whileWaiting(
      'begin; lock table t',
      async ({ looker, observer, into, isHolderAlive }) => {
        expect(await looker.look(observer, () => true)).toBeNull()
        expect(into.locks).toMatchObject({ blockers: [], looks: 0 })
        expect(await isHolderAlive()).toBe(true)
        await looker.look(observer, running)
        expect(into.locks?.blockers).toMatchObject([{ action: 'terminated' }])
        expect(await isHolderAlive()).toBe(false)
      },
      policy,
    )
  })
})
