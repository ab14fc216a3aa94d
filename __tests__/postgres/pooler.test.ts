import { describe, expect, test } from '@jest/globals'
import { poolingOf } from '../../src/postgres/pooler.ts'
import { connect } from '../../src/postgres/session.ts'
import { server, servers, withDatabase } from '../support/database.ts'
import { hasPgBouncer, startPgBouncer } from '../support/pgbouncer.ts'
import { configOf, withSessions } from './sessions.ts'

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

const testPooler = hasPgBouncer ? test : test.skip

testPooler.each([
  ['transaction', '0'],
  ['transaction', '1'],
  ['session', '1'],
] as const)(
  'PgBouncer in %s mode is told apart, also where it deals out two connections in turn (server_round_robin = %s)',
  async (mode, turn) => {
    await withDatabase({}, async (database) => {
      const settings = { server_round_robin: turn, default_pool_size: '2' }
      const pooler = await startPgBouncer(server(), mode, settings)
      try {
        const config = configOf(pooler.by(database.url))
        const open = (name: string) => connect(config, { name, applicationName: name })
        const [first, second] = [await open('first'), await open('second')]
        // Both of its connections are made.
        for (const session of [first, second]) await session.simple('BEGIN')
        for (const session of [first, second]) await session.simple('ROLLBACK')
        expect(await poolingOf(first, second)).toBe(mode)
        for (const session of [first, second]) await session.close()
      } finally {
        await pooler.stop()
      }
    })
  },
)
