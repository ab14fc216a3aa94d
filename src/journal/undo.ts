import { quoteLiteral } from '../sql/identifier.ts'
import type { UndoProgress } from './state.ts'
import { current } from './write.ts'

/** Records how far the undo of a migration has come; null: nothing of it was done, and none is under way. */
export function undoProgress(version: string, progress: UndoProgress | null): string {
  const value =
    progress === null ? 'null' : `${quoteLiteral(JSON.stringify(progress))}::pg_catalog.jsonb`
  return `update airlock.migrations set undo = ${value} where id = ${current(version)}`
}
