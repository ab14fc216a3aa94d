import type { Step } from '../../plan/types.ts'
import type { Statement } from '../../sql/types.ts'
import type { Run } from '../run.ts'
import type { MigrationRun } from './migration-run.ts'
import { setTimeouts, timeoutsOf, timeoutsSetBy } from './timeouts.ts'

/** Statements of the steps before this one whose effects on the session have stayed. */
export function statementsBefore(steps: readonly Step[], step: Step): Statement[] {
  return steps
    .filter(({ ordinal, rollsBack }) => ordinal < step.ordinal && rollsBack !== true)
    .flatMap(({ statements }) => statements.map(({ statement }) => statement))
}

/**
 * Sets what a step of one statement runs under. A message of its own: they must hold for the statement, and for what puts an interrupted one in
 * order, not for one transaction.
 */
export async function setStepTimeouts(
  run: Run,
  migration: MigrationRun,
  step: Step,
): Promise<void> {
  const [only] = step.statements
  const wanted = timeoutsOf(step, run.settings, migration.planned.directives, only?.directives)
  const own = timeoutsSetBy(statementsBefore(migration.planned.steps, step))
  const set = setTimeouts(wanted, migration.timeouts, own)
  if (set !== '') await run.connections.worker.simple(set)
  migration.timeouts = wanted
}
