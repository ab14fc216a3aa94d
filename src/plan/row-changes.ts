import type { Effect } from '../sql/types.ts'

const ops: ReadonlySet<Effect['op']> = new Set([
  'insert',
  'update',
  'delete',
  'merge',
  'truncate',
  'copy',
])

/** Whether an effect of this kind changes the rows of a table. */
export function changesRows(op: Effect['op']): boolean {
  return ops.has(op)
}
