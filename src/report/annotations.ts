import type { Place } from './refusal.ts'
import { failedChecksOf, shutGatesOf, verificationOf } from './tally.ts'
import type { CheckReport, Report, ServerNotice, Verification } from './types.ts'
import { verdictOf } from './verdict.ts'
import { shorten, visibleLines } from './visible.ts'
import { counted } from './words.ts'

/** One annotation at a file's line (or at the run, without one). The message may have several lines: the host escapes them. */
export interface Annotation {
  readonly severity: 'error' | 'warning'
  readonly title: string
  readonly message: string
  readonly where?: Place
}

/** GitHub keeps ten of each severity a step, 4,096 characters each. */
const atMost = 10
const messageLimit = 4_000

/** So many lines of a check's evidence: the summary has all. */
const examples = 5

/** What to point at in the files: the failure, expectations not met, warnings of the plan and of the server. */
export function annotationsOf(report: Report): Annotation[] {
  return [...bounded(errors(report), 'error'), ...bounded(warnings(report), 'warning')]
}

function errors(report: Report): Annotation[] {
  const { error } = report
  const checks = verificationOf(report)
    .filter((one) => one.outcome === 'failed')
    .map((one) => verificationAnnotation(one, 'error'))
  if (error === null) return checks
  const gates = shutGatesOf(report)
  if (gates.length > 0) {
    return [
      annotation('error', report.outcome, [verdictOf(report)]),
      ...gates.map((one) => checkAnnotation(one, 'error')),
    ]
  }
  const lines = [
    error.message,
    error.sqlstate === undefined ? '' : `SQLSTATE ${error.sqlstate}`,
    error.detail ?? '',
    error.hint ?? '',
    error.why ?? '',
    error.fix ?? '',
    verdictOf(report),
  ]
  return [annotation('error', report.outcome, lines, error.where), ...checks]
}

function warnings(report: Report): Annotation[] {
  return [
    // In a plan a gate that would refuse is a warning: nothing was to start.
    ...(report.outcome === 'refused' ? [] : failedChecksOf(report)).map((one) =>
      checkAnnotation(one, 'warning'),
    ),
    ...report.checks
      .filter(({ outcome, where }) => outcome === 'warned' && where !== undefined)
      .map((one) => checkAnnotation(one, 'warning')),
    ...report.warnings.map((text) => annotation('warning', 'pg-airlock', [text])),
    ...report.migrations.flatMap((migration) => [
      ...migration.warnings
        .filter((note) => note.severity === 'warning')
        .map((note) => annotation('warning', note.id, [note.message], note.where)),
      ...migration.notices.filter((notice) => notice.severity === 'WARNING').map(noticeAnnotation),
    ]),
    ...verificationOf(report)
      .filter((one) => one.outcome === 'warned')
      .map((one) => verificationAnnotation(one, 'warning')),
  ]
}

function checkAnnotation(one: CheckReport, severity: Annotation['severity']): Annotation {
  const lines = [
    one.title,
    `expected: ${one.expected}`,
    `actual: ${one.actual}`,
    one.reason ?? '',
    one.fix ?? '',
    ...(one.details ?? []).slice(0, examples),
  ]
  return annotation(severity, one.id, lines, one.where)
}

function noticeAnnotation(notice: ServerNotice): Annotation {
  const lines = [notice.message, notice.detail ?? '', notice.hint ?? '']
  return annotation('warning', `${notice.severity} ${notice.code}`, lines, notice.where)
}

function verificationAnnotation(one: Verification, severity: Annotation['severity']): Annotation {
  const name = `${one.kind} ${one.object}${one.table === '' ? '' : ` on ${one.table}`}`
  const sides = [`expected: ${one.expected}`, `actual: ${one.actual}`]
  return annotation(severity, 'not as expected', [name, ...sides, one.reason ?? ''], one.where)
}

function annotation(
  severity: Annotation['severity'],
  title: string,
  lines: readonly string[],
  where?: Place,
): Annotation {
  const message = lines.filter((line) => line !== '').join('\n')
  return {
    severity,
    title: shorten(title, 100),
    message: shorten(visibleLines(message), messageLimit),
    ...(where === undefined ? {} : { where }),
  }
}

/** The last of ten says how many more there are. */
function bounded(all: readonly Annotation[], severity: Annotation['severity']): Annotation[] {
  if (all.length <= atMost) return [...all]
  const more = `${counted(all.length - atMost + 1, `more ${severity}`)}: see the job summary`
  return [...all.slice(0, atMost - 1), annotation(severity, 'pg-airlock', [more])]
}
