import type { ObjectKind } from './types.ts'

const owned: ReadonlySet<ObjectKind> = new Set([
  'column',
  'constraint',
  'trigger',
  'policy',
  'rule',
  'enum value',
])

/** True for what has no name of its own in a schema, but only within its table, type or domain. */
export function isOwned(kind: ObjectKind): boolean {
  return owned.has(kind)
}
