import {
  culpritOf,
  failedChecksOf,
  failedCriteriaOf,
  migrationsThat,
  shutGatesOf,
  tallyOf,
  verificationOf,
} from './tally.ts'
import type { CheckReport, MigrationReport, Report, TargetReport } from './types.ts'
import { shorten, visibleLine } from './visible.ts'
import { counted, grouped, listed, sentence } from './words.ts'

/**
 * The run in one line of plain text for a reader in a hurry: what happened, to which database, and what that leaves.
 * Says only what the report proves: "as it was before" needs an equal fingerprint.
 */
export function verdictOf(report: Report): string {
  return visibleLine(judge(report))
}

/** `recipe on db.example.com`, led by the target's name where it has one. */
export function databaseOf(target: TargetReport | null): string {
  if (target === null) return 'the database'
  const database = `${target.database} on ${target.host}`
  return target.name === undefined ? database : `${target.name} (${database})`
}

/** Version and name, as a person calls a migration. */
export function titleOf(migration: MigrationReport): string {
  return `${migration.version} ${migration.name}`.trim()
}

function judge(report: Report): string {
  switch (report.outcome) {
    case 'deployed':
      return deployed(report)
    case 'nothing-to-do':
      return nothingToDo(report)
    case 'planned':
      return planned(report)
    case 'verified':
      return `Verified: what ${databaseOf(report.target)} should hold is there, ${expectations(report)}.`
    case 'rolled-back':
      return report.command === 'rollback' ? rolledBack(report) : undone(report)
    case 'refused':
      return refused(report)
    case 'failed':
      return failed(report)
    case 'needs-attention':
      return needsAttention(report)
    case 'cancelled':
      return cancelled(report)
  }
}

function deployed(report: Report): string {
  const applied = migrationsThat(report, 'applied').length
  return `Deployed: ${counted(applied, 'migration')} applied to ${databaseOf(report.target)}, ${expectations(report)}${criteria(report)}.`
}

function refused(report: Report): string {
  const gates = shutGatesOf(report)
  const why =
    gates.length === 0
      ? sentence(report.error?.message ?? 'a check did not pass')
      : `${failedGates(report, gates)}.`
  return `Refused: ${why} Nothing was changed.`
}

/** More titles than this are counted. */
const named = 3

/** `2 of 31 preflight checks failed (PostgreSQL version, free connections)`, each title once. */
function failedGates({ checks }: Report, failed: readonly CheckReport[]): string {
  // One check may have failed for many objects.
  const different = [...new Set(failed.map(({ title }) => title))]
  const titles = different.slice(0, named).map((title) => shorten(title, 80))
  const more = different.length - titles.length
  const all = more > 0 ? `${titles.join(', ')} and ${more} more` : listed(titles)
  return `${grouped(failed.length)} of ${counted(checks.length, 'preflight check')} failed (${all})`
}

function nothingToDo(report: Report): string {
  const idle = [
    [migrationsThat(report, 'disabled').length, 'disabled'],
    [migrationsThat(report, 'waiting').length, 'waiting'],
  ] as const
  const rest = idle.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`)
  const aside = rest.length === 0 ? '' : `; ${listed(rest)}`
  return `Nothing to do: no migration is pending for ${databaseOf(report.target)}${aside}.`
}

function planned(report: Report): string {
  const pending = migrationsThat(report, 'pending')
  const steps = pending.reduce((sum, migration) => sum + migration.steps.length, 0)
  const where = report.target === null ? '' : ` on ${databaseOf(report.target)}`
  const gates = failedChecksOf(report)
  const shut =
    gates.length === 0 ? '' : ` A deployment now would be refused: ${failedGates(report, gates)}.`
  return `Planned: ${counted(pending.length, 'migration')} in ${counted(steps, 'step')} would run${where}.${shut} Nothing was changed.`
}

function rolledBack(report: Report): string {
  const count = migrationsThat(report, 'rolled-back').length
  return `Rolled back: ${counted(count, 'migration')} undone on ${databaseOf(report.target)}${proof(report)}.`
}

function undone(report: Report): string {
  const undone = migrationsThat(report, 'rolled-back')
  const culprit = culpritOf(report)
  if (culprit === undefined) {
    const all = counted(undone.length, 'migration')
    const were = undone.length === 1 ? 'was' : 'were'
    return `Rolled back: ${cause(report)}; ${all} ${were} undone${proof(report)}.${rest(report)}`
  }
  const others = undone.filter((migration) => migration !== culprit).length
  const also = others === 0 ? '' : ` with ${counted(others, 'earlier migration')} of this run`
  return `Rolled back: ${titleOf(culprit)} failed and was undone${also}${proof(report)}.${rest(report)}`
}

function failed(report: Report): string {
  if (report.command === 'verify') return verificationFailed(report)
  const culprit = culpritOf(report)
  if (report.command === 'rollback') {
    return `Failed: the rollback of ${databaseOf(report.target)} did not go through; what it had begun was undone.`
  }
  if (culprit === undefined)
    return `Failed: ${sentence(report.error?.message ?? 'the run broke off')}${rest(report)}`
  return `Failed: ${titleOf(culprit)} was not applied to ${databaseOf(report.target)} and left nothing behind.${rest(report)}`
}

function verificationFailed(report: Report): string {
  const { failed, total, notChecked } = tallyOf(verificationOf(report))
  const open = notChecked === 0 ? '' : `, ${grouped(notChecked)} not checked`
  if (failed === 0)
    return `Failed: ${sentence(report.error?.message ?? 'the verification broke off')}`
  return `Verification failed: ${grouped(failed)} of ${counted(total, 'expectation')} not met${open} on ${databaseOf(report.target)}. Nothing was changed.`
}

function needsAttention(report: Report): string {
  const culprit = culpritOf(report)
  const cause = culprit === undefined ? 'the run' : titleOf(culprit)
  return `Needs attention: ${cause} ${predicament(report, culprit)} on ${databaseOf(report.target)}. A person has to look before the next run.`
}

function predicament(report: Report, culprit: MigrationReport | undefined): string {
  const undos = report.migrations.map((migration) => migration.rollback)
  if (undos.some((undo) => undo?.outcome === 'failed')) return 'failed and its undo failed too'
  const differs = undos.some((undo) => undo?.outcome === 'differs')
  if (differs || report.fingerprint?.equal === false)
    return 'failed and the catalog is not as it was'
  if (undos.some((undo) => (undo?.kept.length ?? 0) > 0))
    return 'failed and committed row changes are kept'
  if (culprit?.rollback?.outcome === 'not-run') return 'failed and was left as it is'
  return 'ended in a state that the program cannot settle'
}

function cancelled(report: Report): string {
  const applied = migrationsThat(report, 'applied').length
  const undone = migrationsThat(report, 'rolled-back').length
  const notRun = migrationsThat(report, 'not-run').length
  const parts = [`${counted(applied, 'migration')} had been applied`]
  if (undone > 0) parts.push(`${grouped(undone)} ${undone === 1 ? 'was' : 'were'} undone`)
  if (notRun > 0) parts.push(`${grouped(notRun)} did not run`)
  return `Cancelled on request: ${listed(parts)} on ${databaseOf(report.target)}.`
}

/** What condemned a run in which no migration failed. */
function cause(report: Report): string {
  const unmet = failedCriteriaOf(report).map(({ title }) => title)
  return unmet.length === 0
    ? 'the run failed'
    : `${counted(unmet.length, 'success criterion', 'success criteria')} not met (${listed(unmet)})`
}

function criteria(report: Report): string {
  const { total, passed, failed, warned, notChecked } = tallyOf(report.criteria)
  if (total === 0) return ''
  if (passed === total)
    return `; all ${counted(total, 'success criterion', 'success criteria')} met`
  const parts = [
    `${grouped(passed)} of ${counted(total, 'success criterion', 'success criteria')} met`,
    ...(failed > 0 ? [`${grouped(failed)} not met`] : []),
    ...(warned > 0 ? [`${grouped(warned)} with a warning`] : []),
    ...(notChecked > 0 ? [`${grouped(notChecked)} not checked`] : []),
  ]
  return `; ${parts.join(', ')}`
}

function rest(report: Report): string {
  const applied = migrationsThat(report, 'applied').length
  const notRun = migrationsThat(report, 'not-run').length
  const stay = `${counted(applied, 'earlier migration')} stay${applied === 1 ? 's' : ''} applied`
  const idle =
    applied > 0 ? `${grouped(notRun)} did not run` : `${counted(notRun, 'migration')} did not run`
  const parts = [...(applied > 0 ? [stay] : []), ...(notRun > 0 ? [idle] : [])]
  return parts.length === 0 ? '' : ` ${sentence(listed(parts))}`
}

function proof(report: Report): string {
  const undos = migrationsThat(report, 'rolled-back').map((migration) => migration.rollback)
  const each = undos.length > 0 && undos.every((undo) => undo?.outcome === 'restored')
  if (report.fingerprint?.equal ?? each)
    return '; the catalog is as it was before, proven by its fingerprint'
  return ''
}

function expectations(report: Report): string {
  const { total, passed, warned, failed, notChecked } = tallyOf(verificationOf(report))
  if (total === 0) return 'nothing to verify'
  if (passed === total)
    return total === 1 ? 'its one expectation met' : `all ${grouped(total)} expectations met`
  const parts = [
    `${grouped(passed)} of ${counted(total, 'expectation')} met`,
    ...(failed > 0 ? [`${grouped(failed)} not met`] : []),
    ...(warned > 0 ? [`${grouped(warned)} with a warning`] : []),
    ...(notChecked > 0 ? [`${grouped(notChecked)} not checked`] : []),
  ]
  return listed(parts)
}
