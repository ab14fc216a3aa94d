import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { CriterionReport, Report } from '../../src/report/types.ts'
import { withDatabase } from '../support/database.ts'
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
  await withDatabase({ template: 'recipe' }, async (database) => {
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
    console.log(JSON.stringify(report.baseline, null, 1).slice(0, 6000), report.criteria)
  })
})
