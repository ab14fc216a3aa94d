import { readJournal } from '../../journal/state.ts'
import type { PlannedMigration } from '../../plan/types.ts'
import type { UndoReport } from '../../report/types.ts'
import type { Run } from '../run.ts'

/** Does the journal hold an undo of this version that was begun and not ended? The next run ends it before anything else. */
export async function isUndoBegun(run: Run, version: string): Promise<boolean> {
  const { migrations } = await readJournal(run.observer)
  return migrations.some((migration) => migration.version === version && migration.undo !== null)
}

/** An undo that there is no time for: whoever asked the run to stop insisted, or waits long enough already. */
export function notBegun(
  by: UndoReport['by'],
  kept: readonly string[],
  resumed: boolean,
): UndoReport {
  return {
    by,
    statements: [],
    outcome: 'not-run',
    difference: [],
    kept: [...kept],
    reason: `the run was asked to stop and had no time left to undo: ${resumed ? nextUndoes : nextGoesOn}`,
  }
}

const nextUndoes = 'the next deploy or rollback ends this undo first'

const nextGoesOn =
  'what was committed stays, and the next deploy goes on from there; the command rollback undoes it instead'

/** An undo that was cut off, and what the next run makes of it. The catalog is not compared: there is no time. */
export async function stoppedUndo(
  run: Run,
  { version }: PlannedMigration,
): Promise<Pick<UndoReport, 'difference' | 'reason'>> {
  const begun = await isUndoBegun(run, version)
  const next = begun ? nextUndoes : `nothing of it was done: ${nextGoesOn}`
  return {
    difference: [],
    reason: `the run was asked to stop and had no time left to finish undoing; ${next}`,
  }
}
