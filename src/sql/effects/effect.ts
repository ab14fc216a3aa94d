import type { ByType } from '../tree/types.ts'
import type { Effect, ObjectKind, ObjectRef, QualifiedName } from '../types.ts'

/** The schemas that the file itself set by SET search_path; null where it leaves that to the session. */
export interface EffectContext {
  readonly searchPath: readonly string[] | null
}

/** What each type of statement does, a function each: the rows of the one table in ../effects.ts. */
export type Family = ByType<readonly Effect[], [effectsOf: (node: unknown) => readonly Effect[]]>

export function effect(op: Effect['op'], object: ObjectRef, more: Partial<Effect> = {}): Effect {
  return { op, object, ifExists: false, ifNotExists: false, guarded: false, ...more }
}

/** An object with a schema of its own: table, view, type, function. */
export function objectRef(kind: ObjectKind, { schema, name }: QualifiedName): ObjectRef {
  return { kind, schema, name }
}

/** An object without a schema: extension, role, publication. */
export function globalRef(kind: ObjectKind, name: string | undefined): ObjectRef {
  return { kind, schema: null, name: name ?? '' }
}

/** An object of a table: column, constraint, trigger, policy, rule, index, and enum values of their type. */
export function memberRef(kind: ObjectKind, table: QualifiedName, name: string | null): ObjectRef {
  return { kind, schema: table.schema, name, table }
}

export function unknown(reason: string, object?: ObjectRef): Effect {
  return effect('unknown', object ?? { kind: 'unknown', schema: null, name: null }, { reason })
}
