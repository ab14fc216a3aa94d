import { durationText } from '../duration-text.ts'
import { consoleLine } from '../escape.ts'
import type { SmokeResult } from '../types.ts'
import { counted } from '../words.ts'
import { labelled } from './error-lines.ts'
import { paint, type Style } from './paint.ts'

/** One line for what works; what does not, in full. */
export function smokeLines(result: SmokeResult, style: Style): string[] {
  const title = `${consoleLine(result.name)}, ${when(result)}`
  const tried = `(${attempts(result)})`
  const reason = result.reason === undefined ? [] : labelled('    why:', result.reason)
  if (result.outcome === 'passed') {
    return [
      `  ${paint('✓', 'green', style)} ${title}: ${consoleLine(result.actual)} ${paint(tried, 'dim', style)}`,
    ]
  }
  if (result.outcome === 'not-checked') {
    return [`  ${paint('– not checked:', 'yellow', style)} ${title}`, ...reason]
  }
  const head =
    result.outcome === 'warned'
      ? paint('⚠ warned:', 'yellow', style)
      : paint('✗ failed:', 'red', style)
  return [
    `  ${head} ${title} ${tried}`,
    ...labelled('    expected:', result.expected),
    ...labelled('    actual:  ', result.actual),
    ...reason,
  ]
}

function when(result: SmokeResult): string {
  if (result.when === 'before') return 'before'
  return result.when === 'end' ? 'at the end' : `after ${consoleLine(result.version ?? '')}`
}

function attempts({ attempts, connectionErrors, latencyMs }: SmokeResult): string {
  return [
    durationText(latencyMs),
    ...(attempts === 1 ? [] : [counted(attempts, 'attempt')]),
    ...(connectionErrors === 0 ? [] : [`${connectionErrors} unanswered`]),
  ].join(', ')
}
