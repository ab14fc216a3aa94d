import { describe, expect, test } from '@jest/globals'
import { connect } from '../../src/postgres/session.ts'
import {
  applyWorkerSettings,
  localTimeoutStatements,
  resetWorker,
  timeoutStatements,
} from '../../src/postgres/settings.ts'
import { describeTarget } from '../../src/postgres/target.ts'
import { servers } from '../support/database.ts'
import { configOf, withSessions } from './sessions.ts'

const settings = {
  lockTimeout: 2000,
  statementTimeout: 300_000,
  idleInTransactionTimeout: 600_000,
  applicationName: 'pg-airlock r1 worker 1',
}

describe.each(servers())('PostgreSQL $major', ({ major }) => {
  test('nothing of one migration is left for the next', async () => {
    await withSessions({ major }, async ({ open }) => {
      const worker = await open('worker')
      const first = await applyWorkerSettings(worker, settings)
      await worker.simple(
        `CREATE SCHEMA other; SET search_path = other; SET lock_timeout = 0; SET client_min_messages = error;
         SET row_security = off; CREATE TEMP TABLE left_behind (a int); PREPARE p AS SELECT 1; SET my.own = 'x';
         SET standard_conforming_strings = off; SET client_connection_check_interval = 0; LISTEN channel`,
      )
      await worker.simple('BEGIN; SELECT 1')
      const before = worker.roundTrips
      expect(await resetWorker(worker, settings)).toEqual(first)
      expect(worker.roundTrips - before).toBe(2)
      expect(worker.transaction).toBe('idle')
      expect(
        await worker.rows(
          `SELECT to_regclass('left_behind')::text AS table, (SELECT count(*) FROM pg_prepared_statements) AS prepared,
                  current_setting('my.own', true) AS own, (SELECT count(*) FROM pg_listening_channels()) AS channels`,
        ),
      ).toEqual([{ table: null, prepared: 0, own: '', channels: 0 }])
      expect(first).toContainEqual({ name: 'lock_timeout', set: '2000ms', readBack: '2s' })
      expect(first).toContainEqual({
        name: 'client_connection_check_interval',
        set: '500ms',
        readBack: '500ms',
      })
    })
  })

  test('role and search path are set, quotes and all', async () => {
    await withSessions({ major }, async ({ open }) => {
      const worker = await open('worker')
      const role = `ro'le "${major}`
      await worker.simple(`DROP ROLE IF EXISTS "ro'le ""${major}"`)
      await worker.simple(`CREATE ROLE "ro'le ""${major}"`)
      try {
        const read = await resetWorker(worker, {
          ...settings,
          role,
          searchPath: '"My Schema", public',
        })
        expect(read).toContainEqual({ name: 'role', set: role, readBack: role })
        expect(read).toContainEqual({
          name: 'search_path',
          set: '"My Schema", public',
          readBack: '"My Schema", public',
        })
        expect((await worker.query('SELECT current_user')).rows).toEqual([[role]])
        await expect(
          resetWorker(worker, { ...settings, role: 'nobody of that name' }),
        ).rejects.toMatchObject({ code: '22023' })
      } finally {
        await worker.simple('RESET ROLE')
        await worker.simple(`DROP ROLE "ro'le ""${major}"`)
      }
    })
  })

  test('the budget of a step is set for the session or the transaction', async () => {
    await withSessions({ major }, async ({ open }) => {
      const worker = await open('worker')
      const budget = { lockTimeout: 1500, statementTimeout: 60_000 }
      await worker.simple(`BEGIN; ${localTimeoutStatements(budget)}`)
      expect((await worker.query('SHOW lock_timeout')).rows).toEqual([['1500ms']])
      await worker.simple('COMMIT')
      expect((await worker.query('SHOW lock_timeout')).rows).toEqual([['0']])
      await worker.simple(timeoutStatements(budget))
      expect((await worker.query('SHOW statement_timeout')).rows).toEqual([['1min']])
    })
  })

  test('the target is described in one query', async () => {
    await withSessions({ major }, async ({ database, config, open }) => {
      const session = await open('worker')
      const before = session.roundTrips
      const target = await describeTarget(session, config, { name: 'staging', role: 'owner' })
      expect(session.roundTrips - before).toBe(1)
      expect(target).toMatchObject({
        serverMajor: major,
        inRecovery: false,
        searchPath: ['public'],
        searchPathSetting: '"$user", public',
        eventTriggers: [],
        timeline: 1,
        superuser: true,
      })
      expect(target.report).toMatchObject({
        name: 'staging',
        role: 'owner',
        host: '127.0.0.1',
        database: database.name,
        user: 'postgres',
        tls: 'off',
      })
      expect(target.report.serverVersion).toMatch(new RegExp(`^${major}\\.`))
      expect(target.report.systemIdentifier).toMatch(/^\d{15,}$/)
    })
  })

  test('a role that may not read control data still gets its target described', async () => {
    await withSessions({ major }, async ({ database }) => {
      const role = `plain_${database.name}`
      await database.query(
        `CREATE ROLE ${role} LOGIN PASSWORD 'pw'; REVOKE EXECUTE ON FUNCTION pg_control_system() FROM public`,
      )
      const url = new URL(database.url)
      url.username = role
      url.password = 'pw'
      const config = configOf(url.href)
      const session = await connect(config, { name: 'worker', applicationName: 'x' })
      try {
        const target = await describeTarget(session, config)
        expect(target.report.systemIdentifier).toBeUndefined()
        expect(target).toMatchObject({ superuser: false, readsAllStats: false })
      } finally {
        await session.close()
        await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
      }
    })
  })
})
