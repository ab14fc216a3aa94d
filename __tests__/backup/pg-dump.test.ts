import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { createDatabase, servers, type TestDatabase, withDatabase } from '../support/database.ts'
import {
  deployFiles,
  type EngineOptions,
  type EngineResult,
  endingOf,
  until,
} from '../support/engine.ts'
import { clientMajor, describeDumps, withFolder } from './client.ts'

const files = { '1_note': 'alter table bread add column note text;' }
const table = `create table bread (id int primary key, name text); insert into bread select n, md5(n::text) from generate_series(1, 1000) n;`

const deploy = (database: TestDatabase, backup: object, more: Partial<EngineOptions> = {}) =>
  deployFiles(database, { files, gates: { backup }, ...more })

const proofsOf = ({ report }: EngineResult) =>
  Object.fromEntries((report.backup?.checks ?? []).map(({ id, outcome }) => [id, outcome]))

describeDumps('a backup by pg_dump', ({ major }) => {
  test.each(['custom', 'directory', 'plain'] as const)(
    'in format %s it is made, proven and named in report and journal',
    async (format) => {
      await withFolder((folder) =>
        withDatabase({ major }, async (database) => {
          await database.query(table)
          const path = join(folder, 'dumps', 'bread_{date}_{target}_{run}')
          const jobs = format === 'directory' ? 2 : 1
          const result = await deploy(database, { 'pg-dump': { path, format, jobs } })
          expect(endingOf(result)).toBe('deployed 0')
          const { backup, runId } = result.report
          expect(proofsOf(result)).toEqual({
            'backup.client': 'passed',
            'backup.made': 'passed',
            'backup.size': 'passed',
            'backup.age': 'passed',
            'backup.readable': 'passed',
            ...(format === 'plain' ? {} : { 'backup.origin': 'passed' }),
            'backup.tables': 'passed',
            'backup.drill': 'not-checked',
          })
          expect(backup).toMatchObject({ kind: 'pg_dump', outcome: 'passed' })
          const made = backup?.path ?? ''
          expect(made).toMatch(new RegExp(`bread_\\d{8}_\\d{6}_${database.name}_${runId}$`))
          expect(readdirSync(join(folder, 'dumps'))).toHaveLength(1)
          expect(statSync(made).mode & 0o077).toBe(0)
          if (format !== 'directory') {
            const bytes = readFileSync(made)
            expect(backup?.bytes).toBe(bytes.length)
            expect(backup?.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
          }
          const journaled = await database.query(
            `select backup ->> 'sha256' as sha256, jsonb_array_length(checks) > 5 as checks from airlock.runs`,
          )
          expect(journaled).toEqual([{ sha256: backup?.sha256, checks: true }])
        }),
      )
    },
  )

  test('names of any kind are found in it, in every format', async () => {
    const name = 'we"ird; Type: TABLE; Schema: \u00fc\n TABLE DATA 1'
    const quoted = `"Ta ble; x"."${name.replaceAll('"', '""')}"`
    await withFolder((folder) =>
      withDatabase({ major, name: `d ü"=' ${process.pid}` }, async (database) => {
        await database.query(`create schema "Ta ble; x"; create table ${quoted} (id int);
          create table parted (id int) partition by range (id);
          create table parted_1 partition of parted for values from (1) to (10)`)
        for (const format of ['custom', 'plain'] as const) {
          const result = await deployFiles(database, {
            files: {
              [`${format === 'custom' ? 1 : 2}_a`]: `alter table ${quoted} add column ${format} int; alter table parted add column ${format} int;`,
              ...(format === 'plain'
                ? {
                    '1_a': `alter table ${quoted} add column custom int; alter table parted add column custom int;`,
                  }
                : {}),
            },
            gates: { backup: { 'pg-dump': { path: join(folder, format), format } } },
          })
          expect(endingOf(result)).toBe('deployed 0')
          const tables = result.report.backup?.checks.find(({ id }) => id === 'backup.tables')
          expect(tables).toMatchObject({ outcome: 'passed', actual: 'all 3' })
        }
      }),
    )
  })

  test('a list of schemas that leaves a table of the plan out is refused', async () => {
    await withFolder((folder) =>
      withDatabase({ major }, async (database) => {
        await database.query(`${table} create schema other; create table other.x (id int)`)
        const path = join(folder, 'x')
        const result = await deploy(database, { 'pg-dump': { path, schemas: ['other'] } })
        expect(endingOf(result)).toMatch(/^refused 1: Backup holds the tables of the plan/)
        expect(result.report.checks.at(-1)?.details).toEqual(['public.bread: missing'])
        expect(readdirSync(folder)).toEqual([])
        expect(await database.query(`select to_regnamespace('airlock') as journal`)).toEqual([
          { journal: null },
        ])
      }),
    )
  })

  test('what is at its place already is not overwritten', async () => {
    await withFolder((folder) =>
      withDatabase({ major }, async (database) => {
        await database.query(table)
        const path = join(folder, 'x')
        writeFileSync(path, 'yesterday')
        const result = await deploy(database, { 'pg-dump': { path } })
        expect(endingOf(result)).toMatch(/^refused 1: Backup made: .* there already/)
        expect(readFileSync(path, 'utf8')).toBe('yesterday')
      }),
    )
  })

  test('what pg_dump complains of is told, and nothing is left behind', async () => {
    await withFolder((folder) =>
      withDatabase({ major }, async (database) => {
        await database.query(table)
        const settings = { path: join(folder, 'x'), schemas: ['no"where'] }
        const result = await deploy(database, { 'pg-dump': settings })
        expect(endingOf(result)).toMatch(/^refused 1: Backup made: .* no matching schemas/s)
        expect(readdirSync(folder)).toEqual([])
      }),
    )
  })

  test('a request to stop ends pg_dump and the run, with nothing changed', async () => {
    await withFolder((folder) =>
      withDatabase({ major }, async (database) => {
        await database.query(table)
        const blocker = await database.connect()
        await blocker.query('begin; lock table bread')
        const waiting = () =>
          database.query(
            `select 1 from pg_stat_activity where application_name = 'pg-airlock backup' and wait_event_type = 'Lock'`,
          )
        let stopped = Promise.resolve<unknown>(undefined)
        const result = await deploy(
          database,
          { 'pg-dump': { path: join(folder, 'x') } },
          {
            on: (event, stop) => {
              if (event.type === 'phase' && event.title === 'Backup') {
                stopped = until(waiting).then(stop)
              }
            },
          },
        )
        await stopped
        expect([result.report.outcome, result.report.exitCode]).toEqual(['cancelled', 130])
        expect(readdirSync(folder)).toEqual([])
        await until(async () => ((await waiting()).length === 0 ? [{ gone: true }] : []))
        await blocker.query('rollback')
        expect(
          await database.query(
            `select to_regnamespace('airlock') as journal, count(*)::int as columns from pg_attribute where attrelid = 'bread'::regclass and attnum > 0`,
          ),
        ).toEqual([{ journal: null, columns: 2 }])
      }),
    )
  })

  test.each(['target', 'drill'] as const)(
    'a request to stop ends the counting in the %s, and the dump that was not proven is removed',
    async (where) => {
      const drill = await createDatabase({ major })
      try {
        await withFolder((folder) =>
          withDatabase({ major }, async (database) => {
            await database.query(table)
            const at = (name: string) => join(folder, name)
            // The true programs; the last before the counting waits until what is counted next is locked.
            const wait = `touch '${at('done')}'; while [ ! -e '${at('go')}' ]; do sleep 0.05; done`
            const last = { target: 'pg_dump:--format', drill: 'pg_restore:--no-owner' }[where]
            for (const name of ['pg_dump', 'pg_restore']) {
              const script = `#!/bin/sh\n${name} "$@" || exit 1\ncase "${name}:$1" in ${last}*) ${wait};; esac\n`
              writeFileSync(at(name), script, { mode: 0o755 })
            }
            const counted = { target: database, drill }[where]
            const waiting = () =>
              counted.query(
                `select 1 from pg_stat_activity where application_name in ('pg-airlock backup', 'pg-airlock drill')
                 and datname = current_database() and wait_event_type = 'Lock'`,
              )
            const blocker = await counted.connect()
            let stoppedAt = 0
            const act = async (stop: () => void) => {
              await until(async () => (existsSync(at('done')) ? [{ done: true }] : []))
              await blocker.query('begin; lock bread')
              writeFileSync(at('go'), '')
              await until(waiting)
              stoppedAt = Date.now()
              stop()
            }
            let acted = Promise.resolve()
            const path = join(folder, 'dumps', 'x')
            const settings = { program: at('pg_dump'), path, drill: { url: drill.url } }
            const result = await deploy(
              database,
              { 'pg-dump': settings },
              {
                on: (event, stop) => {
                  if (event.type === 'phase' && event.title === 'Backup') acted = act(stop)
                },
              },
            )
            await acted
            expect([result.report.outcome, result.report.exitCode]).toEqual(['cancelled', 130])
            expect(Date.now() - stoppedAt).toBeLessThan(3_500)
            expect(readdirSync(join(folder, 'dumps'))).toEqual([])
            if (where === 'target') expect(await waiting()).toEqual([])
            await blocker.query('rollback')
          }),
        )
      } finally {
        await drill.drop()
      }
    },
  )

  test('a folder that can’t be written to is a finding with what to do, not a fault of ours', async () => {
    await withFolder((folder) =>
      withDatabase({ major }, async (database) => {
        await database.query(table)
        writeFileSync(join(folder, 'file'), '')
        const settings = { path: join(folder, 'file', 'x') }
        const result = await deploy(database, { 'pg-dump': settings })
        expect(endingOf(result)).toMatch(/^refused 1: Backup made: .*(ENOTDIR|EEXIST)/)
        expect(result.report.backup?.outcome).toBe('failed')
        expect(result.report.error?.fix).toMatch('may write to')
      }),
    )
  })

  test.each(['custom', 'directory', 'plain'] as const)(
    'a drill restores format %s and finds every row of its snapshot',
    async (format) => {
      const drill = await createDatabase({ major })
      try {
        await withFolder((folder) =>
          withDatabase({ major }, async (database) => {
            await database.query(table)
            const settings = { path: join(folder, 'x'), format, drill: { url: drill.url } }
            const result = await deploy(database, { 'pg-dump': settings })
            const check = result.report.checks.find(({ id }) => id === 'backup.drill')
            expect(check).toMatchObject({
              outcome: 'passed',
              expected: '1000 rows in 1 table (the same snapshot)',
            })
          }),
        )
        expect(await drill.query('select count(*)::int as rows from bread')).toEqual([
          { rows: 1000 },
        ])
      } finally {
        await drill.drop()
      }
    },
  )

  test('a drill in a database that is not empty, or in the target, is refused', async () => {
    await withFolder((folder) =>
      withDatabase({ major }, async (database) => {
        await database.query(table)
        const settings = { path: join(folder, 'x'), drill: { url: database.url } }
        const result = await deploy(database, { 'pg-dump': settings })
        expect(endingOf(result)).toMatch(/^refused 1: Restore drill: .*empty throw-away/)
        expect(existsSync(settings.path)).toBe(false)
        expect(result.report.backup?.path).toBeUndefined()
      }),
    )
  })
})

for (const { major } of servers()) {
  if (clientMajor === null || major <= clientMajor) continue
  test(`PostgreSQL ${major} is not dumped by pg_dump ${clientMajor}, and that is said before pg_dump would`, async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(table)
      const result = await deploy(database, { 'pg-dump': { path: '/nowhere/x' } })
      expect(endingOf(result)).toMatch(
        new RegExp(`^refused 1: Version of pg_dump: expected pg_dump ${major} or newer, found`),
      )
      expect(result.report.error?.why).toMatch(`pg_dump ${clientMajor} is older than the server`)
    })
  })
}
