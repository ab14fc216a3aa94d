import type { PlannedMigration } from '../plan/types.ts'
import type { Command, MigrationReport, Report, StepReport } from '../report/types.ts'

/** A report before anything has happened. */
export function newReport(command: Command, startedAt: Date): Report {
  return {
    schemaVersion: 1,
    command,
    outcome: 'refused',
    exitCode: 2,
    target: null,
    startedAt: startedAt.toISOString(),
    durationMs: 0,
    migrations: [],
    session: [],
    error: null,
    next: [],
    warnings: [],
    fingerprint: null,
    checks: [],
    backup: null,
    restorePoint: null,
    baseline: null,
    smoke: [],
    criteria: [],
    contacts: [],
    locks: null,
  }
}

/** One entry a migration, `not-run` until something happens to it: a failure half way still tells the whole story. */
export function newMigrationReport(planned: PlannedMigration): MigrationReport {
  const { expectDuration, lockImpact } = planned.directives
  return {
    version: planned.version,
    name: planned.name,
    file: planned.file,
    outcome: 'not-run',
    durationMs: 0,
    steps: planned.steps.map(
      (step): StepReport => ({
        ordinal: step.ordinal,
        kind: step.kind,
        title: step.title,
        ...(step.why === undefined ? {} : { why: step.why }),
        outcome: 'not-run',
        durationMs: 0,
        statements: step.statements.length,
        where: step.statements[0]?.statement.where ?? { file: planned.file, line: 1, column: 1 },
      }),
    ),
    rowEffects: [],
    notices: [],
    verification: [],
    rollback: null,
    warnings: [...planned.notes, ...planned.irreversible],
    ...(expectDuration === undefined ? {} : { expectDuration }),
    ...(lockImpact === undefined ? {} : { lockImpact }),
  }
}

/** The report entry of a version; every planned migration has one. */
export function entryOf(report: Report, version: string): MigrationReport {
  const entry = report.migrations.find((migration) => migration.version === version)
  if (entry === undefined) throw new Error(`no report for migration ${version}`)
  return entry
}
