import { parseConstraintDefinition, parseIndexDefinition } from '../sql/catalog-definition.ts'
import { sameConstraint, sameIndex } from '../sql/compare-definitions.ts'
import type { Effect } from '../sql/types.ts'
import type { Fingerprint, FingerprintObject } from './types.ts'

/**
 * The names that the server gave to unnamed constraints and indexes: those of objects on the same table that are there now, were not there
 * before, and have the structure that the statement wrote. Each name is given once. Null where there is none: it was not created, or is gone.
 */
export function newNames(before: Fingerprint, now: Fingerprint): (effect: Effect) => string | null {
  const added = [...now.objects.values()].filter(({ key }) => !before.objects.has(key))
  const given = new Set<FingerprintObject>()
  return (effect) => {
    const found = added.find(
      (object) => !given.has(object) && isOnTable(object, effect) && hasStructure(object, effect),
    )
    if (found === undefined) return null
    given.add(found)
    return found.name
  }
}

function isOnTable(object: FingerprintObject, { object: { table, kind } }: Effect): boolean {
  if (object.kind !== kind || table === undefined || object.table !== table.name) return false
  return table.schema === null || table.schema === object.schema
}

function hasStructure({ attributes }: FingerprintObject, { constraint, index }: Effect): boolean {
  const text = attributes.definition ?? ''
  if (constraint !== undefined) {
    const actual = parseConstraintDefinition(text)
    // Whether it is valid by now doesn't tell which one it is.
    return actual !== null && sameConstraint({ ...constraint, valid: actual.valid }, actual).equal
  }
  const actual = parseIndexDefinition(text)
  return index !== undefined && actual !== null && sameIndex(index, actual).equal
}
