import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { compileMigration } from '../../src/plan/compile.ts'
import type { PlannedMigration } from '../../src/plan/types.ts'
import { discoverMigrations } from '../../src/runbook/layout.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { readText } from './psql.ts'

let planned: PlannedMigration[] = []

beforeAll(async () => {
  await loadParser()
  const folder = join(import.meta.dirname, '../../../migrations')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sql'))
    .map((file) => `migrations/${file.replaceAll('\\', '/')}`)
    .map((path) => ({ path, text: readText(path) }))
  planned = discoverMigrations(files, 'migrations').map((each) => compileMigration(each))
})

const first = (count: number) => planned.slice(0, count)

describe('the plan of the recipe application', () => {
  test('the runbook says of each of the six how long it takes and what it locks', () => {
    expect(
      first(6).map(({ directives }) => [directives.expectDuration, directives.lockImpact]),
    ).toEqual([
      ['30 seconds', 'Low (small tables)'],
      ['1-2 minutes', 'Low (uses NOT VALID pattern)'],
      ['30 seconds', 'Low (validates existing data)'],
      ['5-15 minutes', 'None (CONCURRENTLY)'],
      ['1-2 minutes', 'Medium (UPDATE on Recipe table)'],
      ['30 seconds', 'Low (adds trigger and constraint)'],
    ])
  })

  test('each of the six has a rollback script and a verify script', () => {
    expect(first(6).map(({ rollback, verify }) => [rollback !== null, verify !== null])).toEqual(
      Array(6).fill([true, true]),
    )
  })

  test('each validation and each index build is a step of its own', () => {
    expect(planned.map(({ steps }) => steps.length)).toEqual([1, 5, 5, 9, 1, 2, 1])
  })

  test('the SQL alone tells all objects that the runbook asks to verify', () => {
    const kinds = first(6).flatMap(({ expectations }) =>
      expectations.filter(({ state }) => state === 'present').map(({ object }) => object.kind),
    )
    const count = (kind: string) => kinds.filter((each) => each === kind).length
    expect([count('constraint'), count('index'), count('trigger'), count('function')]).toEqual([
      11, 9, 1, 1,
    ])
  })

  test('all eleven constraints are expected to be valid in the end', () => {
    const constraints = first(6).flatMap(({ expectations }) =>
      expectations.flatMap(({ constraint }) =>
        constraint === undefined ? [] : [constraint.valid],
      ),
    )
    expect(constraints).toEqual(Array(11).fill(true))
  })

  test('the clean-up is disabled and waits seven days for the cutover', () => {
    const { directives } = planned[6] ?? { directives: undefined }
    expect(directives?.disabled).toBe(true)
    expect(directives?.after).toEqual({
      version: '20250115160001',
      soak: '7d',
      soakMs: 7 * 24 * 60 * 60 * 1000,
    })
  })
})
