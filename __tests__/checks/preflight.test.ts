import { describe, expect, test } from '@jest/globals'
import { preflightChecks } from '../../src/checks/preflight/registry.ts'
import { readFingerprint } from '../../src/observe/fingerprint.ts'
import { resolveConnection } from '../../src/postgres/connection.ts'
import { connect } from '../../src/postgres/session.ts'
import type { CheckReport } from '../../src/report/types.ts'
import { type TestDatabase, withDatabase } from '../support/database.ts'
import { type EngineResult, runEngine } from '../support/engine.ts'
import type { Arranged, CheckScenario } from './scenario.ts'
import { scenarios } from './scenarios/index.ts'

const outcomes = ['passed', 'failed or warned', 'not-checked'] as const

/** What a scenario proves of a check. */
const proves = ({ outcome }: CheckScenario): (typeof outcomes)[number] =>
  outcome === 'failed' || outcome === 'warned' ? 'failed or warned' : outcome

describe('the registry of preflight checks', () => {
  test('every check has a scenario in which it passes, one with a problem, and one in which it is not checked', () => {
    const missing = preflightChecks.flatMap(({ id }) =>
      outcomes
        .filter((wanted) => !scenarios.some((one) => one.check === id && proves(one) === wanted))
        .map((wanted) => `${id}: ${wanted}`),
    )
    expect(missing).toEqual([])
  })

  test('every scenario is about a check that exists', () => {
    const known = preflightChecks.map(({ id }) => id)
    expect(scenarios.filter(({ check }) => !known.includes(check))).toEqual([])
  })

  test('ids are unique and named after their group', () => {
    const ids = preflightChecks.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.filter((id) => !/^[a-z-]+\.[a-z-]+$/.test(id))).toEqual([])
  })
})

describe('preflight', () => {
  test.each(scenarios.map((one) => [`${one.check} ${one.outcome}`, one.title, one] as const))(
    '%s: %s',
    async (_, __, scenario) => {
      await withDatabase({}, async (database) => {
        const arranged = (await scenario.arrange?.(database)) ?? {}
        try {
          const before = await pictureOf(database)
          const result = await deployWith(database, scenario, arranged)
          const found = result.report.checks.filter(({ id }) => id === scenario.check)
          const entry = entryOf(scenario, found)
          if (entry === undefined) throw new Error(notFound(result, found))
          expectWhole(entry)
          expect(result.report.checks.filter(isOurMistake)).toEqual([])
          for (const text of scenario.says ?? []) expect(textOf(entry)).toMatch(text)
          if (scenario.outcome === 'failed' && scenario.command !== 'plan') {
            expectRefused(result)
            expect(await pictureOf(database)).toBe(before)
          }
        } finally {
          await arranged.cleanUp?.()
        }
      })
    },
  )
})

/** A check may find several things: the one that the scenario speaks of. */
function entryOf(
  { outcome, says = [] }: CheckScenario,
  found: readonly CheckReport[],
): CheckReport | undefined {
  const entries = found.filter((one) => one.outcome === outcome)
  return entries.find((one) => says.every((text) => text.test(textOf(one)))) ?? entries[0]
}

function deployWith(
  database: TestDatabase,
  { files, settings, gates, command = 'deploy' }: CheckScenario,
  arranged: Arranged,
): Promise<EngineResult> {
  return runEngine(database, command, {
    files: files ?? { '1_first': 'create table first (id int primary key)' },
    settings: { ...settings, ...arranged.settings },
    gates: { ...gates, ...arranged.gates },
    ...(arranged.url === undefined ? {} : { url: arranged.url }),
    ...(arranged.staging === undefined ? {} : { staging: arranged.staging }),
  })
}

function notFound({ report }: EngineResult, found: readonly CheckReport[]): string {
  const instead = found.length === 0 ? report.error : null
  return `found ${JSON.stringify(found, null, 1)} ${JSON.stringify(instead)}`
}

/** A query of ours that the server can't understand, or that stumbles over a value: it would be told as not checked, and nobody would look. */
function isOurMistake({ group, reason }: CheckReport): boolean {
  // The data prechecks ask with the user's own expressions.
  return group !== 'data' && /SQLSTATE (?!42501)(42|22|21|0A)/.test(reason ?? '')
}

/** A problem says why it matters and what to do, what was not checked says why. */
function expectWhole({ outcome, reason, fix, expected, actual }: CheckReport): void {
  if (outcome !== 'passed') expect(reason).toBeTruthy()
  if (outcome === 'failed' || outcome === 'warned') {
    expect([fix, expected, actual].every(Boolean)).toBe(true)
  }
}

function textOf({ title, expected, actual, reason, fix, details }: CheckReport): string {
  return [title, expected, actual, reason, fix, ...(details ?? [])].join('\n')
}

function expectRefused({ report }: EngineResult): void {
  expect([report.outcome, report.exitCode]).toEqual(['refused', 1])
  const { message, why, fix } = report.error ?? {}
  expect([message, why, fix].every(Boolean)).toBe(true)
}

/** The catalog's fingerprint and the content of every user table: a refusal changes neither. */
async function pictureOf({ url, query }: TestDatabase): Promise<string> {
  const session = await connect(resolveConnection({ url, env: {} }), {
    name: 'picture',
    applicationName: 'test picture',
  })
  try {
    const { hash } = await readFingerprint(session)
    const journal = await query(`select to_regnamespace('airlock') as journal`)
    const rows = await query(
      `select pg_catalog.query_to_xml('select * from ' || c.oid::regclass, true, true, '')::text as rows
       from pg_class c where relkind = 'r' and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema') order by oid`,
    )
    return JSON.stringify([hash, journal, rows])
  } finally {
    await session.close()
  }
}
