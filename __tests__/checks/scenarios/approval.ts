import type { TestDatabase } from '../../support/database.ts'
import { type Files, runEngine } from '../../support/engine.ts'
import type { CheckScenario } from '../scenario.ts'

const files = {
  '1_first': 'create table first (id int primary key)',
  '2_second': 'create table second (id int)',
}

/** The digest that a plan of these files prints is approved. */
function approved(planned: Files, settings: Readonly<Record<string, string>> = {}) {
  return async (database: TestDatabase) => {
    const { report } = await runEngine(database, 'plan', { files: planned, settings })
    return { settings: { 'plan-digest': report.planDigest } }
  }
}

export const approvalScenarios: readonly CheckScenario[] = [
  {
    check: 'approval.plan-digest',
    outcome: 'passed',
    title: 'exactly what was approved',
    files,
    arrange: approved(files),
    says: [/the same: 2 migrations/],
  },
  {
    check: 'approval.plan-digest',
    outcome: 'failed',
    title: 'a migration was changed and another one added since',
    files,
    arrange: approved({ '1_first': 'create table first (id int)' }),
    says: [/1 was changed/, /2 was added: it was not approved/],
  },
  {
    check: 'approval.plan-digest',
    outcome: 'failed',
    title: 'a setting that decides what is undone was changed',
    files,
    settings: { undo: 'run' },
    arrange: approved(files),
    says: [/Settings differ/],
  },
  {
    check: 'approval.plan-digest',
    outcome: 'failed',
    title: 'something that is no digest',
    files,
    settings: { 'plan-digest': 'airlock1.abc' },
    says: [/cut off/],
  },
  {
    check: 'approval.plan-digest',
    outcome: 'not-checked',
    title: 'nobody approved anything',
    says: [/no plan-digest was given/],
  },
]
