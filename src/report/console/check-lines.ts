import { consoleLine } from '../escape.ts'
import { type Judged, scoreOf, tallyOf } from '../tally.ts'
import type { CheckReport } from '../types.ts'
import { counted } from '../words.ts'
import { labelled, placeText } from './error-lines.ts'
import { paint, type Style } from './paint.ts'

/** More lines of evidence than this are counted: the summary has them. */
const evidenceLines = 20

/** A gate or a criterion. */
type Checked = Omit<CheckReport, 'id' | 'group'>

/** One line for what is as it must be; what is not, in full; what was not checked with what would allow it. */
export function checkLines(check: Checked, style: Style): string[] {
  const title = consoleLine(check.title)
  const where = check.where === undefined ? '' : ` (${placeText(check.where)})`
  const reason = check.reason === undefined ? [] : labelled('    why:', check.reason)
  if (check.outcome === 'passed') {
    return [`  ${paint('✓', 'green', style)} ${title}: ${consoleLine(check.actual)}`]
  }
  if (check.outcome === 'not-checked') {
    return [
      `  ${paint('– not checked:', 'yellow', style)} ${title}${where}`,
      ...reason,
      ...(check.fix === undefined ? [] : labelled('    to have it checked:', check.fix)),
    ]
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
    ...(check.fix === undefined ? [] : labelled('    what to do:', check.fix)),
    ...evidence(check),
  ]
}

function evidence({ details = [] }: Checked): string[] {
  const more = details.length - evidenceLines
  return [
    ...details.slice(0, evidenceLines).map((line) => `      ${consoleLine(line)}`),
    ...(more > 0 ? [`      … ${counted(more, 'more line')} in the summary`] : []),
  ]
}

/** `✓ Preflight checks: 30 of 31 passed, 1 not checked`: to be read with its group closed. */
export function phaseEnd(
  title: string,
  judged: readonly Judged[],
  note: string | undefined,
  style: Style,
): string {
  const told = [
    ...(judged.length === 0 ? [] : [scoreOf(judged)]),
    ...(note === undefined ? [] : [consoleLine(note)]),
  ].join('; ')
  return `${phaseSign(judged, style)} ${consoleLine(title)}${told === '' ? '' : `: ${told}`}`
}

function phaseSign(judged: readonly Judged[], style: Style): string {
  const { total, passed, failed } = tallyOf(judged)
  if (failed > 0) return paint('✗', 'red', style)
  return passed === total ? paint('✓', 'green', style) : paint('⚠', 'yellow', style)
}
