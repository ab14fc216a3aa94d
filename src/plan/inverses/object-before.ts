import type { ObjectKind, ObjectRef } from '../../sql/types.ts'

/** An object as the catalog had it before; the fingerprint's objects are of this shape. */
export interface ObjectBefore {
  readonly kind: ObjectKind
  readonly schema: string | null
  readonly name: string
  readonly table?: string
  readonly arguments?: string
  readonly attributes: Readonly<Record<string, string>>
}

/** What was there before: null: there was no such object; undefined: that isn't known. */
export type LookBefore = (object: ObjectRef) => ObjectBefore | null | undefined

/** SQL that takes one effect back. */
export interface InverseStatement {
  readonly sql: string
  /** It allows no transaction (DROP and CREATE INDEX CONCURRENTLY). */
  readonly concurrently: boolean
  readonly why: string
  /** What would be lost with it where it holds data. */
  readonly holdsData?: {
    readonly table: { readonly schema: string | null; readonly name: string }
    readonly column?: string
  }
}

/** An effect that stays, and why. */
export interface Irreversible {
  readonly object: ObjectRef
  readonly why: string
}
