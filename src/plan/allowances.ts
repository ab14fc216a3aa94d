import type { Place } from '../report/refusal.ts'
import type { PlanNote } from '../report/types.ts'
import type { FileDirectives } from '../runbook/types.ts'
import type { PlannedStatement } from './types.ts'

/**
 * Notes that the file, or the statement they speak of, allows by `allow=<hazard> reason="…"`: they
 * are still shown, as information, with the reason.
 */
export function applyAllowances(
  notes: readonly PlanNote[],
  directives: FileDirectives,
  statements: readonly PlannedStatement[],
): readonly PlanNote[] {
  return notes.map((note) => {
    const own = statements.find(({ statement }) => samePlace(statement.where, note.where))
    const allowed = [...(own?.directives.allow ?? []), ...directives.allow].find(
      ({ hazard }) => hazard === note.id,
    )
    if (allowed === undefined) return note
    return { ...note, severity: 'info', message: `${note.message} (allowed: ${allowed.reason})` }
  })
}

function samePlace(one: Place, other: Place): boolean {
  return one.file === other.file && one.line === other.line && one.column === other.column
}
