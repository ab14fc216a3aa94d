import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { generateData } from '../../scripts/generate-data.ts'
import { preflightChecks } from '../../src/checks/preflight/registry.ts'
import { oldestAndNewest } from '../support/database.ts'
import { project } from '../support/program.ts'
import { recipeWorkspace, type Workspace, workspaceOf } from '../support/workspace.ts'
import {
  everyKindOfStep,
  everyKindOfStepRows,
  everyKindOfStepTables,
  failingHalfWay,
  failingVerification,
  undoable,
  undoTables,
} from './migrations.ts'
import { filesOf, type Scenario } from './scenario.ts'
import { type Stage, walk } from './walk.ts'

/**
 * Every boundary on the newest major with KILL_WALK=all (seven minutes on two cores), else every fourth one; a sample on the oldest. What the
 * matrix of faults injects comes on top of that.
 */
const newest = Math.max(...oldestAndNewest().map(({ major }) => major))
const onNewest = process.env.KILL_WALK === 'all' ? 1 : 4
const sample = 60
const minutes = 60_000

/** The preflight checks only read, and would be most of what these hundreds of runs cost; and they would refuse the rows that are to fail. */
const gates = {
  preflight: { checks: Object.fromEntries(preflightChecks.map(({ id }) => [id, 'off'])) },
}

function scenario(workspace: Workspace, rest: Pick<Scenario, 'setUp' | 'rows'>): Scenario {
  workspace.write('airlock.yml', JSON.stringify(gates))
  return { workspace, files: filesOf(workspace), gates, ...rest }
}

const recipe = scenario(recipeWorkspace(), {
  setUp: [readFileSync(join(project, 'docs/db/schema.sql'), 'utf8'), ...generateData(400)],
  rows: `select count(*), md5(string_agg(r."companyId" || r."name" || coalesce(c."name", '-'), ';' order by r."id")),
    (select md5(string_agg("companyId" || "name", ';' order by "companyId", "name")) from "RecipeCategory")
    from "Recipe" r left join "RecipeCategory" c on c."id" = r."categoryId"`,
})

const steps = scenario(workspaceOf(everyKindOfStep), {
  setUp: [everyKindOfStepTables],
  rows: everyKindOfStepRows,
})

const ofBase = (files: Readonly<Record<string, string>>) =>
  scenario(workspaceOf(files), {
    setUp: [undoTables, 'insert into base select i, i from generate_series(1, 20) as i'],
    rows: 'select json_agg(b) from (select id, n from base order by id) as b',
  })

const undo = ofBase(undoable)
const halfWay = ofBase(failingHalfWay)
const verification = ofBase(failingVerification)

const totals = { boundaries: 0, identical: 0 }

afterAll(() => {
  for (const { workspace } of [recipe, steps, undo, halfWay, verification]) workspace.dispose()
  process.stdout.write(`boundaries: ${totals.boundaries}, identical: ${totals.identical}\n`)
})

async function walkAll(
  major: number,
  scenario: Scenario,
  stages: readonly Stage[],
  newestEvery = 1,
): Promise<void> {
  const every = major === newest ? newestEvery * onNewest : sample
  const { boundaries, identical, different } = await walk(scenario, { major, stages, every })
  totals.boundaries += boundaries
  totals.identical += identical
  expect(different).toEqual([])
  expect(boundaries).toBeGreaterThan(0)
}

/** A deployment one version at a time: together their workers send what one run of all sends. The journal's requests are the same in each. */
function eachVersion(versions: readonly string[]): Stage[] {
  return versions.map((version, index) => ({
    command: 'deploy',
    to: version,
    roles: index === 0 ? ['worker', 'observer', 'keeper'] : ['worker'],
  }))
}

describe.each(oldestAndNewest().map(({ major }) => major))(
  'PostgreSQL %i: kill -9, then rerun',
  (major) => {
    test(
      'the recipe application ends as if nobody had killed anything',
      () =>
        walkAll(
          major,
          recipe,
          eachVersion([
            '20250115120000',
            '20250115130000',
            '20250115140000',
            '20250115150000',
            '20250115160000',
            '20250115160001',
          ]),
        ),
      15 * minutes,
    )

    test(
      'so does every other kind of step, each of which would leave a trace if it ran twice [trap: resume-from-the-top]',
      () => walkAll(major, steps, eachVersion(['1', '2', '3', '4', '5', '6', '7', '8'])),
      15 * minutes,
    )

    test(
      'a run killed while it undoes a failed migration: the next one ends the undo, tries again, and undoes that',
      async () => {
        await walkAll(major, halfWay, [{ command: 'deploy', exitCode: 1, since: 'base_twice' }])
        const done: Stage = { command: 'deploy', to: '2', roles: [] }
        await walkAll(major, verification, [
          done,
          { command: 'deploy', exitCode: 1, since: 'AS lines' },
        ])
      },
      15 * minutes,
    )

    test(
      'a killed rollback goes on where it ended, or is ended by the next deployment',
      async () => {
        const done: Stage = { command: 'deploy', roles: [] }
        const back: Stage = { command: 'rollback', to: '1' }
        await walkAll(major, undo, [done, { ...back, roles: ['worker', 'observer'] }])
        const redone: Stage = { ...back, rerun: { command: 'deploy' }, roles: ['worker'] }
        await walkAll(major, undo, [done, redone], 3)
      },
      15 * minutes,
    )
  },
)
