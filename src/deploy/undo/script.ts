import { undoProgress } from '../../journal/undo.ts'
import { inTransaction, journalPrologue } from '../../journal/write.ts'
import type { PlannedMigration, Step } from '../../plan/types.ts'
import type { MigrationReport, StepReport } from '../../report/types.ts'
import type { Statement } from '../../sql/types.ts'
import { verifyExpectations } from '../../verify/expectations.ts'
import { isDoneAlready } from '../concurrent/index-done.ts'
import { describeFailure, StepFailure } from '../failure.ts'
import type { Run } from '../run.ts'
import { executeInTurn, executeStatement } from '../steps/execute.ts'
import { type Left, repeatSettings } from '../steps/migration-run.ts'
import type { GaveWay } from '../steps/retry.ts'
import { statementsBefore } from '../steps/step-timeouts.ts'
import {
  keepTimeouts,
  setTimeouts,
  type Timeouts,
  timeoutsOf,
  timeoutsSetBy,
  waitLimitsOf,
} from '../steps/timeouts.ts'
import {
  bodyOf,
  lastToTouch,
  lockParts,
  onlyDirectives,
  sendInTurn,
  type Told,
} from '../steps/transaction-statements.ts'
import type { WaitLimits } from '../waits/wait-tally.ts'
import type { Undoing } from './inverse-run.ts'
import { attemptUndo } from './undo-attempts.ts'

type Rollback = NonNullable<PlannedMigration['rollback']>

/** One step of a rollback script, under way. */
interface ScriptStep {
  readonly step: Step
  readonly rollback: Rollback
  readonly report: MigrationReport
  readonly shown: StepReport
  readonly timeouts: Timeouts
  readonly limits: WaitLimits
  /** The journal's statement that says the step is done. */
  readonly progress: string
  readonly ran: string[]
}

/**
 * Runs a rollback script step by step, each under its timeouts, watched as a migration's steps are, and tried again as a whole when a lock is not to be
 * had; `ran` collects the SQL as it is sent. How many steps are done is committed with each, so that a killed undo goes on behind the last of
 * them: `from` is the number of those that an earlier run did.
 * Errors: StepFailure with the place in the rollback script.
 */
export async function runScript(
  run: Run,
  rollback: Rollback,
  { report, budget }: Undoing,
  ran: string[],
  from: number,
): Promise<void> {
  const { worker } = run.connections
  const progress = (done: number) =>
    undoProgress(report.version, { by: 'script', done, statements: [] })
  const [first] = rollback.steps.slice(from)
  if (first !== undefined && first.kind !== 'transaction') {
    await worker.simple(inTransaction(run.key, progress(from)))
  }
  for (const earlier of rollback.steps.slice(0, from)) await repeatSettings(run, earlier)
  for (const step of rollback.steps.slice(from)) {
    const only = onlyDirectives(step)
    const timeouts = timeoutsOf(step, run.settings, rollback.directives, only)
    const limits = waitLimitsOf(step, run.settings, rollback.directives, only)
    const shown = shownAs(step, rollback.file)
    const done = progress(step.ordinal)
    const all = { step, rollback, report, shown, timeouts, limits, progress: done, ran }
    const own = timeoutsSetBy(statementsBefore(rollback.steps, step))
    const already = ran.length
    await attemptUndo(
      run,
      budget,
      shown,
      report.version,
      async (gaveWay) => {
        ran.length = already
        await worker.simple(setTimeouts(timeouts, null, own))
        const resumed = step.kind !== 'transaction' && step.ordinal === from + 1
        if (resumed && (await isDone(run, step))) {
          await worker.simple(inTransaction(run.key, all.progress))
        } else if (step.kind === 'transaction') await runTransaction(run, all, gaveWay)
        else await runAlone(run, all, gaveWay)
      },
      leavesOf(step),
    )
  }
}

/** A procedure that commits may have done half of its work when it fails. */
function leavesOf({ kind, statements }: Step): Left {
  const commits = statements.some(({ statement }) => statement.transaction.type === 'may-commit')
  return kind === 'statement' && commits ? 'something' : 'nothing'
}

/** What is told of while it runs; a rollback script has no steps in the report. */
function shownAs({ ordinal, kind, title, statements }: Step, file: string): StepReport {
  const where = statements[0]?.statement.where ?? { file, line: 1, column: 1 }
  const count = statements.length
  return {
    ordinal,
    kind,
    title: `rollback: ${title}`,
    outcome: 'not-run',
    durationMs: 0,
    statements: count,
    where,
  }
}

/** Deferred constraints are checked before the COMMIT, where they can be watched and cancelled. */
async function runTransaction(run: Run, all: ScriptStep, gaveWay: GaveWay | null): Promise<void> {
  const { step, rollback, report, shown, limits, progress } = all
  const { worker } = run.connections
  const { directives } = rollback
  const locks = lockParts(run, step, gaveWay)
  await placed(all, (told) =>
    executeInTurn(run, report, shown, limits, async (execute) => {
      await worker.simple(step.begin ?? 'begin')
      await sendInTurn(run, { step, directives, locks, told }, (statement, own, instead) => {
        if (instead === undefined) all.ran.push(statement.text)
        return execute(statement, own, instead)
      })
      if (step.rollsBack !== true) await worker.simple('set constraints all immediate')
    }),
  )
  if (step.rollsBack) {
    await worker.simple('rollback')
    await worker.simple(inTransaction(run.key, progress))
  } else await worker.simple(`${journalPrologue(run.key)} ${progress}; commit`)
}

/** An attempt that gave way may have left an INVALID index, which would make the next fail. */
async function runAlone(run: Run, all: ScriptStep, gaveWay: GaveWay | null): Promise<void> {
  const { step, report, shown, timeouts, limits, progress } = all
  for (const { statement } of bodyOf(step)) {
    all.ran.push(statement.text)
    await placed(all, async (told) => {
      told(statement)
      if (gaveWay !== null && (await isDoneAlready(run, statement.text))) return
      await executeStatement(run, report, shown, statement, limits)
      await keepTimeouts(run, statement, timeouts)
    })
  }
  await run.connections.worker.simple(inTransaction(run.key, progress))
}

/** A failure gets its place in the rollback script: that of the statement told of last, or of the one that a deferred constraint speaks of. */
async function placed(
  { step, rollback: { script }, report: { version } }: ScriptStep,
  act: (told: Told) => Promise<unknown>,
): Promise<void> {
  let running: Statement | undefined
  try {
    await act((statement) => {
      running = statement
    })
  } catch (error) {
    const statement = running ?? lastToTouch(step, error)
    const at = statement === undefined ? { script, version } : { script, statement, version }
    throw new StepFailure(describeFailure(error, at))
  }
}

/** Of a statement outside a transaction that a killed undo may have sent, the catalog tells whether it had its effect. */
async function isDone(run: Run, step: Step): Promise<boolean> {
  const found = await verifyExpectations(
    run.connections.worker,
    step.expectations,
    run.surroundings,
  )
  return found.length > 0 && found.every(({ outcome }) => outcome === 'passed')
}
