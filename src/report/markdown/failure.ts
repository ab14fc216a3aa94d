import { culpritOf, shutGatesOf, undoneVerificationOf, verificationOf } from '../tally.ts'
import type { ErrorReport, Report, RunOutcome, Verification } from '../types.ts'
import { titleOf } from '../verdict.ts'
import { blocks, code, folded, leftOut, score } from './block.ts'
import { unmetCriteria } from './criteria.ts'
import type { Detail } from './detail.ts'
import { errorBlock, evidence } from './error.ts'
import { notes, objectTable } from './objects.ts'
import { queryBlock } from './queries.ts'
import { smokeTable } from './smoke.ts'

/** What failed, where, with the server's own words; nothing for an ending as asked. */
export function failure(report: Report, detail: Detail): string {
  if (shutGatesOf(report).length > 0) return ''
  const failed = verificationOf(report).filter((one) => one.outcome === 'failed')
  if (report.error === null && failed.length === 0) return ''
  return blocks(
    `### ${headingOf(report.outcome)}`,
    culprit(report, detail),
    report.error === null ? '' : told(report.error, report.outcome, detail),
    notAsExpected(failed, detail),
    unmetCriteria(report, detail),
    smokeTable(
      report.smoke.filter(({ outcome, when }) => outcome === 'failed' && when !== 'before'),
      detail,
    ),
    beforeUndo(report, detail),
  )
}

function headingOf(outcome: RunOutcome): string {
  if (outcome === 'refused') return 'What was refused'
  return outcome === 'cancelled' ? 'What was interrupted' : 'What failed'
}

/** A refusal's message is the heading already; a long one was shortened there. */
function told(error: ErrorReport, outcome: RunOutcome, detail: Detail): string {
  const inHeading = outcome === 'refused' && error.message.length < 400
  return inHeading ? evidence(error, detail) : errorBlock(error, detail)
}

function culprit(report: Report, detail: Detail): string {
  const migration = culpritOf(report)
  if (migration === undefined) return ''
  const step = migration.steps.find((one) => one.outcome === 'failed')
  const which =
    step === undefined
      ? ''
      : `, step ${step.ordinal} of ${migration.steps.length}: ${code(step.title, detail)}`
  return `Migration ${code(titleOf(migration), detail)}${which}`
}

/** What was as expected before the undo took it away again. */
function beforeUndo(report: Report, detail: Detail): string {
  const all = undoneVerificationOf(report)
  const passed = all.filter((one) => one.outcome !== 'failed')
  if (passed.length === 0 || detail.name === 'counts') return ''
  const { objects, queries } = apart(passed)
  return folded(
    `Verified before it was undone: ${score(all)}`,
    blocks(objectTable(objects, detail), notes(objects, detail), ...rendered(queries, detail)),
  )
}

function notAsExpected(failed: readonly Verification[], detail: Detail): string {
  if (failed.length === 0) return ''
  const { objects, queries } = apart(failed)
  return blocks(
    'Not as expected:',
    objectTable(objects, detail),
    notes(objects, detail),
    ...rendered(queries, detail),
  )
}

function apart(all: readonly Verification[]): { objects: Verification[]; queries: Verification[] } {
  return {
    objects: all.filter((one) => one.query === undefined),
    queries: all.filter((one) => one.query !== undefined),
  }
}

function rendered(queries: readonly Verification[], detail: Detail): string[] {
  const shown = queries.slice(0, detail.rows)
  return [
    ...shown.map((one) => queryBlock(one, detail)),
    leftOut(queries.length - shown.length, 'query', 'queries'),
  ]
}
