import type { OpenRun } from '../deploy/connections/open.ts'
import type { JournalMigration } from '../journal/state.ts'
import { decidePending } from '../plan/pending.ts'
import type { PlannedMigration } from '../plan/types.ts'
import type { Refusal } from '../report/refusal.ts'
import type { MigrationReport } from '../report/types.ts'
import type { CommandContext } from './context.ts'
import { entryOf } from './report.ts'

/** One migration that this run has to carry out, go on with, or verify. */
export interface Task {
  readonly planned: PlannedMigration
  readonly entry: MigrationReport
  /** The journal's row of a half-done or unverified one. */
  readonly journaled: JournalMigration | undefined
  readonly action: 'apply' | 'resume' | 'verify-first' | 'redo'
}

/**
 * What is to be done, from the folder and the journal; every migration's entry in the report gets its outcome.
 * Errors: Refusal, the first of the gates that are shut; the others stand in the report's warnings.
 */
export function decideTasks(
  context: CommandContext,
  open: Pick<OpenRun, 'journal'>,
  planned: readonly PlannedMigration[],
): Task[] {
  const { settings, report } = context
  const { decisions, refusals } = decidePending(planned, open.journal.migrations, {
    now: new Date(),
    outOfOrder: settings.outOfOrder,
    to: settings.to,
  })
  const tasks: Task[] = []
  for (const decision of decisions) {
    const entry = entryOf(report, decision.migration.version)
    switch (decision.action) {
      case 'already-applied':
        entry.outcome = 'already-applied'
        break
      case 'disabled':
      case 'waiting':
        entry.outcome = decision.action
        entry.reason = decision.reason
        break
      case 'beyond':
        entry.outcome = 'pending'
        entry.reason = decision.reason
        break
      default:
        entry.outcome = context.settings.command === 'plan' ? 'pending' : 'not-run'
        tasks.push({
          planned: decision.migration,
          entry,
          action: decision.action,
          journaled: open.journal.migrations.find(
            ({ version }) => version === decision.migration.version,
          ),
        })
    }
  }
  refuse(refusals, context)
  return tasks
}

function refuse(refusals: readonly Refusal[], { report }: CommandContext): void {
  const [first, ...others] = refusals
  if (first === undefined) return
  for (const { parts } of others) {
    report.warnings.push(`Refused also because ${parts.what}: ${parts.fix}.`)
  }
  throw first
}
