import type { Place } from '../report/refusal.ts'
import { isOwned } from '../sql/owned-kind.ts'
import type { Effect, QualifiedName } from '../sql/types.ts'
import type { PlannedMigration } from './types.ts'

/** A table that the plan changes, and how. */
export interface TouchedTable {
  readonly table: QualifiedName
  /** 'UPDATE', 'DELETE': rows change in a way that needs a replica identity. 'ADD', 'REMOVE', 'ALTER': its columns, or the table itself. */
  readonly how: 'UPDATE' | 'DELETE' | 'ADD' | 'REMOVE' | 'ALTER'
  readonly statement: string
  readonly where: Place
}

/** Each table and way of change once, with the first statement; tables that the plan itself creates are among them. */
export function touchedTables(
  pending: readonly Pick<PlannedMigration, 'steps'>[],
): readonly TouchedTable[] {
  const found = new Map<string, TouchedTable>()
  for (const { statement } of pending.flatMap(({ steps }) =>
    steps.flatMap((step) => step.statements),
  )) {
    for (const effect of statement.effects) {
      const table = tableOf(effect)
      for (const how of table === null ? [] : changesOf(effect)) {
        const key = JSON.stringify([table, how])
        if (table === null || found.has(key)) continue
        found.set(key, { table, how, statement: statement.kind, where: statement.where })
      }
    }
  }
  return [...found.values()]
}

function tableOf({ object, temporary }: Effect): QualifiedName | null {
  if (temporary === true) return null
  if (object.kind === 'table') return { schema: object.schema, name: object.name ?? '' }
  return isOwned(object.kind) && object.kind !== 'enum value' ? (object.table ?? null) : null
}

const ROWS: Partial<Record<Effect['op'], readonly TouchedTable['how'][]>> = {
  update: ['UPDATE'],
  delete: ['DELETE'],
  merge: ['UPDATE', 'DELETE'],
}

/** Constraints, triggers and the like stay on their own side; columns and tables are what both sides must have. */
function changesOf({ op, object, change, column }: Effect): readonly TouchedTable['how'][] {
  const rows = ROWS[op]
  if (rows !== undefined) return rows
  if (object.kind !== 'table' && object.kind !== 'column') return []
  if (op === 'create') return ['ADD']
  if (op === 'drop') return ['REMOVE']
  if (op === 'rename' || op === 'set schema') return ['ALTER']
  return op === 'alter' && change === 'TYPE' && column !== undefined ? ['ALTER'] : []
}
