import type { ObjectKind } from '../sql/types.ts'

/** One object of the catalog, by name. */
export interface FingerprintObject {
  /** Unique in a fingerprint: kind and full name as the server quotes it: `constraint public."Recipe".recipe_check`. */
  readonly key: string
  readonly kind: ObjectKind
  /** Unquoted. */
  readonly schema: string | null
  readonly name: string
  /** Unquoted name of the table that it belongs to (same schema), or the type of an enum value. */
  readonly table?: string
  /** Functions: identity arguments as the server prints them. */
  readonly arguments?: string
  /**
   * What is compared: attribute → text. `definition` is the complete DDL or clause from which the object can be made again where the
   * server gives one (pg_get_constraintdef, pg_get_indexdef, pg_get_triggerdef, pg_get_functiondef, pg_get_viewdef).
   */
  readonly attributes: Readonly<Record<string, string>>
}

export interface Fingerprint {
  readonly serverMajor: number
  readonly objects: ReadonlyMap<string, FingerprintObject>
  /** SHA-256 in hex over the canonical text. */
  readonly hash: string
  /** Kinds of objects that the role may not read, in words: not compared. Empty as a rule. */
  readonly unread: readonly string[]
  /** False when the catalog kept changing while it was read: the picture may mix two states. */
  readonly stable: boolean
}
