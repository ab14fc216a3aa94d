import { describe, expect, test } from '@jest/globals'
import { applicationName } from '../../src/postgres/application-name.ts'
import {
  keeperHorizon,
  releaseRunLock,
  runLockHolder,
  tryRunLock,
} from '../../src/postgres/keeper.ts'
import { servers } from '../support/database.ts'
import { withSessions } from './sessions.ts'

describe.each(servers())('PostgreSQL $major', ({ major }) => {
  test('one run has the lock, the other sees who has it and since when', async () => {
    await withSessions({ major }, async ({ open }) => {
      const observer = await open('observer')
      const keeper = await open('keeper', { applicationName: applicationName('r1', 'keeper') })
      const second = await open('second')
      expect(await runLockHolder(observer)).toBeNull()
      expect(await tryRunLock(keeper)).toBe(true)
      expect(await tryRunLock(second)).toBe(false)
      expect(second.transaction).toBe('idle')
      const holder = await runLockHolder(observer)
      expect(holder).toMatchObject({
        pid: keeper.pid,
        applicationName: 'pg-airlock r1 keeper',
        user: 'postgres',
        client: '127.0.0.1',
      })
      expect(holder?.since).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
      expect(holder?.seconds).toBeGreaterThanOrEqual(0)
      await releaseRunLock(keeper)
      expect(await tryRunLock(second)).toBe(true)
    })
  })

  test('the lock is of one database', async () => {
    await withSessions({ major }, async (one) => {
      await withSessions({ major }, async (other) => {
        expect(await tryRunLock(await one.open('keeper'))).toBe(true)
        expect(await runLockHolder(await other.open('observer'))).toBeNull()
        expect(await tryRunLock(await other.open('keeper'))).toBe(true)
      })
    })
  })

  test('the lock goes with its session', async () => {
    await withSessions({ major }, async ({ open }) => {
      const observer = await open('observer')
      const keeper = await open('keeper')
      await tryRunLock(keeper)
      await keeper.close()
      const second = await open('second')
      const deadline = performance.now() + 5000
      while (!(await tryRunLock(second)) && performance.now() < deadline) {}
      expect((await runLockHolder(observer))?.pid).toBe(second.pid)
    })
  })

  test('the lock is one of the transaction, which a pooler keeps together, and none of the session, which it would leave behind [trap: session-lock-behind-pooler]', async () => {
    await withSessions({ major }, async ({ open }) => {
      const keeper = await open('keeper')
      const second = await open('second')
      expect(await tryRunLock(keeper)).toBe(true)
      await keeper.simple('ROLLBACK')
      expect(await tryRunLock(second)).toBe(true)
      expect(await tryRunLock(keeper)).toBe(false)
    })
  })

  test('the keeper has no snapshot, and a concurrent index build does not wait for it', async () => {
    await withSessions({ major }, async ({ open }) => {
      const observer = await open('observer')
      const keeper = await open('keeper', { unlimited: true })
      const worker = await open('worker')
      await worker.simple('CREATE TABLE t AS SELECT generate_series(1, 1000) AS a')
      expect(await tryRunLock(keeper)).toBe(true)
      expect(await keeperHorizon(observer, keeper)).toBeNull()
      await worker.simple("SET statement_timeout = '3s'")
      await worker.simple('CREATE INDEX CONCURRENTLY i ON t (a)')
      expect(keeper.transaction).toBe('open')
      // The same build waits for a keeper that has run a query: the test can fail.
      await keeper.simple('ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t')
      expect(await keeperHorizon(observer, keeper)).not.toBeNull()
      await worker.simple("SET statement_timeout = '500ms'")
      await expect(worker.simple('CREATE INDEX CONCURRENTLY j ON t (a)')).rejects.toMatchObject({
        code: '57014',
      })
    })
  })
})
