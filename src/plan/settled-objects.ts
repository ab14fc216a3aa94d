import { isOwned } from '../sql/owned-kind.ts'
import type { Effect, ObjectRef, QualifiedName } from '../sql/types.ts'
import { maybeSameName } from './object-key.ts'
import type { PlannedMigration } from './types.ts'

/** An index or a constraint that is in the catalog, its names unquoted. */
export interface ExistingObject {
  readonly kind: 'index' | 'constraint'
  readonly schema: string
  readonly name: string
  /** Or the domain that it belongs to. */
  readonly table: string
}

/**
 * What the plan itself does about an invalid index or a constraint that is not validated: '20250115130000 validates it'. Null where it leaves
 * it as it is. A name without a schema is taken to be the object's: only the catalog knows better, and only words depend on it.
 */
export function settledBy(
  pending: readonly Pick<PlannedMigration, 'script' | 'version'>[],
  object: ExistingObject,
): string | null {
  for (const { version, script } of pending) {
    for (const { effects } of script.statements) {
      const effect = effects.find((each) => verbOf(each) !== undefined && isAbout(each, object))
      if (effect !== undefined) return `${version} ${verbOf(effect)}`
    }
  }
  return null
}

const VERBS: Partial<Record<Effect['op'], string>> = {
  drop: 'drops it',
  validate: 'validates it',
  reindex: 'rebuilds it',
}

function verbOf({ op, object }: Effect): string | undefined {
  return op === 'drop' && object.kind === 'column' ? undefined : VERBS[op]
}

function isAbout({ op, object }: Effect, existing: ExistingObject): boolean {
  const table = { schema: existing.schema, name: existing.table }
  // All that belongs to the table goes, or is built anew, with it.
  if (object.kind === 'table' && (op === 'drop' || existing.kind === 'index')) {
    return maybeSameName(nameOf(object), table)
  }
  if (object.kind === 'domain' && op === 'drop') return maybeSameName(nameOf(object), table)
  if (object.kind !== existing.kind) return false
  return isOwned(object.kind)
    ? object.name === existing.name &&
        object.table !== undefined &&
        maybeSameName(object.table, table)
    : maybeSameName(nameOf(object), existing)
}

function nameOf({ schema, name }: ObjectRef): QualifiedName {
  return { schema, name: name ?? '' }
}
