import type { OpenRun } from '../deploy/connections/open.ts'
import { objectsBefore } from '../deploy/undo/object-before.ts'
import type { Remains } from '../deploy/undo/undo.ts'
import { readRunBefore } from '../journal/run-before.ts'
import type { JournalMigration } from '../journal/state.ts'
import { deserialise } from '../observe/fingerprint.ts'
import type { PlannedMigration } from '../plan/types.ts'

/** What an undo knows of the catalog before the migration. */
export type PictureBefore = Pick<Remains, 'before' | 'names' | 'objectBefore'>

/**
 * A half-done migration has its own picture in the journal. A whole one has that of before its run, and what the run had applied before
 * it: enough to spare what was there, not to compare by.
 */
export async function pictureBefore(
  open: Pick<OpenRun, 'observer' | 'journal' | 'surroundings'>,
  journaled: JournalMigration,
  planned: readonly PlannedMigration[],
): Promise<PictureBefore> {
  const { searchPath } = open.surroundings
  if (journaled.fingerprintBefore !== null) {
    const before = deserialise(journaled.fingerprintBefore)
    return { before, names: before, objectBefore: objectsBefore(before, [], searchPath) }
  }
  const text = await readRunBefore(open.observer, journaled.begunBy)
  const picture = text === null ? null : deserialise(text)
  const earlier = open.journal.migrations
    .filter(({ begunBy, id }) => begunBy === journaled.begunBy && id < journaled.id)
    .flatMap(({ version }) => planned.find((migration) => migration.version === version) ?? [])
  return {
    before: null,
    names: picture,
    objectBefore: objectsBefore(picture, earlier, searchPath),
  }
}
