import type { RowEffect, ServerNotice, Verification } from '../../report/types.ts'
import type { Settings } from '../../runbook/types.ts'
import { StepFailure } from '../failure.ts'

/** Fails when anything measured is not as expected; what could not be checked is no failure, and is reported as such. */
export function judgeVerification(verification: readonly Verification[]): void {
  const failed = verification.filter(({ outcome }) => outcome === 'failed')
  const first = failed[0]
  if (first === undefined) return
  const others = failed.length === 1 ? '' : ` (and ${failed.length - 1} more)`
  const on = first.table === '' ? '' : ` on ${first.table}`
  throw new StepFailure({
    message: `${first.kind} ${first.object}${on}: expected ${first.expected}, found ${first.actual}${others}`,
    why: first.reason ?? 'What the script claims to do is not what the database shows afterwards.',
    fix: 'Compare the expectation with the catalog; if the script is right and the expectation wrong, please report it.',
    ...(first.where === undefined ? {} : { where: first.where }),
  })
}

/** `fail-on-warning`: a WARNING of the server fails the step before its COMMIT. */
export function judgeWarnings(settings: Settings, notices: readonly ServerNotice[]): void {
  if (!settings.failOnWarning) return
  const warning = notices.find(isWarning)
  if (warning === undefined) return
  throw new StepFailure({
    message: `WARNING: ${warning.message}`,
    sqlstate: warning.code,
    why: 'The server warned, and fail-on-warning is on.',
    fix: 'Mend the statement, or turn fail-on-warning off.',
    ...(warning.where === undefined ? {} : { where: warning.where }),
  })
}

/** The severity is a word in the server's language; class 01 of the codes is not. */
const isWarning = ({ severity, code }: ServerNotice) =>
  severity === 'WARNING' || code.startsWith('01')

/** `forbid-deletes`: rows lost to DELETE, TRUNCATE, DROP TABLE or DETACH fail the step before its COMMIT. */
export function judgeRows(settings: Settings, rows: readonly RowEffect[]): void {
  if (!settings.forbidDeletes) return
  const loser = rows.find(({ deleted, removed }) => deleted > 0 || (removed?.rows ?? 0) > 0)
  if (loser === undefined) return
  const how = loser.removed === undefined ? 'deleted' : `lost to ${loser.removed.by}`
  throw new StepFailure({
    message: `${loser.removed?.rows ?? loser.deleted} rows of ${loser.table} ${how}`,
    why: 'forbid-deletes is on, and this migration takes rows away.',
    fix: 'Keep the rows, or turn forbid-deletes off for this deployment.',
  })
}
