import { scoreOf } from '../tally.ts'
import type { CriterionReport, Report } from '../types.ts'
import { blocks, leftOut, prose, words } from './block.ts'
import type { Detail } from './detail.ts'

/** More lines of evidence for one criterion than this are counted. */
const evidenceLines = 10

/** The runbook's checklist: ticked by evidence only. */
export function criteria(report: Report, detail: Detail): string {
  const all = report.criteria
  if (all.length === 0) return ''
  return blocks(
    `### Success criteria: ${scoreOf(all, 'met', 'not met')}`,
    all.map((one) => criterionLine(one, detail)).join('\n'),
  )
}

/** One criterion as a line of the checklist, its evidence below it. */
export function criterionLine(one: CriterionReport, detail: Detail): string {
  const details = one.details ?? []
  const shown = details.slice(0, Math.min(evidenceLines, detail.rows))
  return [
    `- [${one.outcome === 'passed' ? 'x' : ' '}] ${told(one, detail)}`,
    ...shown.map((line) => `  - ${words(line, detail)}`),
    ...(details.length > shown.length
      ? [`  - ${leftOut(details.length - shown.length, 'line')}`]
      : []),
  ].join('\n')
}

function told(one: CriterionReport, detail: Detail): string {
  const title = words(one.title, detail)
  const actual = words(one.actual, detail)
  const reason = one.reason === undefined ? '' : `. ${prose(one.reason, detail)}`
  switch (one.outcome) {
    case 'passed':
      return `${title}: ${actual}${reason}`
    case 'not-checked':
      return `➖ ${title}: **not checked**: ${prose(one.reason ?? one.actual, detail)}`
    default: {
      const head = one.outcome === 'failed' ? '❌ **failed**' : '⚠️ **warned**'
      return `${head}: ${title}: ${actual}, expected ${words(one.expected, detail)}${reason}`
    }
  }
}
