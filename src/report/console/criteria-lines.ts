import { consoleLine } from '../escape.ts'
import { scoreOf, wasUndoneAfterwards } from '../tally.ts'
import type { CriterionReport, Report } from '../types.ts'
import { paint, type Style } from './paint.ts'

/** The runbook's checklist, ticked by evidence only. */
export function criteriaLines(report: Report, style: Style): string[] {
  const { criteria } = report
  if (criteria.length === 0) return []
  return [
    `Success criteria${wasUndoneAfterwards(report) ? ', before the undo' : ''}: ${scoreOf(criteria, 'met', 'not met')}`,
    ...criteria.map((one) => line(one, style)),
  ]
}

function line(one: CriterionReport, style: Style): string {
  const title = consoleLine(one.title)
  const reason = one.reason === undefined ? '' : ` (${consoleLine(one.reason)})`
  switch (one.outcome) {
    case 'passed':
      return `  ${paint('[x]', 'green', style)} ${title}: ${consoleLine(one.actual)}${reason}`
    case 'not-checked':
      return `  ${paint('[ ] not checked:', 'yellow', style)} ${title}: ${consoleLine(one.reason ?? one.actual)}`
    default: {
      const head =
        one.outcome === 'failed'
          ? paint('[ ] failed:', 'red', style)
          : paint('[ ] warned:', 'yellow', style)
      return `  ${head} ${title}: ${consoleLine(one.actual)}, expected ${consoleLine(one.expected)}${reason}`
    }
  }
}
