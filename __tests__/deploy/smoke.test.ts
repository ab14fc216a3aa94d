import { describe, expect, test } from '@jest/globals'
import { type Application, withApplication } from '../support/application.ts'
import { oldestAndNewest, type TestDatabase, withDatabase } from '../support/database.ts'
import { deployFiles, endingOf, errorOf, runEngine } from '../support/engine.ts'

const soon = { 'warm-up': '0s', pause: '20ms', attempts: 2 }

const asking = (application: Application, more: Record<string, unknown> = {}) => ({
  smoke: { ...soon, ...more, checks: [{ name: 'recipes', http: { url: `${application.url}/` } }] },
})

const statesOf = (database: TestDatabase) =>
  database.query('select version, state from airlock.migrations order by id')

const exists = async (database: TestDatabase, name: string) => {
  const [row] = await database.query<{ there: boolean }>(
    'select to_regclass($1) is not null as there',
    [name],
  )
  return row?.there
}

/** Works until a table is there. */
const breaksWith = (
  database: TestDatabase,
  table: string,
  act: (it: Application) => Promise<void>,
) =>
  withApplication(async (_, response) => {
    response.statusCode = (await exists(database, table)) ? 500 : 200
    response.end('')
  }, act)

const two = { '1_a': 'create table a (id int);', '2_b': 'create table b (id int);' }

describe.each(oldestAndNewest())('PostgreSQL $major: smoke tests', ({ major }) => {
  test('are made before the first change and after each migration, which counts as verified only then', async () => {
    await withDatabase({ major }, async (database) => {
      const seen: unknown[] = []
      const listener = async (_: unknown, response: { end(): void }) => {
        const there = await exists(database, 'airlock.migrations')
        seen.push(there ? await statesOf(database) : [])
        response.end()
      }
      await withApplication(
        (request, response) => void listener(request, response),
        async (application) => {
          const result = await deployFiles(database, { files: two, gates: asking(application) })
          expect(endingOf(result)).toBe('deployed 0')
          expect(seen).toEqual([
            [],
            [{ version: '1', state: 'applied' }],
            [
              { version: '1', state: 'verified' },
              { version: '2', state: 'applied' },
            ],
          ])
          expect(await statesOf(database)).toEqual([
            { version: '1', state: 'verified' },
            { version: '2', state: 'verified' },
          ])
          expect(result.report.smoke).toMatchObject([
            { name: 'recipes', when: 'before', outcome: 'passed', actual: 'status 200' },
            { name: 'recipes', when: 'after-migration', version: '1', outcome: 'passed' },
            { name: 'recipes', when: 'after-migration', version: '2', outcome: 'passed' },
          ])
        },
      )
    })
  })

  test('an application that answers 500 after a migration: it is undone, and the fingerprint is equal', async () => {
    await withDatabase({ major }, async (database) => {
      await breaksWith(database, 'b', async (application) => {
        const result = await deployFiles(database, { files: two, gates: asking(application) })
        expect(endingOf(result)).toBe(
          `rolled-back 1: smoke test recipes: expected GET ${application.url}/: status 200, found status 500 (2 attempts)`,
        )
        expect(errorOf(result)).toMatchObject({
          version: '2',
          why: expect.any(String),
          fix: expect.any(String),
        })
        expect(result.report.migrations).toMatchObject([
          { outcome: 'applied' },
          { outcome: 'rolled-back', rollback: { outcome: 'restored', difference: [] } },
        ])
        expect(await exists(database, 'a')).toBe(true)
        expect(await exists(database, 'b')).toBe(false)
      })
    })
  })

  test('undo=run takes the migrations before it back too, and the catalog is as before the run', async () => {
    await withDatabase({ major }, async (database) => {
      await breaksWith(database, 'b', async (application) => {
        const result = await deployFiles(database, {
          files: two,
          gates: asking(application),
          settings: { undo: 'run' },
        })
        expect(endingOf(result)).toMatch(/^rolled-back 1/)
        expect(result.report.fingerprint).toMatchObject({ equal: true, difference: [] })
        expect(await exists(database, 'a')).toBe(false)
      })
    })
  })

  test('a migration of one transaction is undone by its rollback script, and one with an index build by inverses', async () => {
    await withDatabase({ major }, async (database) => {
      const files = {
        '1_a': 'create table a (id int);',
        '2_b': 'create index concurrently a_id on a (id);\ncreate table b (id int);',
      }
      await breaksWith(database, 'b', async (application) => {
        const result = await deployFiles(database, { files, gates: asking(application) })
        expect(endingOf(result)).toMatch(/^rolled-back 1/)
        expect(await exists(database, 'a_id')).toBe(false)
        const script = await deployFiles(database, {
          files: { ...files, 'rollbacks/2_b_rollback': 'drop index a_id; drop table b;' },
          gates: asking(application),
        })
        expect(script.report.migrations[1]?.rollback).toMatchObject({
          by: 'script',
          outcome: 'restored',
        })
      })
    })
  })

  test('an application that never comes back is a failure once the warm-up is over', async () => {
    await withDatabase({ major }, async (database) => {
      await withApplication(
        (_, response) => response.end(),
        async (application) => {
          const result = await deployFiles(database, {
            files: { '1_a': 'create table a (id int);' },
            gates: asking(application, { 'warm-up': '300ms' }),
            on: ({ type }) => {
              if (type === 'migration-started') void application.stop()
            },
          })
          expect(endingOf(result)).toMatch(/^rolled-back 1: .*found connection refused/)
          expect(await exists(database, 'a')).toBe(false)
        },
      )
    })
  })

  test('what failed before the deployment is said, and does not condemn it', async () => {
    await withDatabase({ major }, async (database) => {
      await withApplication(
        (_, response) => {
          response.statusCode = 500
          response.end()
        },
        async (application) => {
          const result = await deployFiles(database, { files: two, gates: asking(application) })
          expect(endingOf(result)).toBe('deployed 0')
          expect(result.report.smoke).toMatchObject([
            {
              when: 'before',
              outcome: 'warned',
              reason: expect.stringContaining('before anything'),
            },
            {
              version: '1',
              outcome: 'not-checked',
              reason: expect.stringContaining('before the deployment already'),
            },
            { version: '2', outcome: 'not-checked', actual: 'status 500' },
          ])
        },
      )
    })
  })

  test('what failed before and passed after one migration condemns the next that breaks it', async () => {
    await withDatabase({ major }, async (database) => {
      const works = async () => (await exists(database, 'a')) && !(await exists(database, 'b'))
      await withApplication(
        async (_, response) => {
          response.statusCode = (await works()) ? 200 : 500
          response.end()
        },
        async (application) => {
          const result = await deployFiles(database, { files: two, gates: asking(application) })
          expect(endingOf(result)).toMatch(/^rolled-back 1/)
          expect(result.report.smoke.map(({ outcome }) => outcome)).toEqual([
            'warned',
            'passed',
            'failed',
          ])
        },
      )
    })
  })

  test('when: end asks once, after the last migration, and a failure undoes that one', async () => {
    await withDatabase({ major }, async (database) => {
      await breaksWith(database, 'a', async (application) => {
        const result = await deployFiles(database, {
          files: two,
          gates: asking(application, { when: 'end' }),
        })
        expect(endingOf(result)).toMatch(/^rolled-back 1: smoke test recipes/)
        expect(result.report.smoke.map(({ when }) => when)).toEqual(['before', 'end'])
        expect(await exists(database, 'a')).toBe(true)
        expect(await exists(database, 'b')).toBe(false)
      })
    })
  })

  test('on-failure=stop leaves it applied, not verified, and the next run asks the smoke tests again', async () => {
    await withDatabase({ major }, async (database) => {
      const files = { '1_a': 'create table a (id int);' }
      let status = 200
      await withApplication(
        (_, response) => {
          response.statusCode = status
          response.end()
        },
        async (application) => {
          const gates = asking(application)
          const stopped = await deployFiles(database, {
            files,
            gates,
            settings: { 'on-failure': 'stop' },
            on: ({ type }) => {
              if (type === 'migration-started') status = 500
            },
          })
          expect(endingOf(stopped)).toMatch(/^needs-attention 3/)
          expect(await statesOf(database)).toEqual([{ version: '1', state: 'applied' }])
          const undone = await deployFiles(database, { files, gates })
          expect(endingOf(undone)).toMatch(/^rolled-back 1: smoke test recipes/)
          expect(undone.migration.rollback).toMatchObject({ outcome: 'restored', difference: [] })
          expect(undone.report.warnings).toContainEqual(expect.stringContaining('smoke tests'))
          expect(await exists(database, 'a')).toBe(false)
        },
      )
    })
  })

  test('a request to stop ends a long warm-up at once, and undoes the migration', async () => {
    await withDatabase({ major }, async (database) => {
      await withApplication(
        (_, response) => response.end(),
        async (application) => {
          let stoppedAt = 0
          const result = await deployFiles(database, {
            files: { '1_a': 'create table a (id int);' },
            gates: asking(application, { 'warm-up': '10min', pause: '1min' }),
            on: ({ type }, stop) => {
              if (type === 'migration-started') void application.stop()
              if (type !== 'smoke-waiting') return
              stoppedAt = Date.now()
              stop()
            },
          })
          expect(endingOf(result)).toBe('cancelled 130: Cancelled on request')
          expect(Date.now() - stoppedAt).toBeLessThan(3_000)
          expect(result.migration.rollback).toMatchObject({ outcome: 'restored' })
          expect(await exists(database, 'a')).toBe(false)
        },
      )
    })
  })

  test('a request to stop ends a hanging answer, a hanging command and a long query', async () => {
    await withDatabase({ major }, async (database) => {
      await withApplication(
        () => {},
        async (application) => {
          for (const check of [
            { http: { url: application.url } },
            { command: 'sleep 60' },
            { sql: 'select pg_sleep(60)::text', expect: 'rows = 1' },
          ]) {
            let startedAt = 0
            const result = await deployFiles(database, {
              files: { '1_a': 'create table a (id int);' },
              gates: { smoke: { checks: [{ name: 'x', timeout: '5min', ...check }] } },
              on: ({ type }, stop) => {
                if (type !== 'phase-finished' && type !== 'phase') return
                if (startedAt === 0) setTimeout(stop, 300)
                startedAt ||= Date.now()
              },
            })
            expect(endingOf(result)).toBe('cancelled 130')
            expect(Date.now() - startedAt).toBeLessThan(5_000)
            expect(await exists(database, 'a')).toBe(false)
          }
        },
      )
    })
  })

  test('a query sees what the migration did, as the role of the migrations', async () => {
    await withDatabase({ major }, async (database) => {
      const result = await deployFiles(database, {
        files: {
          '1_a': `create table a (id int); insert into a values (1); set search_path = nowhere;`,
        },
        gates: {
          smoke: {
            ...soon,
            checks: [
              { name: 'no table c', sql: `select to_regclass('c') as c`, expect: 'c is null' },
              {
                name: 'few rows',
                sql: `select count(*) as n from pg_class where relname = 'a'`,
                expect: 'n < 1',
              },
            ],
          },
        },
      })
      expect(endingOf(result)).toMatch(
        /^needs-attention 3: smoke test few rows: expected n < 1, found n = 1|^rolled-back 1: smoke test few rows: expected n < 1, found n = 1/,
      )
    })
  })

  test('what the role may not read is not checked, never passed', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(
        `create table secret (id int); create role reader_${major} nologin; grant create, usage on schema public to reader_${major};`,
      )
      try {
        const result = await deployFiles(database, {
          files: { '1_a': 'create table a (id int);' },
          settings: { role: `reader_${major}` },
          gates: {
            smoke: {
              ...soon,
              checks: [{ name: 'x', sql: 'select id from secret', expect: 'rows = 0' }],
            },
          },
        })
        expect(endingOf(result)).toBe('deployed 0')
        expect(result.report.smoke.map(({ outcome }) => outcome)).toEqual([
          'not-checked',
          'not-checked',
        ])
      } finally {
        await database.query(`drop owned by reader_${major}; drop role reader_${major}`)
      }
    })
  })

  test('criteria that only warn of smoke tests: a failure is told, and condemns nothing', async () => {
    await withDatabase({ major }, async (database) => {
      await breaksWith(database, 'a', async (application) => {
        const result = await deployFiles(database, {
          files: two,
          gates: { ...asking(application), criteria: { 'smoke-tests': 'warn' } },
        })
        expect(endingOf(result)).toBe('deployed 0')
        expect(result.report.smoke.map(({ outcome }) => outcome)).toEqual([
          'passed',
          'warned',
          'warned',
        ])
      })
    })
  })

  test('the first that fails ends the round: what stands behind it is not checked', async () => {
    await withDatabase({ major }, async (database) => {
      const result = await deployFiles(database, {
        files: { '1_a': 'create table a (id int);' },
        gates: {
          smoke: {
            ...soon,
            checks: [
              { name: 'none', sql: `select to_regclass('a') as a`, expect: 'a is null' },
              { name: 'true', command: 'true' },
            ],
          },
        },
      })
      expect(endingOf(result)).toMatch(/^rolled-back 1: smoke test none/)
      expect(result.report.smoke.slice(2)).toMatchObject([
        { outcome: 'failed' },
        { outcome: 'not-checked', attempts: 0, reason: 'smoke test none failed before it' },
      ])
    })
  })

  test('a smoke test that can’t be run is refused before anything is connected to, by plan too', async () => {
    await withDatabase({ major }, async (database) => {
      const files = { '1_a': 'create table a (id int);' }
      const gates = { smoke: { checks: [{ name: 'x', sql: 'delete from a', expect: 'rows = 0' }] } }
      for (const command of ['plan', 'deploy'] as const) {
        const result = await runEngine(database, command, { files, gates })
        expect(endingOf(result)).toMatch(/^refused 2: Smoke test "x": /)
        expect(result.report.target).toBeNull()
      }
    })
  })
})

test('an application that refuses connections for three seconds after a migration and then works: no rollback', async () => {
  await withDatabase({}, async (database) => {
    await withApplication(
      (_, response) => response.end(),
      async (application) => {
        const result = await deployFiles(database, {
          files: { '1_a': 'create table a (id int);' },
          gates: asking(application, { 'warm-up': '30s', pause: '100ms' }),
          on: ({ type }) => {
            if (type !== 'migration-started') return
            void application.stop()
            setTimeout(() => void application.start(), 3_000)
          },
        })
        expect(endingOf(result)).toBe('deployed 0')
        const after = result.report.smoke[1]
        expect(after).toMatchObject({ outcome: 'passed', when: 'after-migration' })
        expect(after?.connectionErrors).toBeGreaterThan(5)
        expect(result.events).toContainEqual(
          expect.objectContaining({ type: 'smoke-waiting', found: 'connection refused' }),
        )
      },
    )
  })
})
