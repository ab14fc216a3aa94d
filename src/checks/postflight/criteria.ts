import type { CriterionReport, ErrorReport } from '../../report/types.ts'
import type { Criteria } from '../../runbook/gates/criteria.ts'
import { applicationErrors } from './application-errors.ts'
import type { Criterion, Evidence, Verdict } from './evidence.ts'
import { lockWaits } from './lock-waits.ts'
import { constraints, indexes } from './objects.ts'
import { performance } from './performance.ts'
import { rowCounts } from './row-counts.ts'
import { smokeTests } from './smoke-tests.ts'

/** The runbook's success criteria, in its order. */
export const successCriteria: readonly Criterion[] = [
  constraints,
  indexes,
  rowCounts,
  applicationErrors,
  performance,
  lockWaits,
  smokeTests,
]

/** Ticks each by the evidence. What is `off` is not checked, with that as its reason. Pure. */
export function judgeCriteria(evidence: Evidence, criteria: Criteria): CriterionReport[] {
  return successCriteria.map(({ id, title, judge }) => {
    const severity = criteria[id]
    if (severity === 'off') {
      const reason = `switched off in airlock.yml (criteria.${id}: off)`
      return { id, title, outcome: 'not-checked', expected: '', actual: 'not looked at', reason }
    }
    const { outcome, ...found }: Verdict = judge(evidence)
    const problem = severity === 'fail' ? 'failed' : 'warned'
    return { id, title, ...found, outcome: outcome === 'problem' ? problem : outcome }
  })
}

/** The first criterion that failed as the run's error; null where none did. */
export function criterionError(criteria: readonly CriterionReport[]): ErrorReport | null {
  const failed = criteria.filter(({ outcome }) => outcome === 'failed')
  const [first] = failed
  if (first === undefined) return null
  const { id, title, expected, actual, reason } = first
  const others = failed.length === 1 ? '' : ` (and ${failed.length - 1} more criteria failed)`
  return {
    message: `Success criterion "${title}": expected ${expected}, found ${actual}${others}`,
    why: reason ?? 'The deployment does not count as successful without it.',
    fix: `Mend what the table of criteria names and deploy again; if it is no reason to undo a deployment, say criteria.${id}: warn in airlock.yml.`,
  }
}
