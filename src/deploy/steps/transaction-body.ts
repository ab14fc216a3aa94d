import { countersQuery, notChecked, readCounters, rowEffects } from '../../observe/row-effects.ts'
import type { Step } from '../../plan/types.ts'
import type { TextResult } from '../../postgres/types.ts'
import type { RowEffect, Verification } from '../../report/types.ts'
import { sessionSettings } from '../../sql/setting.ts'
import { inquire, verifyExpectations } from '../../verify/expectations.ts'
import type { Run } from '../run.ts'
import { type Execute, executeInTurn, executeTogether, ours, type Part } from './execute.ts'
import { type MigrationRun, stepReportOf } from './migration-run.ts'
import type { GaveWay } from './retry.ts'
import { statementsBefore } from './step-timeouts.ts'
import {
  setTimeouts,
  type Timeouts,
  timeoutStatements,
  timeoutsOf,
  timeoutsSetBy,
  waitLimitsOf,
} from './timeouts.ts'
import {
  bodyOf,
  lockParts,
  onlyDirectives,
  sendInTurn,
  type Told,
} from './transaction-statements.ts'

/** What was measured inside the transaction, before it is committed. */
export interface BodyEnd {
  readonly rows: readonly RowEffect[]
  readonly verification: readonly Verification[]
}

/**
 * All of a transaction but its end: BEGIN, the statements, deferred constraints checked now, so that they fail here and not at COMMIT, row
 * counters where rows may change, and the look at what is expected. In one round trip where that allows to tell all the same.
 */
export async function runBody(
  run: Run,
  migration: MigrationRun,
  step: Step,
  gaveWay: GaveWay | null,
  told: Told,
): Promise<BodyEnd> {
  const locks = lockParts(run, step, gaveWay)
  return allowsOneTrip(step)
    ? runTogether(run, migration, step, locks, told)
    : runOneByOne(run, migration, step, locks, told)
}

/** Not where something is to be done between two statements: COPY's rows, timeouts of one statement alone, those that it may have taken away. */
function allowsOneTrip(step: Step): boolean {
  if (step.rollsBack) return false
  return bodyOf(step).every(
    ({ statement, directives }, _, { length }) =>
      statement.copyData === null &&
      (length === 1 || (directives.lockTimeout ?? directives.statementTimeout) === undefined) &&
      !statement.effects.some(({ op }) => op === 'unknown') &&
      !sessionSettings(statement.node).some(({ kind, name }) => kind === 'reset' && name === null),
  )
}

async function runTogether(
  run: Run,
  migration: MigrationRun,
  step: Step,
  locks: readonly Part[],
  told: Told,
): Promise<BodyEnd> {
  const { timeouts, own, watched } = opening(run, migration, step)
  const inquiry = inquire(step.expectations, run.surroundings)
  const counters = watched ? [ours(countersQuery)] : []
  const before = [
    ...timeoutStatements(timeouts, migration.timeouts, own).map(ours),
    ours(step.begin ?? 'begin'),
    ...counters,
  ]
  const statements = bodyOf(step).map(({ statement }) => ({ text: statement.text, statement }))
  const after = watched ? [ours('set constraints all immediate'), ...counters] : []
  const questions = inquiry.queries.map((query) => ({ ...query, statement: null }))
  const results = await executeTogether(
    run,
    migration.report,
    stepReportOf(migration.report, step),
    [...before, ...locks, ...statements, ...after, ...questions],
    waitLimitsOf(step, run.settings, migration.planned.directives, onlyDirectives(step)),
    (statement) => told(statement ?? undefined),
  )
  migration.timeouts = timeouts
  const answersAt = results.length - questions.length
  return {
    rows: watched ? rowsBetween(step, results[before.length - 1], results[answersAt - 1]) : [],
    verification: inquiry.judge(results.slice(answersAt)),
  }
}

async function runOneByOne(
  run: Run,
  migration: MigrationRun,
  step: Step,
  locks: readonly Part[],
  told: Told,
): Promise<BodyEnd> {
  const limits = waitLimitsOf(
    step,
    run.settings,
    migration.planned.directives,
    onlyDirectives(step),
  )
  const report = stepReportOf(migration.report, step)
  return executeInTurn(run, migration.report, report, limits, (execute) =>
    sendOneByOne(run, migration, step, locks, told, execute),
  )
}

async function sendOneByOne(
  run: Run,
  migration: MigrationRun,
  step: Step,
  locks: readonly Part[],
  told: Told,
  execute: Execute,
): Promise<BodyEnd> {
  const { worker } = run.connections
  const { timeouts, own, watched } = opening(run, migration, step)
  const set = setTimeouts(timeouts, migration.timeouts, own)
  const opened = await worker.simple(
    `${set} ${step.begin ?? 'begin'}; ${watched ? countersQuery : ''}`,
  )
  migration.timeouts = timeouts
  const { directives } = migration.planned
  await sendInTurn(run, { step, directives, locks, told }, execute)
  if (step.rollsBack) return { rows: [], verification: [] }
  const closed = watched
    ? await worker.simple(`set constraints all immediate; ${countersQuery}`)
    : []
  return {
    rows: watched ? rowsBetween(step, opened.at(-1), closed.at(-1)) : [],
    verification: await verifyExpectations(worker, step.expectations, run.surroundings),
  }
}

interface Opening {
  readonly timeouts: Timeouts
  /** Timeouts that the file has set itself, and that are not ours to change. */
  readonly own: ReadonlySet<string>
  readonly watched: boolean
}

function opening(run: Run, migration: MigrationRun, step: Step): Opening {
  const { planned } = migration
  return {
    timeouts: timeoutsOf(step, run.settings, planned.directives, onlyDirectives(step)),
    own: timeoutsSetBy(statementsBefore(planned.steps, step)),
    watched: step.rows !== 'none' || run.surroundings.hasEventTriggers,
  }
}

function rowsBetween(
  step: Step,
  opened: TextResult | undefined,
  closed: TextResult | undefined,
): RowEffect[] {
  if (opened === undefined || closed === undefined) return []
  const [before, after] = [readCounters(opened), readCounters(closed)]
  if (!before.counted || !after.counted) return [notChecked('(all tables)', 'track_counts is off')]
  return rowEffects(before, after, step.rows === 'at-most' ? 'at-most' : 'exact')
}
