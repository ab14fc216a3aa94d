import { sessionSettings } from '../sql/setting.ts'
import type { Effect, Statement } from '../sql/types.ts'
import { rewriteOf } from './room.ts'

/** Changes that only the catalog sees, on whatever object, unless `isSlowChange` says otherwise. */
const CATALOG: ReadonlySet<Effect['op']> = new Set([
  'create',
  'alter',
  'drop',
  'rename',
  'replace',
  'set schema',
  'set owner',
  'enable',
  'disable',
  'grant',
  'revoke',
  'comment',
  'set',
  'truncate',
])

/** Statements that read or run something for as long as it takes, whatever their effects. */
const RUNNING: ReadonlySet<string> = new Set([
  'DO',
  'CALL',
  'SELECT',
  'CREATE TABLE AS',
  'SELECT INTO',
  'CREATE MATERIALIZED VIEW',
])

/**
 * Does a statement only change the catalog, whatever the tables hold? Rows, scans, builds and rewrites take as long as the table is big; what is not
 * known to be quick is not. What it does to a table that it makes itself is quick.
 */
export function isQuick(statement: Statement): boolean {
  const { effects, kind, node } = statement
  if (RUNNING.has(kind)) return false
  if (sessionSettings(node).length > 0) return true
  const made = effects.find(({ op, object }) => op === 'create' && object.kind === 'table')
  if (made !== undefined && effects.every(({ op }) => CATALOG.has(op))) return true
  return (
    effects.length > 0 &&
    effects.every((effect) => CATALOG.has(effect.op) && !isSlowChange(effect, statement))
  )
}

function isSlowChange(effect: Effect, statement: Statement): boolean {
  const { op, object, change, constraint } = effect
  if (rewriteOf(effect, statement) !== null) return true
  if (op === 'create') {
    if (constraint !== undefined) return constraint.valid && constraint.usingIndex === null
    return object.kind === 'index' || object.kind === 'extension'
  }
  return op === 'alter' && (change === 'SET NOT NULL' || object.kind === 'extension')
}
