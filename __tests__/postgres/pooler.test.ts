import { describe, expect, test } from '@jest/globals'
import { poolingOf } from '../../src/postgres/pooler.ts'
import { servers } from '../support/database.ts'
import { withSessions } from './sessions.ts'

describe.each(servers())('PostgreSQL $major', ({ major }) => {
  test('without a pooler nothing is asked', async () => {
    await withSessions({ major }, async ({ open }) => {
      const worker = await open('worker')
      const observer = await open('observer')
      const before = worker.roundTrips + observer.roundTrips
      expect(await poolingOf(worker, observer)).toBe('none')
      expect(worker.roundTrips + observer.roundTrips).toBe(before)
    })
  })
})
