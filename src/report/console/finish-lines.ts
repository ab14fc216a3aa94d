import { durationText } from '../duration-text.ts'
import { consoleLine } from '../escape.ts'
import { needsPerson, shutGatesOf, stepsToTell, verificationOf } from '../tally.ts'
import type { ContactReport, Report } from '../types.ts'
import { verdictOf } from '../verdict.ts'
import { checkLines } from './check-lines.ts'
import { criteriaLines } from './criteria-lines.ts'
import { errorLines, labelled } from './error-lines.ts'
import { paint, type Style } from './paint.ts'
import { verificationLines } from './verification-lines.ts'

/** So many unmet expectations, and lines of a difference, are repeated. */
const repeated = 10
const differenceLines = 50

/**
 * The ending: verdict, then once more what a closed log group hides (the error, what was not as expected, how the
 * catalog differs), then what happens next.
 */
export function finishLines(report: Report, style: Style): string[] {
  const good = report.exitCode === 0
  const verdict = `${good ? '✓' : '✗'} ${consoleLine(verdictOf(report))} (${durationText(report.durationMs)})`
  const failed = verificationOf(report).filter((one) => one.outcome === 'failed')
  return [
    '',
    paint(paint(verdict, good ? 'green' : 'red', style), 'bold', style),
    ...cause(report, style),
    ...verificationLines(failed.slice(0, repeated), style),
    ...(failed.length > repeated ? [`  … ${failed.length - repeated} more not as expected`] : []),
    ...difference(report),
    ...report.warnings.flatMap((text) =>
      labelled('⚠', text, (line) => paint(line, 'yellow', style)),
    ),
    ...criteriaLines(report, style),
    ...(needsPerson(report) ? report.contacts.map(contactLine) : []),
    ...stepsToTell(report).map((text) => `→ ${consoleLine(text)}`),
  ]
}

/** The error, or each gate that is shut: the error of a refusal by checks is the first of them. */
function cause(report: Report, style: Style): string[] {
  const shut = shutGatesOf(report)
  if (shut.length === 0) return report.error === null ? [] : errorLines(report.error, style)
  return [
    ...shut.slice(0, repeated).flatMap((check) => checkLines(check, style)),
    ...(shut.length > repeated
      ? [`  … ${shut.length - repeated} more failed: see the summary`]
      : []),
  ]
}

function contactLine({ role, contact }: ContactReport): string {
  return `☎ ${consoleLine(role)}: ${consoleLine(contact)}`
}

function difference({ fingerprint }: Report): string[] {
  if (fingerprint === null || fingerprint.difference.length === 0) return []
  const lines = fingerprint.difference.slice(0, differenceLines)
  const more = fingerprint.difference.length - lines.length
  return [
    '  the catalog now beside that before the run (- before, + after):',
    ...lines.map((line) => `    ${consoleLine(line)}`),
    ...(more > 0 ? [`    … ${more} more lines in the report`] : []),
  ]
}
