import type { ObjectRef } from '../sql/types.ts'
import type { Fingerprint, FingerprintObject } from './types.ts'

/**
 * Finds objects of a fingerprint by reference, as a statement names them: an unqualified name is looked up along the search path. The
 * function answers null where the object was not there, undefined where there is no picture or no name to look for.
 */
export function objectsByReference(
  fingerprint: Fingerprint | null,
  searchPath: readonly string[],
): (ref: ObjectRef) => FingerprintObject | null | undefined {
  if (fingerprint === null) return () => undefined
  const index = new Map<string, FingerprintObject[]>()
  for (const object of fingerprint.objects.values()) {
    const key = keyOf(object.kind, object.name, object.table)
    const known = index.get(key)
    if (known === undefined) index.set(key, [object])
    else known.push(object)
  }
  return (ref) => {
    if (ref.name === null) return undefined
    const owner = belongsToTable.has(ref.kind) ? ref.table?.name : undefined
    const candidates = (index.get(keyOf(ref.kind, ref.name, owner)) ?? []).filter((object) =>
      meansArguments(ref, object),
    )
    if (ofDatabase.has(ref.kind)) return candidates[0] ?? null
    const schema = ref.schema ?? ref.table?.schema ?? null
    for (const name of schema === null ? searchPath : [schema]) {
      const found = candidates.find((object) => object.schema === name)
      if (found !== undefined) return found
    }
    return null
  }
}

/** Kinds whose name is unique only within their table (or type). */
const belongsToTable = new Set(['column', 'constraint', 'trigger', 'policy', 'rule', 'enum value'])

/** Kinds whose names are unique in the whole database, whatever schema their members are in. */
const ofDatabase = new Set([
  'schema',
  'extension',
  'event trigger',
  'publication',
  'subscription',
  'language',
  'foreign server',
  'foreign data wrapper',
  'access method',
])

/** Routines are told apart by their argument types; the server lists them with modes and names: `IN a integer, VARIADIC b text[]`. */
function meansArguments(ref: ObjectRef, object: FingerprintObject): boolean {
  if (ref.arguments === undefined || object.arguments === undefined) return true
  const listed = object.arguments === '' ? [] : object.arguments.split(', ')
  return (
    listed.length === ref.arguments.length &&
    ref.arguments.every((type, place) => {
      const text = listed[place] ?? ''
      return text === type || text.endsWith(` ${type}`)
    })
  )
}

function keyOf(kind: string, name: string, table: string | undefined): string {
  return JSON.stringify([kind, name, belongsToTable.has(kind) ? (table ?? '') : ''])
}
