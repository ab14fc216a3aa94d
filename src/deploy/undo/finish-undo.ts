import type { JournalMigration } from '../../journal/state.ts'
import { inTransaction, migrationRolledBack, runBegins } from '../../journal/write.ts'
import { deserialise, readFingerprint, serialise } from '../../observe/fingerprint.ts'
import type { PlannedMigration } from '../../plan/types.ts'
import type { ErrorReport, MigrationReport, UndoReport } from '../../report/types.ts'
import { again } from '../connections/again.ts'
import type { Run } from '../run.ts'
import { committedRows } from '../steps/migration-run.ts'
import { undoMigration } from './undo.ts'

/**
 * Ends an undo that was killed on the way: half an undo is neither the old state nor the new, and nothing can go on from there. The catalog is
 * compared with the picture from before the migration where the journal has one. Afterwards the version is pending again.
 * Returns what was done; null where no undo was under way.
 */
export async function finishUndo(
  run: Run,
  planned: PlannedMigration,
  entry: MigrationReport,
  journaled: JournalMigration,
): Promise<UndoReport | null> {
  if (journaled.undo === null) return null
  const report = { ...entry, rowEffects: committedRows(journaled) }
  const { fingerprintBefore, state } = journaled
  const undo = await undoMigration(run, {
    planned,
    report,
    steps: [],
    whole: state === 'applied' || state === 'verified',
    before: fingerprintBefore === null ? null : deserialise(fingerprintBefore),
    names: null,
    objectBefore: () => undefined,
    resumed: journaled.undo,
  })
  run.emit({ type: 'undone', migration: report, undo })
  if (undo.outcome !== 'restored') return undo
  // What is applied from here on finds the catalog as the undo left it, not as the run did.
  const now = serialise(await readFingerprint(run.observer))
  const rows = `${migrationRolledBack(run.key, planned.version)}; ${runBegins(run.key, now)}`
  await again(() => run.observer.simple(inTransaction(run.key, rows)))
  return undo
}

/** Why a run can't go on after an undo that it was to finish; null where it can. */
export function unfinished(planned: PlannedMigration, undo: UndoReport): ErrorReport | null {
  if (undo.outcome === 'restored') return null
  return {
    ...undo.error,
    message: `An interrupted undo of ${planned.version} ${planned.name} could not be finished: ${undo.error?.message ?? undo.reason ?? 'the catalog is not as it was before the migration'}`,
    version: planned.version,
    why: 'An earlier run was killed while it undid this migration; until that is done, the migration can be neither applied nor gone on with.',
    fix: 'Mend what stands in the way, then run the same command again: it goes on where this one ended.',
  }
}
