import type { SmokeResult } from '../../report/types.ts'
import type { Series } from './run-test.ts'
import type { SmokeTest } from './types.ts'

/** How a test stood when it was last judged. 'unknown': it could not be asked before anything changed. */
export type Known = 'passed' | 'failed' | 'unknown'

/** When a series was made, and what its failure means. */
export interface Moment {
  readonly when: SmokeResult['when']
  readonly version?: string
  /** `warn`: a failure is told, and condemns nothing. */
  readonly severity: 'fail' | 'warn'
}

/** A series as a line of the report. A test that failed before the deployment and still does says nothing about it. Pure. */
export function resultOf(
  test: SmokeTest,
  series: Series,
  moment: Moment,
  known: Known,
): SmokeResult {
  const { when, version } = moment
  const { standing, last, attempts, latencyMs, connectionErrors } = series
  const judged =
    standing === 'passed'
      ? ({ outcome: 'passed' } as const)
      : standing === 'failed'
        ? judgeFailed(moment, known, last.reason)
        : standing === 'stopped'
          ? notChecked('the run was asked to stop')
          : notChecked(last.reason ?? last.actual)
  return {
    name: test.name,
    kind: test.kind,
    when,
    ...(version === undefined ? {} : { version }),
    expected: test.expected,
    actual: last.actual,
    attempts,
    latencyMs,
    connectionErrors,
    ...judged,
  }
}

/** A test that is not made any more, because another has condemned the migration. */
export function skipped(test: SmokeTest, moment: Moment, because: string): SmokeResult {
  const { when, version } = moment
  return {
    name: test.name,
    kind: test.kind,
    when,
    ...(version === undefined ? {} : { version }),
    expected: test.expected,
    actual: 'not asked',
    attempts: 0,
    latencyMs: 0,
    connectionErrors: 0,
    ...notChecked(because),
  }
}

type Judged = Pick<SmokeResult, 'outcome' | 'reason'>

function judgeFailed({ when, severity }: Moment, known: Known, said: string | undefined): Judged {
  const detail = said === undefined ? '' : ` It said: ${said}`
  if (when === 'before') {
    return {
      outcome: 'warned',
      reason: `It fails before anything is changed, so its failing afterwards will not condemn the deployment.${detail}`,
    }
  }
  if (known === 'failed') {
    return notChecked(
      `it failed before the deployment already, so its failing says nothing about it.${detail}`,
    )
  }
  const outcome = severity === 'fail' ? 'failed' : 'warned'
  return said === undefined ? { outcome } : { outcome, reason: said }
}

function notChecked(reason: string): Judged {
  return { outcome: 'not-checked', reason }
}
