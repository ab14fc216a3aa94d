import type { Fingerprint } from '../observe/types.ts'
import type { ErrorReport, Report } from '../report/types.ts'
import type { MigrationEnd } from './migrate.ts'
import type { Run } from './run.ts'
import { type Applied, undoFailure } from './undo-policy.ts'

/** A migration that this run applied and verified, with what undoing it needs. */
export interface Ended extends Applied {
  readonly end: Extract<MigrationEnd, { ended: 'applied' }>
}

/**
 * What shows only after the last migration has been verified (a success criterion that fails) counts as that migration's failure: what
 * happens next is up to `on-failure` and `undo`. Sets the report's error and outcome.
 *
 * @param ended what this run applied, in order; where it is nothing there is nothing to undo, and the run failed
 * @param before the catalog before the whole run
 */
export async function failAtEnd(
  run: Run,
  report: Report,
  error: ErrorReport,
  ended: readonly Ended[],
  before: Fingerprint,
): Promise<void> {
  report.error = error
  run.emit({ type: 'failed', error })
  const last = ended.at(-1)
  if (last === undefined) {
    report.outcome = 'failed'
    return
  }
  last.entry.outcome = 'failed'
  await undoFailure(
    run,
    report,
    {
      ended: 'failed',
      error,
      migration: last.end.migration,
      remaining: last.planned.steps,
      whole: true,
      left: last.planned.steps.length === 0 ? 'nothing' : 'something',
    },
    ended.slice(0, -1),
    before,
  )
}
