import type { MigrationOutcome, MigrationReport, Report, Verification } from './types.ts'

/** How many verifications ended how. */
export interface Tally {
  readonly total: number
  readonly passed: number
  readonly warned: number
  readonly failed: number
  readonly notChecked: number
}

/** Counts outcomes; `not-checked` stays apart and is never added to the passed. */
export function tallyOf(verification: readonly Verification[]): Tally {
  const count = (outcome: Verification['outcome']) =>
    verification.filter((one) => one.outcome === outcome).length
  return {
    total: verification.length,
    passed: count('passed'),
    warned: count('warned'),
    failed: count('failed'),
    notChecked: count('not-checked'),
  }
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

/** The migration at fault: the one the error names, else the first failed, else the first that was rolled back in a deploy. */
export function culpritOf(report: Report): MigrationReport | undefined {
  const named = report.migrations.find((migration) => migration.version === report.error?.version)
  if (named !== undefined) return named
  const [failed] = migrationsThat(report, 'failed')
  if (failed !== undefined || report.command === 'rollback') return failed
  return migrationsThat(report, 'rolled-back').at(-1)
}

/** What happens next, without the cure that stands with the error already. */
export function stepsToTell(report: Report): string[] {
  return report.next.filter((line) => line !== report.error?.fix)
}
