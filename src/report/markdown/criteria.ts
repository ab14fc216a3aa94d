import { failedCriteriaOf, scoreOf, wasUndoneAfterwards } from '../tally.ts'
import type { CriterionReport, Report } from '../types.ts'
import { blocks, code, evidenceOf, foundCell, leftOut, prose, sign, table, words } from './block.ts'
import type { Detail } from './detail.ts'

/** The checklist is read at a glance: more lines of evidence than this are counted. */
const evidenceLines = 3

/** The runbook's checklist: ticked by evidence only. */
export function criteria(report: Report, detail: Detail): string {
  const all = report.criteria
  if (all.length === 0) return ''
  return blocks(
    `### Success criteria${wasUndoneAfterwards(report) ? ', before the undo' : ''}: ${scoreOf(all, 'met', 'not met')}`,
    all.map((one) => item(one, detail)).join('\n'),
  )
}

/** The criteria that condemned the run, with all their evidence. */
export function unmetCriteria(report: Report, detail: Detail): string {
  const unmet = failedCriteriaOf(report)
  const rows = unmet.map((one) => [
    sign(one.outcome),
    [`**${words(one.title, detail)}**`, prose(one.reason ?? '', detail)]
      .filter((line) => line !== '')
      .join('<br>'),
    code(one.expected, detail),
    foundCell(one.outcome, one.actual, detail),
  ])
  const columns = ['', 'criterion', 'expected', 'found'].map((title) => ({ title }))
  return blocks(table(columns, rows, detail), ...unmet.map((one) => evidenceOf(one, detail)))
}

function item(one: CriterionReport, detail: Detail): string {
  const details = one.details ?? []
  const shown = details.slice(0, evidenceLines)
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
