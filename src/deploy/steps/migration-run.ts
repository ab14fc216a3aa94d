import type { JournalMigration, JournalStep } from '../../journal/state.ts'
import type { MigrationFacts, StepFacts } from '../../journal/write.ts'
import type { Fingerprint } from '../../observe/types.ts'
import type { PlannedMigration, Step } from '../../plan/types.ts'
import type { ErrorReport, MigrationReport, RowEffect, StepReport } from '../../report/types.ts'
import { sessionSettings } from '../../sql/setting.ts'
import type { Run } from '../run.ts'
import type { RetryBudget } from './retry-budget.ts'
import type { Timeouts } from './timeouts.ts'

/** One migration being carried out: its plan, its report as it grows, and what the session and the journal have of it so far. */
export interface MigrationRun {
  readonly planned: PlannedMigration
  readonly report: MigrationReport
  /** What an earlier run left of it. */
  readonly journaled: JournalMigration | undefined
  /** The catalog before its first step; null where one transaction is all there is, which Postgres undoes itself. */
  readonly before: Fingerprint | null
  readonly beforeText: string | null
  /** The journal has its row. */
  begun: boolean
  /** Timeouts that the session has now; null when unknown. */
  timeouts: Timeouts | null
  /** How long it may still go on trying. */
  readonly retries: RetryBudget
  startedAt: number
}

/**
 * What a failure left in the database. 'unknown': the answer to a COMMIT was lost; 'undecided': nothing can tell what a statement did that an earlier
 * run began.
 */
export type Left = 'nothing' | 'something' | 'unknown' | 'undecided'

/** How a step ended, and what a failed one left. */
export type StepEnd =
  | { readonly ended: 'done' }
  | {
      readonly ended: 'failed'
      readonly error: ErrorReport
      readonly left: Left
    }

/** How a migration ended, and what is left of it where it failed. */
export type MigrationEnd =
  | { readonly ended: 'applied'; readonly migration: MigrationRun }
  | {
      readonly ended: 'failed'
      readonly error: ErrorReport
      readonly migration: MigrationRun
      /** Steps whose effects are, or may be, in the database. */
      readonly remaining: readonly Step[]
      readonly whole: boolean
      readonly left: Left
    }

/** Something is still to hold when its last step is committed: its verify script, the smoke tests. */
export function isJudgedAfterwards(run: Run, planned: PlannedMigration): boolean {
  return planned.verify !== null || run.smoke?.areDueAfter(planned.version) === true
}

export function stepReportOf(migration: MigrationReport, step: Step): StepReport {
  const report = migration.steps[step.ordinal - 1]
  if (report === undefined)
    throw new Error(`no report for step ${step.ordinal} of ${migration.version}`)
  return report
}

export function stepFacts(step: Step): StepFacts {
  return {
    ordinal: step.ordinal,
    kind: step.kind,
    title: step.title,
    statements: step.statements.length,
  }
}

export function migrationFacts(run: MigrationRun): MigrationFacts {
  const { planned } = run
  return {
    version: planned.version,
    name: planned.name,
    file: planned.file,
    checksum: planned.checksum,
    stepCount: planned.steps.length,
    statementCount: planned.script.statements.length,
    fingerprintBefore: run.beforeText,
  }
}

/** Adds a step's row effects to its migration's, table by table; the least certain of them wins. */
export function addRowEffects(report: MigrationReport, effects: readonly RowEffect[]): void {
  mergeRowEffects(report.rowEffects, effects)
}

/** Adds effects to a list that holds one entry a table. */
export function mergeRowEffects(sums: RowEffect[], effects: readonly RowEffect[]): void {
  for (const effect of effects) {
    const index = sums.findIndex(
      (known) => known.table === effect.table && known.removed?.by === effect.removed?.by,
    )
    const known = sums[index]
    if (known === undefined) sums.push(effect)
    else sums[index] = sumOf(known, effect)
  }
}

/** Rows that a migration's committed steps changed: of one that isn't whole, the steps tell. */
export function committedRows({ rowEffects, steps }: JournalMigration): RowEffect[] {
  if (steps.length === 0) return [...rowEffects]
  const sums: RowEffect[] = []
  for (const step of steps) mergeRowEffects(sums, step.rowEffects)
  return sums
}

const certainties = ['exact', 'at-most', 'not-checked'] as const

function sumOf(a: RowEffect, b: RowEffect): RowEffect {
  const certainty =
    certainties[Math.max(certainties.indexOf(a.certainty), certainties.indexOf(b.certainty))] ??
    'not-checked'
  const reason = a.reason ?? b.reason
  return {
    table: a.table,
    inserted: a.inserted + b.inserted,
    updated: a.updated + b.updated,
    deleted: a.deleted + b.deleted,
    certainty,
    ...(a.removed && b.removed
      ? { removed: { by: a.removed.by, rows: a.removed.rows + b.removed.rows } }
      : {}),
    ...(reason === undefined ? {} : { reason }),
  }
}

/**
 * A step that an earlier run committed: it counts in the report, and what it SET for its session is set again, because a file's later
 * statements may rely on it.
 */
export async function appliedEarlier(
  run: Run,
  migration: MigrationRun,
  step: Step,
  journaled: JournalStep,
): Promise<void> {
  stepReportOf(migration.report, step).outcome = 'done'
  addRowEffects(migration.report, journaled.rowEffects)
  await repeatSettings(run, step)
}

/** What a step SET for its session, set again on another one. A transaction that the file rolls back itself sets nothing. */
export async function repeatSettings(run: Run, step: Step): Promise<void> {
  if (step.rollsBack === true) return
  for (const { statement } of step.statements) {
    if (sessionSettings(statement.node).some(({ local }) => !local)) {
      await run.connections.worker.simple(statement.text)
    }
  }
}
