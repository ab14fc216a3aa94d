import type { PlannedMigration } from '../../plan/types.ts'
import type { ErrorReport, MigrationReport } from '../../report/types.ts'
import type { Run } from '../run.ts'
import { holdsData } from './data-loss.ts'
import {
  dataReason,
  inversionOf,
  isDataLossAllowed,
  keptRows,
  lossOf,
  type Remains,
} from './undo.ts'

interface Asked extends Pick<Remains, 'objectBefore'> {
  readonly planned: PlannedMigration
  readonly entry: MigrationReport
}

/**
 * Why a rollback that was asked for may not run: it would drop what holds data, change rows, or go past committed row changes that it
 * can't bring back. All of it is asked before the first change. Null when it may run.
 */
export async function refuseUndo(run: Run, chosen: readonly Asked[]): Promise<ErrorReport | null> {
  for (const { planned, entry, objectBefore } of chosen) {
    if (isDataLossAllowed(run, planned)) continue
    await run.connections.prepareWorker(planned.version)
    const reason = (await lossBy(run, planned, objectBefore)) ?? keptReason(entry)
    if (reason === null) continue
    return {
      message: `${planned.version} ${planned.name} was not rolled back: ${reason}`,
      version: planned.version,
      why: 'A rollback speaks of the catalog; rows that it loses or leaves changed are for a person to decide.',
      fix: 'Look at what would be lost; then set allow-data-loss, or write `-- airlock: allow=data-loss reason="…"` into the rollback script.',
    }
  }
  return null
}

async function lossBy(
  run: Run,
  planned: PlannedMigration,
  objectBefore: Remains['objectBefore'],
): Promise<string | null> {
  if (planned.rollback !== null) {
    return lossOf(
      run,
      planned.rollback.script.statements.flatMap(({ effects }) => effects),
    )
  }
  const inversion = inversionOf(planned.steps, objectBefore)
  for (const { holdsData: held } of inversion.statements) {
    if (held !== undefined && (await holdsData(run, held))) return dataReason(held)
  }
  return null
}

function keptReason(entry: MigrationReport): string | null {
  const kept = keptRows(entry.rowEffects)
  return kept.length === 0
    ? null
    : `it changed rows that a rollback does not bring back (${kept.join('; ')})`
}
