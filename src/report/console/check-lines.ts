import { consoleLine } from '../escape.ts'
import type { CheckReport } from '../types.ts'
import { labelled, placeText } from './error-lines.ts'
import { paint, type Style } from './paint.ts'

/** One line for a gate that is open or a criterion that is met; what keeps it from that, in full. */
export function checkLines(check: Omit<CheckReport, 'id' | 'group'>, style: Style): string[] {
  const title = consoleLine(check.title)
  const where = check.where === undefined ? '' : ` (${placeText(check.where)})`
  const reason = check.reason === undefined ? [] : labelled('   ', check.reason)
  const fix = check.fix === undefined ? [] : labelled('    to do:', check.fix)
  if (check.outcome === 'passed') {
    return [`  ${paint('✓', 'green', style)} ${title}: ${consoleLine(check.actual)}`]
  }
  if (check.outcome === 'not-checked') {
    return [`  ${paint('– not checked:', 'yellow', style)} ${title}${where}`, ...reason]
  }
  const head =
    check.outcome === 'warned'
      ? paint('⚠ warned:', 'yellow', style)
      : paint('✗ failed:', 'red', style)
  return [
    `  ${head} ${title}${where}`,
    ...labelled('    expected:', check.expected),
    ...labelled('    actual:  ', check.actual),
    ...reason,
    ...fix,
    ...(check.details ?? []).map((line) => `      ${consoleLine(line)}`),
  ]
}
