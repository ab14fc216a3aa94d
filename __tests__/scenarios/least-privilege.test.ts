import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { CheckReport, Report } from '../../src/report/types.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { type ProgramResult, runCli } from '../support/program.ts'
import { recipeWorkspace, type Workspace } from '../support/workspace.ts'

/** What a role that may do nothing but log in can't see. */
const unseen = [
  'risk.long-transactions',
  'risk.idle-in-transaction',
  'risk.autovacuum',
  'data.foreign-key',
  'data.unique',
  'data.check',
]

const role = `nobody_${process.pid}`

let database: TestDatabase
let workspace: Workspace
let run: ProgramResult
let report: Report
let summary: string

beforeAll(async () => {
  database = await createDatabase({ template: 'recipe' })
  await database.query(`create role ${role} login password 'nothing'`)
  workspace = recipeWorkspace()
  const url = new URL(database.url)
  url.username = role
  url.password = 'nothing'
  run = await runCli(['plan', '--report', 'report.json', '--summary', 'summary.md'], {
    cwd: workspace.folder,
    env: { DATABASE_URL: url.href },
  })
  report = JSON.parse(readFileSync(join(workspace.folder, 'report.json'), 'utf8'))
  summary = readFileSync(join(workspace.folder, 'summary.md'), 'utf8').replaceAll('\\', '')
})
afterAll(async () => {
  workspace.dispose()
  await database.query(`drop role ${role}`)
  await database.drop()
})

const outcomesOf = (id: string) =>
  report.checks.filter((check) => check.id === id).map(({ outcome }) => outcome)

test('a role that may do nothing gets a plan that says so, not an error', () => {
  expect({ code: run.code, stderr: run.stderr, error: report.error }).toEqual({
    code: 0,
    stderr: '',
    error: null,
  })
})

test.each(unseen)(
  '%s is not checked anywhere, and the GRANT that would allow it is named',
  (id) => {
    const outcomes = outcomesOf(id)
    expect(outcomes.length).toBeGreaterThan(0)
    expect(new Set(outcomes)).toEqual(new Set(['not-checked']))
    const entries = report.checks.filter((check: CheckReport) => check.id === id)
    for (const { fix } of entries) expect(fix).toMatch(/^GRANT .* TO /)
    for (const { fix = '' } of entries) expect(summary).toContain(fix)
  },
)

test('what it may not do would be refused', () => {
  for (const id of ['privileges.ownership', 'privileges.tables', 'privileges.journal']) {
    expect(outcomesOf(id)).toContain('failed')
  }
})
