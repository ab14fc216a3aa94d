import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { CriterionReport, Report } from '../../src/report/types.ts'
import { servers, withDatabase } from '../support/database.ts'
import { deployFiles, endingOf, errorOf, type Files, runEngine } from '../support/engine.ts'

function criterion({ criteria }: Report, id: CriterionReport['id']): CriterionReport {
  const found = criteria.find((one) => one.id === id)
  if (found === undefined) throw new Error(`no criterion ${id}`)
  return found
}

function rowsOf({ baseline }: Report, table: string) {
  const found = baseline?.rows.find((row) => row.table === table)
  if (found === undefined) throw new Error(`no rows of ${table}: ${JSON.stringify(baseline?.rows)}`)
  return found
}

function exampleFiles(): Files {
  const folder = join(process.cwd(), 'migrations')
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.sql'),
  )
  return Object.fromEntries(
    names.map((name) => [
      name.replace(/\.sql$/, '').replaceAll('\\', '/'),
      readFileSync(join(folder, name), 'utf8'),
    ]),
  )
}

test('the recipe application: 11 constraints and 9 indexes, the rows of before, all of its queries', async () => {
  const [lowest] = servers()
  await withDatabase({ template: 'recipe', major: lowest?.major ?? 18 }, async (database) => {
    const path = 'docs/db/observability.sql'
    const result = await deployFiles(database, {
      files: exampleFiles(),
      gates: {
        baseline: {
          queries: path,
          rows: ['"Ingredient"'],
          probes: [{ name: 'last recipe', sql: 'SELECT max("updatedAt") FROM "Recipe"' }],
        },
      },
      queries: readFileSync(path, 'utf8'),
    })
    expect(endingOf(result)).toBe('deployed 0')
    const { report } = result
    expect(criterion(report, 'constraints')).toMatchObject({
      outcome: 'passed',
      actual: '11 of 11',
    })
    expect(criterion(report, 'indexes')).toMatchObject({ outcome: 'passed', actual: '9 of 9' })
    expect(criterion(report, 'row-counts').outcome).toBe('passed')
    expect(report.criteria.map(({ id, outcome }) => [id, outcome]).slice(3)).toEqual([
      ['application-errors', 'not-checked'],
      ['performance', 'not-checked'],
      ['lock-waits', 'not-checked'],
      ['smoke-tests', 'not-checked'],
    ])
    expect(rowsOf(report, 'public."Recipe"')).toMatchObject({ byUs: 0, byOthers: 0, exact: true })
    expect(report.baseline?.probes[0]?.before).toMatch(/^\d{4}-/)
    expect(report.baseline?.queries.length).toBeGreaterThan(5)
    expect(report.baseline?.queries.filter(({ error }) => error !== undefined)).toEqual([])
  })
})

const two: Files = {
  '1_first': 'CREATE TABLE first (id int); CREATE INDEX first_id ON first (id)',
  // Slow, so that others have the time to do something meanwhile.
  '2_second':
    'CREATE TABLE second (id int); CREATE INDEX second_id ON second (id); SELECT pg_sleep(0.4)',
}

/** Somebody drops the first migration's index while the second is being applied. */
const sabotage = (database: { query(sql: string): Promise<unknown> }) => ({
  on(event: { type: string; migration?: { version: string } }) {
    if (event.type === 'migration-finished' && event.migration?.version === '1') {
      void database.query('DROP INDEX first_id')
    }
  },
})

test('a criterion that fails undoes the last migration, and the fingerprint proves it', async () => {
  await withDatabase({}, async (database) => {
    await database.query('SELECT 1')
    const result = await deployFiles(database, { files: two, ...sabotage(database) })
    expect(result.report.outcome).toBe('rolled-back')
    expect(result.report.exitCode).toBe(1)
    // It judges the whole run: no migration is blamed.
    expect(errorOf(result).version).toBeUndefined()
    expect(errorOf(result).message).toMatch(
      /All indexes created and VALID.*1 of 2; first_id on first.*missing/,
    )
    const [first, second] = result.report.migrations
    expect([first?.outcome, second?.outcome]).toEqual(['applied', 'rolled-back'])
    expect(second?.rollback).toMatchObject({ outcome: 'restored', difference: [] })
    const left = await database.query(
      "SELECT to_regclass('first') IS NOT NULL AS first, to_regclass('second') IS NULL AS gone",
    )
    expect(left).toEqual([{ first: true, gone: true }])
    // What was measured stays in the report.
    expect(criterion(result.report, 'indexes').outcome).toBe('failed')
    expect(result.report.baseline?.capturedAfterAt).not.toBeNull()
    const journal = await database.query(
      "SELECT version FROM airlock.migrations WHERE state <> 'rolled-back'",
    )
    expect(journal).toEqual([{ version: '1' }])
  })
})

test('with undo: run all of them go, and the whole run is proven undone', async () => {
  await withDatabase({}, async (database) => {
    const result = await deployFiles(database, {
      files: two,
      settings: { undo: 'run' },
      gates: { criteria: { 'row-counts': 'fail' }, baseline: { rows: ['kept'] } },
      on(event) {
        if (event.type === 'migration-finished' && event.migration.version === '1') {
          void database.query('DELETE FROM kept')
        }
      },
      ...(await database.query('CREATE TABLE kept AS SELECT 1 AS one').then(() => ({}))),
    })
    expect(endingOf(result)).toMatch(/^rolled-back 1: .*Row counts unchanged/)
    expect(result.report.fingerprint).toMatchObject({ equal: true, difference: [] })
    expect(result.report.migrations.map(({ outcome }) => outcome)).toEqual([
      'rolled-back',
      'rolled-back',
    ])
  })
})

test('with on-failure: stop everything stays applied, and a person is asked', async () => {
  await withDatabase({}, async (database) => {
    await database.query('SELECT 1')
    const result = await deployFiles(database, {
      files: two,
      settings: { 'on-failure': 'stop' },
      ...sabotage(database),
    })
    expect(endingOf(result)).toMatch(/^needs-attention 3: .*All indexes/)
    expect(result.report.migrations.map(({ outcome }) => outcome)).toEqual(['applied', 'applied'])
    expect(result.report.migrations[1]?.rollback?.reason).toMatch(
      /stay applied and verified; the next deploy has nothing to do/,
    )
    expect(await database.query('SELECT DISTINCT state FROM airlock.migrations')).toEqual([
      { state: 'verified' },
    ])
    const next = await deployFiles(database, { files: two })
    expect(endingOf(next)).toBe('nothing-to-do 0')
    expect(next.report.criteria).toEqual([])
    expect(next.report.warnings).toEqual([])
    expect(await database.query("SELECT to_regclass('second') IS NOT NULL AS there")).toEqual([
      { there: true },
    ])
  })
})

test('what others had broken before does not condemn a migration, and is said', async () => {
  await withDatabase({}, async (database) => {
    const { '1_first': first = '' } = two
    await deployFiles(database, { files: { '1_first': first } })
    await database.query('DROP INDEX first_id')
    const result = await deployFiles(database, { files: two })
    expect(endingOf(result)).toBe('deployed 0')
    expect(criterion(result.report, 'indexes')).toMatchObject({
      outcome: 'warned',
      expected: 'all 2 indexes of all applied migrations as their files say',
      reason: expect.stringContaining('before this deployment began'),
    })
  })
})

test('what breaks meanwhile is told apart from what was broken before', async () => {
  await withDatabase({}, async (database) => {
    const zero = 'CREATE TABLE zero (id int); CREATE INDEX zero_id ON zero (id)'
    await deployFiles(database, { files: { '0_zero': zero } })
    await database.query('DROP INDEX zero_id')
    const result = await deployFiles(database, {
      files: { '0_zero': zero, ...two },
      ...sabotage(database),
    })
    expect(endingOf(result)).toMatch(/^rolled-back 1: .*1 of 3; first_id on first/)
    expect(criterion(result.report, 'indexes').details).toEqual([
      expect.stringMatching(/^first_id on first: .*missing$/),
      expect.stringMatching(/^zero_id on zero: .*before this deployment too/),
    ])
  })
})

test('a run that was killed before its criteria were judged is told of by the next that finds nothing to do', async () => {
  await withDatabase({}, async (database) => {
    const files = { '1_a': 'CREATE TABLE a (id int)' }
    const { report } = await deployFiles(database, { files })
    // As kill -9 leaves it while the interval is observed.
    await database.query(
      'UPDATE airlock.runs SET outcome = NULL, ended_at = NULL, criteria = NULL, baseline = NULL',
    )
    const next = await deployFiles(database, { files })
    expect(endingOf(next)).toBe('nothing-to-do 0')
    expect(next.report.warnings).toEqual([
      `Run ${report.runId} was killed before its success criteria were judged, and no later run has judged them.`,
    ])
    await deployFiles(database, { files: { ...files, '2_b': 'CREATE TABLE b (id int)' } })
    expect((await deployFiles(database, { files })).report.warnings).toEqual([])
  })
})

test('what can not be understood is refused before anything connects, with its place', async () => {
  const files = { '1_a': 'CREATE TABLE a (id int)' }
  const nowhere = { url: 'postgresql://nobody@127.0.0.1:1/nowhere' }
  const refused = async (gates: Parameters<typeof deployFiles>[1]['gates'], queries = '') => {
    const result = await runEngine(nowhere, 'deploy', { files, gates: gates ?? {}, queries })
    expect(result.report.outcome).toBe('refused')
    return errorOf(result)
  }
  const error = await refused({}, 'SELECT 1;\n\n-- x\nDELETE FROM t;')
  expect(error).toMatchObject({ where: { file: 'docs/db/observability.sql', line: 4, column: 1 } })
  expect(error.message).toContain('DELETE')
  for (const rows of [
    'a, b',
    'a; DROP TABLE b',
    'select',
    'a.b.c.d',
    '"x',
    'a b',
    'ONLY a',
    'a WHERE true',
    'f()',
  ]) {
    expect((await refused({ baseline: { rows: [rows] } })).message).toContain(
      `baseline.rows: ${rows}`,
    )
  }
  expect(
    (await refused({ baseline: { probes: [{ name: 'p', sql: 'SELECT 1; SELECT 2' }] } })).message,
  ).toContain('The probe p holds 2 statements')
})

test('without a database of pg_stat_statements, a log or a smoke test nothing is passed for it', async () => {
  await withDatabase({}, async (database) => {
    const { report } = await deployFiles(database, {
      files: { '1_a': 'CREATE TYPE a AS (id int)' },
    })
    expect(report.outcome).toBe('deployed')
    expect(report.criteria).toHaveLength(7)
    expect(report.criteria.map(({ outcome }) => outcome)).toEqual(Array(7).fill('not-checked'))
    expect(report.criteria.every(({ reason }) => (reason ?? '') !== '')).toBe(true)
    expect(report.baseline?.notes).toEqual([
      expect.stringContaining('CREATE EXTENSION pg_stat_statements'),
    ])
  })
})

test('what cannot be undone without losing data stays applied, and a person is asked', async () => {
  await withDatabase({}, async (database) => {
    await database.query('CREATE TABLE kept AS SELECT 1 AS one')
    const result = await deployFiles(database, {
      files: {
        '1_new':
          'CREATE TABLE filled AS SELECT 1 AS x; DROP INDEX IF EXISTS nothing; SELECT pg_sleep(0.4)',
      },
      gates: { criteria: { 'row-counts': 'fail' }, baseline: { rows: ['kept'] } },
      on(event) {
        if (event.type === 'migration-started') void database.query('DELETE FROM kept')
      },
    })
    expect(endingOf(result)).toMatch(/^needs-attention 3: .*Row counts/)
    expect(result.migration.outcome).toBe('applied')
    expect(result.migration.rollback).toMatchObject({
      outcome: 'not-run',
      reason: expect.stringContaining('holds data'),
    })
  })
})

test('a log command ends with the run that is asked to stop', async () => {
  await withDatabase({}, async (database) => {
    const started = performance.now()
    const result = await deployFiles(database, {
      files: { '1_a': 'CREATE TABLE a (id int)' },
      gates: { logs: { command: 'sleep 30 & wait' } },
      on: (event, stop) => {
        if (event.type === 'phase' && event.title === 'Success criteria') setTimeout(stop, 300)
      },
    })
    expect(result.report.outcome).toBe('cancelled')
    expect(performance.now() - started).toBeLessThan(10_000)
    expect(criterion(result.report, 'application-errors')).toMatchObject({
      outcome: 'not-checked',
      reason: expect.stringContaining('was stopped'),
    })
  })
})

test("errors in the application's log fail the deployment", async () => {
  await withDatabase({}, async (database) => {
    const result = await deployFiles(database, {
      files: { '1_a': 'CREATE TABLE a (id int)' },
      gates: {
        logs: { command: String.raw`printf 'violates foreign key constraint \000 \377\nfine\n'` },
      },
    })
    expect(endingOf(result)).toMatch(
      /^rolled-back 1: .*No application errors.*1 of 2 lines of logs.command/,
    )
    expect(criterion(result.report, 'application-errors').details).toEqual([
      'violates foreign key constraint ␀ \uFFFD',
    ])
    expect(result.migration.rollback).toMatchObject({ outcome: 'restored' })
  })
})
