import { failedChecksOf, failedCriteriaOf } from '../report/tally.ts'
import type { Report } from '../report/types.ts'

/** What happens next, in sentences: the first for the reader in a hurry. Pure. */
export function nextSteps(report: Report): string[] {
  return [...ownSteps(report), ...restoreSteps(report)]
}

/** The recovery target to hand to whoever restores, where a run has changed something and did not end well. */
function restoreSteps({ outcome, backup, restorePoint, command }: Report): string[] {
  const isWell = !['failed', 'needs-attention', 'rolled-back', 'cancelled'].includes(outcome)
  if (isWell || command !== 'deploy') return []
  const steps: string[] = []
  if (restorePoint !== null && restorePoint.lsn !== null) {
    const { name, lsn, walFile = 'unknown', archive } = restorePoint
    steps.push(
      `Should the database have to go back to before this run, hand this to whoever restores it: recovery_target_name = '${name.replaceAll("'", "''")}' (or recovery_target_lsn = '${lsn}' with recovery_target_inclusive = off), recovery_target_timeline = '${timelineOf(walFile)}', up to WAL file ${walFile} (${archive}). All that was written since then, by anybody, would be lost.`,
    )
  }
  if (backup?.path !== undefined && backup.outcome !== 'failed') {
    const sum = backup.sha256 === undefined ? '' : `, SHA-256 ${backup.sha256}`
    steps.push(`The backup from before this run is ${backup.path}${sum}.`)
  }
  return steps
}

/** A WAL file's first eight hexadecimal digits; recovery takes them as a decimal number. */
function timelineOf(walFile: string): string {
  const timeline = Number.parseInt(walFile.slice(0, 8), 16)
  return Number.isNaN(timeline) ? 'latest' : String(timeline)
}

function ownSteps(report: Report): string[] {
  const waiting = report.migrations
    .filter(
      ({ outcome, reason }) => ['disabled', 'waiting'].includes(outcome) && reason !== undefined,
    )
    .map(({ version, reason }) => `${version}: ${reason}.`)
  switch (report.outcome) {
    case 'deployed':
      return [
        'Nothing needs to be done. Watch the application as you would after any deployment.',
        ...waiting,
      ]
    case 'nothing-to-do':
      return ['Every migration that is ready is applied.', ...waiting]
    case 'planned':
      return [
        failedChecksOf(report).length === 0
          ? 'Run `deploy` to carry this out; nothing was changed.'
          : 'A deployment would be refused now: open the gates that failed first. Nothing was changed.',
        ...waiting,
      ]
    case 'verified':
      return ['Nothing needs to be done.', ...waiting]
    case 'rolled-back':
      return report.command === 'rollback'
        ? [
            'What was undone is pending again: the next `deploy` applies it, unless its file is changed or disabled.',
          ]
        : [
            failedCriteriaOf(report).length === 0
              ? 'Mend the migration and deploy again: the database is where it was.'
              : 'Find out why the success criterion failed before you deploy again: what was undone is pending again.',
          ]
    case 'failed':
      return report.command === 'verify'
        ? ['Find out who changed what the report names, and bring it back with a new migration.']
        : [
            'Mend what failed and deploy again: it goes on with the first migration that is not applied.',
          ]
    case 'refused':
      return [
        ...(report.error?.fix === undefined ? [] : [report.error.fix]),
        ...(failedChecksOf(report).length > 1
          ? ['Open the other gates that failed too, then deploy again: nothing was changed.']
          : []),
      ]
    case 'needs-attention':
      return [
        'A person has to look before the next deployment: read what was kept, what differs and why.',
        ...(report.error?.fix === undefined ? [] : [report.error.fix]),
      ]
    case 'cancelled':
      return [
        'Deploy again when you want to: it goes on with the first migration that is not applied.',
      ]
  }
}
