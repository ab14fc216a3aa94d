import type { Report } from '../report/types.ts'

/** What happens next, in sentences: the first for the reader in a hurry. Pure. */
export function nextSteps(report: Report): string[] {
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
      return ['Run `deploy` to carry this out; nothing was changed.', ...waiting]
    case 'verified':
      return ['Nothing needs to be done.', ...waiting]
    case 'rolled-back':
      return report.command === 'rollback'
        ? [
            'What was undone is pending again: the next `deploy` applies it, unless its file is changed or disabled.',
          ]
        : ['Mend the migration and deploy again: the database is where it was.']
    case 'failed':
      return report.command === 'verify'
        ? ['Find out who changed what the report names, and bring it back with a new migration.']
        : [
            'Mend what failed and deploy again: it goes on with the first migration that is not applied.',
          ]
    case 'refused':
      return report.error?.fix === undefined ? [] : [report.error.fix]
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
