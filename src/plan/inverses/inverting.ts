import type { Effect, ObjectRef } from '../../sql/types.ts'
import type { Life, Lives } from './lives.ts'
import type { InverseStatement, Irreversible } from './object-before.ts'

export interface InvertOptions {
  /** The name that the server gave to an unnamed constraint or index; null where it isn't known. */
  readonly nameOf?: (effect: Effect) => string | null
}

/** One effect's inverse, worked out when all effects are known; statements in the order they run. */
export interface Inverse {
  readonly life: Life | null
  readonly statements: () => readonly InverseStatement[]
}

export interface Inverting {
  readonly lives: Lives
  readonly inverses: Inverse[]
  readonly irreversible: Irreversible[]
  readonly options: InvertOptions
}

export function push(
  inverting: Inverting,
  object: ObjectRef,
  sql: string | null,
  why: string,
): void {
  if (sql === null) {
    stays(inverting, object, `${why}, and no inverse is derived`)
    return
  }
  inverting.inverses.push({ life: null, statements: () => [plain(sql, why)] })
}

export function plain(sql: string, why: string): InverseStatement {
  return { sql, concurrently: false, why }
}

export function stays({ irreversible }: Inverting, object: ObjectRef, why: string): void {
  irreversible.push({ object, why })
}
