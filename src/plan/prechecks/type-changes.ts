import { quoteName } from '../../sql/identifier.ts'
import type { Effect, QualifiedName } from '../../sql/types.ts'
import { maybeSameName } from '../object-key.ts'
import type { KnownObjects, Order, PlannedEffect } from './types.ts'

/** Where names that a file leaves open are looked up. */
interface Lookup {
  readonly known: KnownObjects
  readonly path: readonly string[]
}

/** The types, and what those are made of that are there already: values of an enum count for a domain over it. */
export function withParts(
  types: readonly QualifiedName[],
  { known, path }: Lookup,
): QualifiedName[] {
  return types.flatMap((name) => [name, ...(known.type(name, path)?.parts ?? [])])
}

/** A type that is made or changed first: which values it has now is not which it will have. */
export function typeChangedFirst(
  earlier: readonly PlannedEffect[],
  types: readonly QualifiedName[],
  { known, path }: Lookup,
): Order | null {
  for (const planned of earlier) {
    const changed = types.find(
      (name) => changes(planned.effect, name) && !isSkipped(planned.effect, name),
    )
    if (changed === undefined) continue
    const { file, line } = planned.where
    return {
      kind: 'structure',
      says: `type ${quoteName(changed)} is changed by ${file}:${line} first`,
    }
  }
  return null

  /** A creation that passes over a type that is there. */
  function isSkipped({ op, object, guarded }: Effect, name: QualifiedName): boolean {
    return op === 'create' && isType(object) && guarded && known.type(name, path) !== null
  }
}

function changes({ op, object, to, change }: Effect, name: QualifiedName): boolean {
  if (isType(object)) {
    if (op === 'rename' && to === name.name) return true
    if (op === 'set schema') return object.name === name.name
    const shapes = op === 'create' || op === 'drop' || op === 'alter' || op === 'rename'
    return shapes && !/ DEFAULT$/.test(change ?? '') && isNamed(object, name)
  }
  const isPart = ['enum value', 'constraint', 'column'].includes(object.kind)
  return isPart && object.table !== undefined && maybeSameName(object.table, name)
}

/**
 * Whether a column of this type has a value where none is written: a domain may have a default, from before or from what the plan does first.
 */
export function isFilledByType(
  { column: { type = '' } = {}, uses }: Effect,
  earlier: (names: readonly string[]) => readonly PlannedEffect[],
  lookup: Lookup,
): boolean {
  const name = ownType(type, uses)
  if (name === null) return false
  let filled = lookup.known.type(name, lookup.path)?.hasDefault === true
  for (const { effect } of earlier([name.name])) {
    const { op, object, column, change, to, guarded } = effect
    if (!isType(object)) continue
    if (to === name.name) filled = true
    if (!isNamed(object, name)) continue
    if (change === 'SET DEFAULT') filled = true
    if (change === 'DROP DEFAULT' && !guarded) filled = false
    if (op !== 'create' || column === undefined) continue
    // A domain over a domain takes over the default of that one as it is then.
    const given = column.default != null || isFilledByType(effect, earlier, lookup)
    filled = given || (guarded && filled)
  }
  return filled
}

/** The type that is written, where somebody made it; null for an array of it. */
function ownType(type: string, uses: Effect['uses']): QualifiedName | null {
  const used = uses?.find(
    ({ kind, schema, name }) => kind === 'type' && quoteName({ schema, name: name ?? '' }) === type,
  )
  return used === undefined ? null : { schema: used.schema, name: used.name ?? '' }
}

/** The types that an effect mentions and somebody made. */
export function typesOf({ uses = [] }: Effect): QualifiedName[] {
  return uses.flatMap(({ kind, schema, name }) =>
    kind === 'type' && name !== null ? [{ schema, name }] : [],
  )
}

const isType = ({ kind }: Effect['object']): boolean => kind === 'type' || kind === 'domain'

const isNamed = ({ schema, name }: Effect['object'], other: QualifiedName): boolean =>
  name !== null && maybeSameName({ schema, name }, other)
