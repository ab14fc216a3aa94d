import type {
  CheckOutcome,
  CheckReport,
  CriterionReport,
  MigrationOutcome,
  MigrationReport,
  Report,
  Verification,
} from './types.ts'
import { grouped } from './words.ts'

/** Anything that was judged. */
export interface Judged {
  readonly outcome: CheckOutcome
}

/** How many of what was judged ended how. */
export interface Tally {
  readonly total: number
  readonly passed: number
  readonly warned: number
  readonly failed: number
  readonly notChecked: number
}

/** Counts outcomes; `not-checked` stays apart and is never added to the passed. */
export function tallyOf(judged: readonly Judged[]): Tally {
  const count = (outcome: CheckOutcome) => judged.filter((one) => one.outcome === outcome).length
  return {
    total: judged.length,
    passed: count('passed'),
    warned: count('warned'),
    failed: count('failed'),
    notChecked: count('not-checked'),
  }
}

/** `29 of 31 passed, 1 failed, 1 not checked`: `passed` and `failed` are the words for those outcomes. */
export function scoreOf(judged: readonly Judged[], passed = 'passed', failed = 'failed'): string {
  const tally = tallyOf(judged)
  return [
    `${grouped(tally.passed)} of ${grouped(tally.total)} ${passed}`,
    ...(tally.failed > 0 ? [`${grouped(tally.failed)} ${failed}`] : []),
    ...(tally.warned > 0 ? [`${grouped(tally.warned)} with a warning`] : []),
    ...(tally.notChecked > 0 ? [`${grouped(tally.notChecked)} not checked`] : []),
  ].join(', ')
}

/** The preflight checks that keep a refused run from starting; none for any other ending. */
export function shutGatesOf(report: Report): CheckReport[] {
  return report.outcome === 'refused' ? failedChecksOf(report) : []
}

/** The preflight checks that failed: in a plan they refuse nothing yet. */
export function failedChecksOf(report: Report): CheckReport[] {
  return report.checks.filter(({ outcome }) => outcome === 'failed')
}

/** The success criteria that are not met. */
export function failedCriteriaOf(report: Report): CriterionReport[] {
  return report.criteria.filter(({ outcome }) => outcome === 'failed')
}

/** Evidence of what was undone since says nothing of the database now: a page has to tell. */
export function wasUndoneAfterwards({ command, migrations, criteria }: Report): boolean {
  const undone = migrations.some(({ outcome }) => outcome === 'rolled-back')
  return command === 'deploy' && undone && criteria.length > 0
}

/** Whether a person is needed: a run that ended otherwise than asked, and not on request. */
export function needsPerson({ exitCode }: Report): boolean {
  return exitCode === 1 || exitCode === 3
}

/** All that was verified, over all migrations, in order. */
export function verificationOf(report: Report): Verification[] {
  return report.migrations.flatMap((migration) => migration.verification)
}

/** What was verified and stands: the rest was undone with its migration and says nothing of the database now. */
export function standingVerificationOf(report: Report): Verification[] {
  return report.migrations
    .filter((migration) => !wasUndone(report, migration))
    .flatMap((migration) => migration.verification)
}

/** What was verified before its migration was undone. */
export function undoneVerificationOf(report: Report): Verification[] {
  return report.migrations
    .filter((migration) => wasUndone(report, migration))
    .flatMap((migration) => migration.verification)
}

function wasUndone(report: Report, { outcome, rollback }: MigrationReport): boolean {
  if (report.command !== 'deploy') return false
  if (outcome === 'rolled-back') return true
  return outcome === 'failed' && (rollback === null || rollback.outcome === 'restored')
}

/** The migrations that ended so, in order. */
export function migrationsThat(
  report: Report,
  ...outcomes: readonly MigrationOutcome[]
): MigrationReport[] {
  return report.migrations.filter((migration) => outcomes.includes(migration.outcome))
}

/**
 * The migration at fault: the one the error names, else the first failed, else the last that was rolled back in a deploy;
 * none where the success criteria judged the whole run.
 */
export function culpritOf(report: Report): MigrationReport | undefined {
  const named = report.migrations.find((migration) => migration.version === report.error?.version)
  if (named !== undefined) return named
  const [failed] = migrationsThat(report, 'failed')
  if (failed !== undefined || report.command === 'rollback') return failed
  if (failedCriteriaOf(report).length > 0) return undefined
  return migrationsThat(report, 'rolled-back').at(-1)
}

/** What happens next, without the cures that stand with the error or with a shut gate already. */
export function stepsToTell(report: Report): string[] {
  const told = [report.error?.fix, ...shutGatesOf(report).map(({ fix }) => fix)]
  return report.next.filter((line) => !told.includes(line))
}
