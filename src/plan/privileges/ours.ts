import { isOwned } from '../../sql/owned-kind.ts'
import type { Effect, ObjectRef } from '../../sql/types.ts'
import { nameSpaceOf } from '../object-key.ts'

/**
 * What the plan's earlier statements made, and so belongs to the role that runs them. `certain`: it was made in any case; `maybe`: only if
 * it wasn't there (IF NOT EXISTS, OR REPLACE, a guard), so that an older one may be somebody else's.
 */
export class Ours {
  readonly #made = new Map<string, 'certain' | 'maybe'>()

  follow(effect: Effect, searchPath: readonly string[]): void {
    const { op, object, to } = effect
    if (object.name === null || isOwned(object.kind)) return
    if (op === 'create' || op === 'replace') {
      const certain = op === 'create' && !effect.ifNotExists && !effect.guarded
      this.#add(object, certain ? 'certain' : 'maybe', searchPath)
    } else if (op === 'rename' && to !== undefined) {
      this.#add({ ...object, name: to }, 'certain', searchPath)
    } else if (op === 'set schema' && to !== undefined) {
      this.#add({ ...object, schema: to }, 'certain', searchPath)
    }
  }

  /** null: it was there before, as far as the text tells. */
  has(object: ObjectRef, searchPath: readonly string[]): 'certain' | 'maybe' | null {
    if (object.name === null) return null
    const found = schemasOf(object, searchPath).map((schema) => this.#made.get(key(object, schema)))
    return found.find((each) => each !== undefined) ?? null
  }

  #add(object: ObjectRef, how: 'certain' | 'maybe', searchPath: readonly string[]): void {
    const [schema = null] = schemasOf(object, searchPath)
    this.#made.set(key(object, schema), how)
  }
}

/** Where it may be: its own schema, else those of the search path, the first of which gets what is created. */
function schemasOf({ schema }: ObjectRef, searchPath: readonly string[]): (string | null)[] {
  return schema === null ? [...searchPath, null] : [schema]
}

const WITHOUT_SCHEMA = new Set(['schema', 'extension', 'role', 'publication', 'subscription'])

function key({ kind, name }: ObjectRef, schema: string | null): string {
  return JSON.stringify([nameSpaceOf(kind), WITHOUT_SCHEMA.has(kind) ? null : schema, name])
}
