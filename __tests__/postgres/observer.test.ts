import { describe, expect, test } from '@jest/globals'
import {
  applicationName,
  applicationPrefix,
  parseApplicationName,
} from '../../src/postgres/application-name.ts'
import { cancelBackend, endOrphans, orphansOf } from '../../src/postgres/observer.ts'
import { servers } from '../support/database.ts'
import { failureOf, withSessions } from './sessions.ts'

describe.each(servers())('PostgreSQL $major', ({ major }) => {
  test('a running statement is cancelled from beside it', async () => {
    await withSessions({ major }, async ({ open }) => {
      const observer = await open('observer')
      const worker = await open('worker')
      const running = failureOf(worker.query('SELECT pg_sleep(60)'))
      const state = "SELECT state FROM pg_stat_activity WHERE pid = $1 AND query ~ 'sleep'"
      // A cancel that comes before the statement does nothing.
      while ((await observer.query(state, [worker.pid])).rows[0]?.[0] !== 'active') {}
      expect(await cancelBackend(observer, worker.pid)).toBe(true)
      expect(await running).toMatchObject({ code: '57014', lost: false })
      expect(await cancelBackend(observer, 999_999)).toBe(false)
    })
  })

  test('orphans are the sessions of other runs, and are ended when their time is over', async () => {
    await withSessions({ major }, async ({ open }) => {
      const observer = await open('observer', {
        applicationName: applicationName('new', 'observer'),
      })
      const orphan = await open('worker', {
        applicationName: applicationName('old', 'worker', '20250115120000'),
      })
      await open('someone', { applicationName: 'pg-airlockish' })
      await orphan.simple('BEGIN; CREATE TABLE half (a int)')
      const found = await orphansOf(observer, 'new')
      expect(found).toMatchObject([
        {
          pid: orphan.pid,
          state: 'idle in transaction',
          name: { run: 'old', role: 'worker', version: '20250115120000' },
        },
      ])
      const terminated: number[] = []
      const left = await endOrphans(observer, 'new', {
        graceMs: 200,
        onTerminate: ({ pid }) => terminated.push(pid),
      })
      expect(left).toEqual([])
      expect(terminated).toEqual([orphan.pid])
      expect(await orphan.lost).toMatchObject({ code: '57P01' })
      expect((await observer.query("SELECT to_regclass('half')")).rows).toEqual([[null]])
    })
  })

  test('an orphan that ends by itself in time is not terminated', async () => {
    await withSessions({ major }, async ({ open }) => {
      const observer = await open('observer')
      const orphan = await open('worker', { applicationName: applicationName('old', 'worker') })
      const terminated: number[] = []
      const ending = endOrphans(observer, 'new', {
        graceMs: 10_000,
        onTerminate: ({ pid }) => terminated.push(pid),
      })
      await orphan.close()
      expect(await ending).toEqual([])
      expect(terminated).toEqual([])
    })
  })

  test('an orphan that the role may not end, or not even see the type of, is left, and no error hides it', async () => {
    await withSessions({ major }, async ({ open, database }) => {
      await open('worker', { applicationName: applicationName('old', 'worker') })
      const seer = `seer_${database.name}`
      await database.query(`create role "${seer}"`)
      try {
        for (const grant of [`select 1`, `grant pg_read_all_stats to "${seer}"`]) {
          await database.query(grant)
          const observer = await open('observer')
          await observer.simple(`SET ROLE "${seer}"`)
          const left = await endOrphans(observer, 'new', { graceMs: 0, endMs: 100 })
          expect(left.map(({ name }) => name.run)).toEqual(['old'])
        }
      } finally {
        await database.query(`drop role "${seer}"`)
      }
    })
  })

  test('runs that are not unfinished are left alone', async () => {
    await withSessions({ major }, async ({ open }) => {
      const observer = await open('observer')
      const other = await open('worker', { applicationName: applicationName('fine', 'worker') })
      expect(
        await endOrphans(observer, 'new', {
          graceMs: 0,
          isOrphan: ({ name }) => name.run === 'old',
        }),
      ).toEqual([])
      expect((await other.query('SELECT 1')).rows).toEqual([['1']])
    })
  })
})

test('an application name can be read back, whatever is in it', () => {
  expect(applicationName('r1', 'worker', '1.2')).toBe('pg-airlock r1 worker 1.2')
  expect(parseApplicationName('pg-airlock r1 worker 1.2')).toEqual({
    run: 'r1',
    role: 'worker',
    version: '1.2',
  })
  expect(applicationName('r1', 'worker', 'ä b')).toBe('pg-airlock r1 worker __b')
  expect(applicationName('r', 'worker', '9'.repeat(100))).toHaveLength(63)
  expect(parseApplicationName('psql')).toBeNull()
  expect(applicationName('r1', 'x').startsWith(applicationPrefix('r1'))).toBe(true)
  expect(applicationName('r12', 'x').startsWith(applicationPrefix('r1'))).toBe(false)
})
