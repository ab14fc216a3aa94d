import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { tablesNamedIn } from '../../src/backup/plan-tables.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { planOf } from '../plan/planning.ts'
import { server, type TestDatabase, withDatabase } from '../support/database.ts'
import { deployFiles, type EngineResult, endingOf, runEngine } from '../support/engine.ts'
import { withFolder } from './client.ts'

const files = { '1_note': 'create table bread (id int)' }

const checkOf = ({ report }: EngineResult, id: string) =>
  report.checks.find((check) => check.id === `backup.${id}`)

async function expectUntouched({ query }: TestDatabase): Promise<void> {
  expect(
    await query(`select to_regclass('bread') as bread, to_regnamespace('airlock') as journal`),
  ).toEqual([{ bread: null, journal: null }])
}

describe('proof that a backup exists', () => {
  const withProof = (
    proof: object,
    act: (result: EngineResult, database: TestDatabase) => unknown,
  ) =>
    withDatabase({}, async (database) => {
      await act(await deployFiles(database, { files, gates: { backup: { proof } } }), database)
    })

  test('one of an hour ago is accepted, its time and size are in the report', () =>
    withProof({ query: `select now() - interval '1 hour', 123456` }, (result) => {
      expect(endingOf(result)).toBe('deployed 0')
      expect(result.report.backup).toMatchObject({
        kind: 'proof',
        outcome: 'passed',
        bytes: 123456,
      })
      expect(checkOf(result, 'age')?.actual).toMatch(/^1\.0 h old/)
    }))

  test.each([
    ['yesterday’s', `select now() - interval '25 hours', 123456`, 'age', /25\.0 h old/],
    ['one from the future', `select now() + interval '1 hour', 123456`, 'age', /-1\.0 h/],
    ['an empty one', 'select now(), 0', 'size', /^0 B$/],
    ['one without a time', 'select null, 5', 'made', /null/],
    ['a time without its zone', 'select now()::timestamp, 5', 'made', /no time zone/],
    ['one without a size', 'select now(), null', 'made', /null/],
    ['no row', 'select now(), 5 where false', 'made', /no row/],
    ['one column', 'select now()', 'made', /one column/],
    ['a query that fails', 'select 1/0, 1', 'made', /22012/],
  ])('%s is refused', (_, query, id, actual) =>
    withProof({ query }, async (result, database) => {
      expect([result.report.outcome, result.report.exitCode]).toEqual(['refused', 1])
      const check = checkOf(result, id)
      expect(check).toMatchObject({ outcome: 'failed', actual: expect.stringMatching(actual) })
      expect([check?.reason, check?.fix].every(Boolean)).toBe(true)
      await expectUntouched(database)
    }),
  )

  test.each([
    ['a statement that is no query', 'create table bread (id int)', /it is not a query/],
    ['a query that writes', 'with x as (delete from y returning 1) select now(), 5', /DELETE/],
    ['one that locks rows', 'select now(), 5 for update', /locks rows/],
    ['two queries', 'select now(), 5; select now(), 5', /2 statements/],
    ['none', '-- nothing', /no statement/],
    ['a mistake', 'select now(), from', /syntax error/],
  ])('%s is refused before anything connects, by plan and by deploy', async (_, query, what) => {
    const nowhere = { url: 'postgresql://me@127.0.0.1:1/app' }
    for (const command of ['plan', 'deploy'] as const) {
      const gates = { backup: { proof: { query } } }
      const ending = endingOf(await runEngine(nowhere, command, { files, gates }))
      expect(ending).toMatch(/^refused 2: backup\.proof\.query/)
      expect(ending).toMatch(what)
    }
  })

  test('a query that changes something by a function is refused by the server', () =>
    withDatabase({}, async (database) => {
      await database.query('create sequence counting')
      const proof = { query: `select now(), nextval('counting')` }
      const result = await deployFiles(database, { files, gates: { backup: { proof } } })
      expect(checkOf(result, 'made')?.actual).toMatch(/25006/)
    }))

  test('a query waits for a lock no longer than the migrations do', () =>
    withDatabase({}, async (database) => {
      await database.query('create table backups as select now() as at, 5000 as bytes')
      const blocker = await database.connect()
      await blocker.query('begin; lock backups')
      const proof = { query: 'select at, bytes from backups' }
      const result = await deployFiles(database, { files, gates: { backup: { proof } } })
      await blocker.query('rollback')
      expect(checkOf(result, 'made')?.actual).toMatch(/55P03/)
    }))

  test('an empty backup is none, though min-size be 0', () =>
    withProof({ query: 'select now(), 0', 'min-size': '0B' }, (result) => {
      expect(checkOf(result, 'size')).toMatchObject({ outcome: 'failed', expected: 'not empty' })
    }))

  test('max-age and min-size are the user’s', () =>
    withProof(
      { query: `select now() - interval '25 hours', 999`, 'max-age': '2d', 'min-size': '1kB' },
      (result) => {
        expect(checkOf(result, 'age')?.outcome).toBe('passed')
        expect(checkOf(result, 'size')).toMatchObject({
          outcome: 'failed',
          expected: expect.stringMatching(/1\.0 kB \(min-size\)/),
        })
      },
    ))

  test('a command finds the cluster’s folder and name as they are set for us, and no PG* variable of ours', async () => {
    const before = { ...process.env }
    Object.assign(process.env, { PGDATA: '/data', PGCLUSTER: '15/main', PGSYSCONFDIR: '/ours' })
    try {
      const command = 'echo "$PGDATA $PGCLUSTER $PGSYSCONFDIR" >&2; exit 4'
      await withProof({ command }, (result) =>
        expect(checkOf(result, 'made')?.actual).toBe('exit code 4: /data 15/main'),
      )
    } finally {
      for (const name of ['PGDATA', 'PGCLUSTER', 'PGSYSCONFDIR']) delete process.env[name]
      Object.assign(process.env, before)
    }
  })

  test('a command tells them in one line', async () => {
    await withProof({ command: 'echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) 5000"' }, (result) =>
      expect(endingOf(result)).toBe('deployed 0'),
    )
    await withProof({ command: 'echo "2020-01-01 00:00:00+00 5000"' }, (result) =>
      expect(checkOf(result, 'age')?.outcome).toBe('failed'),
    )
    await withProof({ command: 'echo nothing' }, (result) =>
      expect(checkOf(result, 'made')?.actual).toBe('the command printed: nothing\n'),
    )
    await withProof({ command: 'echo gone >&2; exit 4' }, (result) =>
      expect(checkOf(result, 'made')?.actual).toBe('exit code 4: gone'),
    )
  })
})

describe('other backups', () => {
  test('none is shown as not checked, with its reason', () =>
    withDatabase({}, async (database) => {
      const backup = { none: 'demo database' }
      const result = await deployFiles(database, { files, gates: { backup } })
      expect(endingOf(result)).toBe('deployed 0')
      expect(result.report.backup).toMatchObject({
        kind: 'none',
        outcome: 'not-checked',
        reason: 'demo database',
      })
      expect(checkOf(result, 'made')).toMatchObject({
        outcome: 'not-checked',
        reason: 'demo database',
      })
    }))

  test('plan makes none, and says so', () =>
    withDatabase({}, async (database) => {
      const backup = { command: { run: 'exit 1' } }
      const { report } = await runEngine(database, 'plan', { files, gates: { backup } })
      expect(report.backup).toMatchObject({ kind: 'command', outcome: 'not-checked' })
      expect(report.checks.at(-1)?.reason).toMatch(/^made by deploy/)
    }))

  test.each(['backup', 'restore-point'])(
    'no %s is begun after a request to stop that came during the preflight checks',
    (section) =>
      withFolder((folder) =>
        withDatabase({}, async (database) => {
          const ran = join(folder, 'ran')
          const gates = {
            backup: { backup: { command: { run: `touch '${ran}'` } } },
            'restore-point': { 'restore-point': {} },
          }[section]
          const result = await deployFiles(database, {
            files,
            gates: gates ?? {},
            on: (event, stop) => {
              if (event.type === 'phase-finished') stop()
            },
          })
          expect([result.report.outcome, result.report.exitCode]).toEqual(['cancelled', 130])
          expect([existsSync(ran), result.report.restorePoint]).toEqual([false, null])
          await expectUntouched(database)
        }),
      ),
  )

  test('no backup is made for a deployment that a check refuses already', () =>
    withDatabase({}, async (database) => {
      const gates = { preflight: { version: '10' }, backup: { command: { run: 'exit 1' } } }
      const result = await deployFiles(database, { files, gates })
      expect(endingOf(result)).toMatch(/^refused 1: PostgreSQL version/)
      expect(checkOf(result, 'made')?.outcome).toBe('not-checked')
    }))
})

describe('the program', () => {
  /** A pg_dump that says its version, and writes down how it was called. */
  const fake = (folder: string, version: string): string => {
    const path = join(folder, 'pg_dump')
    writeFileSync(
      path,
      `#!/bin/sh\n[ "$1" = --version ] && echo "pg_dump (PostgreSQL) ${version}" && exit\necho "$@" > '${folder}/arguments'; env > '${folder}/environment'; exit 1\n`,
    )
    chmodSync(path, 0o755)
    return path
  }

  test.each(['plan', 'deploy'] as const)(
    '%s refuses or reports a pg_dump that is older than the server',
    (command) =>
      withFolder((folder) =>
        withDatabase({}, async (database) => {
          const older = server().major - 1
          const program = fake(folder, `${older}.3 (Debian ${older}.3-1)`)
          const backup = { 'pg-dump': { program, path: join(folder, 'x') } }
          const result = await runEngine(database, command, { files, gates: { backup } })
          const check = checkOf(result, 'client')
          expect(check).toMatchObject({ outcome: 'failed', actual: `pg_dump ${older}.3` })
          expect(check?.reason).toMatch(`pg_dump ${older} is older than the server`)
          expect(check?.fix).toMatch(`postgresql-client-${server().major}`)
          expect(result.report.outcome).toBe(command === 'plan' ? 'planned' : 'refused')
          await expectUntouched(database)
        }),
      ),
  )

  test('one that is not there is refused', () =>
    withDatabase({}, async (database) => {
      const backup = { 'pg-dump': { program: '/no/such/pg_dump' } }
      const result = await deployFiles(database, { files, gates: { backup } })
      expect(endingOf(result)).toMatch(/refused 1: Version of pg_dump: .*no program \/no\/such/)
    }))

  test('the password is in its environment and in no argument, nor in the report', () =>
    withFolder((folder) =>
      withDatabase({}, async (database) => {
        const backup = {
          'pg-dump': { program: fake(folder, `${server().major}.0`), path: join(folder, 'x') },
        }
        const result = await deployFiles(database, { files, gates: { backup } })
        expect(checkOf(result, 'made')?.outcome).toBe('failed')
        const { password, port } = server()
        const written = readFileSync(join(folder, 'arguments'), 'utf8')
        expect(written).toContain('--lock-wait-timeout=60s')
        expect(written).not.toContain(password)
        const environment = readFileSync(join(folder, 'environment'), 'utf8')
        expect(environment).toContain(`PGPASSWORD=${password}\n`)
        expect(environment).toContain(`PGPORT=${port}\n`)
        expect(environment).toContain(`PGDATABASE=${database.name}\n`)
        expect(JSON.stringify(result.report)).not.toContain(password)
      }),
    ))
})

test('the tables of a plan are those that it changes, not those that it reads', async () => {
  await loadParser()
  const planned = planOf(
    `alter table "A b"."c.d" add column x int; create index on e (f); insert into g select * from h;
            drop table i; truncate j, k; alter table l attach partition m for values in (1);`,
  )
  expect(
    tablesNamedIn([planned])
      .map(({ schema, name }) => [schema, name].filter((part) => part !== null).join('/'))
      .toSorted(),
  ).toEqual(['A b/c.d', 'e', 'g', 'i', 'j', 'k', 'l', 'm'])
})
