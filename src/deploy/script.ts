import { undoProgress } from '../journal/undo.ts'
import { inTransaction, journalPrologue } from '../journal/write.ts'
import type { PlannedMigration, Step } from '../plan/types.ts'
import type { MigrationReport } from '../report/types.ts'
import { verifyExpectations } from '../verify/expectations.ts'
import { whileCancellable } from './cancelling.ts'
import { describeFailure, StepFailure } from './failure.ts'
import type { Run } from './run.ts'
import { setTimeouts, timeoutsOf } from './timeouts.ts'

/**
 * Runs a rollback script step by step, each under its timeouts; `ran` collects the SQL as it is sent. How many steps are done is committed with each,
 * so that a killed undo goes on behind the last of them: `from` is the number of those that an earlier run did.
 * Errors: StepFailure with the place in the rollback script.
 */
export async function runScript(
  run: Run,
  rollback: NonNullable<PlannedMigration['rollback']>,
  report: MigrationReport,
  ran: string[],
  from: number,
): Promise<void> {
  const { worker } = run.connections
  const { version } = report
  const progress = (done: number) => undoProgress(version, { by: 'script', done, statements: [] })
  const [first] = rollback.steps.slice(from)
  if (first !== undefined && first.kind !== 'transaction') {
    await worker.simple(inTransaction(run.key, progress(from)))
  }
  for (const step of rollback.steps.slice(from)) {
    const timeouts = timeoutsOf(
      step,
      run.settings,
      rollback.directives,
      step.statements[0]?.directives,
    )
    await worker.simple(setTimeouts(timeouts, null, new Set()))
    const together = step.kind === 'transaction'
    if (!together && step.ordinal === from + 1 && (await isDone(run, step))) {
      await worker.simple(inTransaction(run.key, progress(step.ordinal)))
      continue
    }
    if (together) await worker.simple(step.begin ?? 'begin')
    for (const { statement } of step.statements) {
      if (['begin', 'commit', 'rollback'].includes(statement.transaction.type)) continue
      try {
        ran.push(statement.text)
        const { text, copyData } = statement
        await whileCancellable<unknown>(run, () =>
          copyData === null ? worker.simple(text) : worker.copyIn(text, copyData),
        )
      } catch (error) {
        const failure = describeFailure(error, {
          script: rollback.script,
          statement,
          version,
        })
        if (together) await worker.simple('rollback').catch(() => undefined)
        throw new StepFailure(failure)
      }
    }
    if (together && !step.rollsBack) {
      await worker.simple(`${journalPrologue(run.key)} ${progress(step.ordinal)}; commit`)
      continue
    }
    if (together) await worker.simple('rollback')
    await worker.simple(inTransaction(run.key, progress(step.ordinal)))
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
