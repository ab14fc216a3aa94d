import { describe, expect, test } from '@jest/globals'
import { withStaging } from '../../src/checks/staging.ts'
import { besideTarget } from '../../src/commands/beside-target.ts'
import { settingsOnRecord } from '../../src/commands/record.ts'
import { ServerError } from '../../src/postgres/server-error.ts'
import { resolveSettings } from '../../src/runbook/settings.ts'
import { type TestDatabase, withDatabase } from '../support/database.ts'
import { endingOf, runEngine } from '../support/engine.ts'

const settingsWith = (url: string) =>
  resolveSettings({ given: { 'staging-url': url }, airlock: null, env: {} })

const connectionTo = (url: string) => besideTarget(url, 'staging-url', {})

const sessionsOf = ({ query }: TestDatabase) =>
  query(
    `select 1 from pg_stat_activity where datname = current_database() and application_name = 'pg-airlock-staging'`,
  )

const deploy = (database: TestDatabase, stagingUrl: string, gates = {}) =>
  runEngine(database, 'deploy', {
    files: { '1_first': 'create table first (id int primary key)' },
    settings: { 'staging-url': stagingUrl },
    gates,
  })

describe('staging', () => {
  test('is compared with the target, and let go', async () => {
    await withDatabase({}, async (target) => {
      await withDatabase({}, async (staging) => {
        const result = await deploy(target, staging.url)
        expect(endingOf(result)).toBe('deployed 0')
        expect(result.report.checks.find(({ id }) => id === 'server.version')).toMatchObject({
          outcome: 'passed',
          expected: expect.stringContaining('as staging'),
        })
        expect(await sessionsOf(staging)).toEqual([])
      })
    })
  })

  test('that can not be reached leaves unchecked what needs it, and stops nothing', async () => {
    await withDatabase({}, async (target) => {
      const nowhere = 'postgres://me:s3cret@127.0.0.1:1/app'
      const result = await deploy(target, nowhere)
      expect(endingOf(result)).toBe('deployed 0')
      const check = result.report.checks.find(({ id }) => id === 'server.version')
      expect(check).toMatchObject({
        outcome: 'not-checked',
        reason: expect.stringContaining('127.0.0.1:1'),
      })
      expect(JSON.stringify(result.report)).not.toContain('s3cret')
      const stated = await deploy(target, nowhere, { preflight: { version: '10 - 99' } })
      expect(stated.report.checks.filter(({ outcome }) => outcome === 'not-checked')).toEqual([])
    })
  })

  test('is never written to', async () => {
    await withDatabase({}, async ({ url }) => {
      await withStaging(connectionTo(url), async ({ session }) => {
        await expect(session?.query('create table t ()')).rejects.toMatchObject({ code: '25006' })
        expect(session?.serverVersion).toMatch(/^\d+\.\d+/)
      })
    })
  })

  test('lost on the way is an answer, not the end of the run', async () => {
    await withDatabase({}, async (database) => {
      await withStaging(connectionTo(database.url), async ({ session }) => {
        await database.query('select pg_terminate_backend($1)', [session?.pid])
        const failure = await session?.rows('select 1').catch((error: unknown) => error)
        expect(failure).toBeInstanceOf(ServerError)
        expect(failure).toMatchObject({
          lost: false,
          message: expect.stringContaining('staging was lost'),
        })
      })
    })
  })

  test('is reached by its own URL: the variables of libpq that name the target don’t complete it', () => {
    const env = {
      PGHOST: 'target',
      PGPASSWORD: 'of the target',
      PGCONNECT_TIMEOUT: '3',
      PGTARGETSESSIONATTRS: 'read-write',
    }
    const connection = besideTarget('postgres://me@staging/app', 'staging-url', env)
    expect(connection?.endpoints).toEqual([{ host: 'staging', port: 5432 }])
    expect(connection?.secrets()).toEqual([])
    expect(connection?.connectTimeoutMs).toBe(3000)
    expect(connection?.targetSessionAttrs).toBe('any')
  })

  test('is not on record, nor is the target', () => {
    const settings = { ...settingsWith('postgres://a:b@c/d'), databaseUrl: 'postgres://e:f@g/h' }
    expect(JSON.stringify(settingsOnRecord(settings))).not.toMatch(/postgres:/)
  })
})
