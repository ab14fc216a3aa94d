import type { Fingerprint, FingerprintObject } from './types.ts'

/**
 * What changed from one fingerprint to another, a line an object or attribute, in the order of their keys: `- ` gone, `+ ` new, `~ ` changed
 * (`~ index public.a: valid true → false`). Empty: equal. Throws for fingerprints of different major versions, which don't compare.
 */
export function differenceOf(before: Fingerprint, after: Fingerprint): string[] {
  return changesBetween(before, after).flatMap(({ lines }) => lines)
}

/** One object that changed, and the lines that tell how. */
export interface Change {
  readonly object: FingerprintObject
  readonly lines: readonly string[]
}

/** The same, object by object. */
export function changesBetween(before: Fingerprint, after: Fingerprint): Change[] {
  if (before.serverMajor !== after.serverMajor) {
    throw new Error(
      `fingerprints of PostgreSQL ${before.serverMajor} and ${after.serverMajor} do not compare`,
    )
  }
  if (before.hash === after.hash) return []
  const keys = [...new Set([...before.objects.keys(), ...after.objects.keys()])].toSorted()
  return keys.flatMap((key) => {
    const old = before.objects.get(key)
    const now = after.objects.get(key)
    const object = now ?? old
    if (object === undefined) return []
    if (old === undefined) return [{ object, lines: [`+ ${summaryOf(object)}`] }]
    if (now === undefined) return [{ object, lines: [`- ${summaryOf(object)}`] }]
    const lines = changesOf(old, now)
    return lines.length === 0 ? [] : [{ object, lines }]
  })
}

/** Lists whose members are objects of their own: their coming and going is told there. */
const membership: ReadonlySet<string> = new Set(['columns', 'labels'])

function changesOf(before: FingerprintObject, after: FingerprintObject): string[] {
  const names = [...new Set([...Object.keys(before.attributes), ...Object.keys(after.attributes)])]
  return names.flatMap((name) => {
    const old = before.attributes[name]
    const now = after.attributes[name]
    if (old === now) return []
    if (membership.has(name) && inSameOrder(old ?? '', now ?? '')) return []
    return [`~ ${before.key}: ${name} ${shorten(old)} → ${shorten(now)}`]
  })
}

/** The members that both lists have stand in the same order, and new ones come last. */
function inSameOrder(before: string, after: string): boolean {
  const old = before.split(', ')
  const now = after.split(', ')
  const kept = old.filter((each) => now.includes(each))
  return kept.every((each, index) => each === now[index])
}

function summaryOf(object: FingerprintObject): string {
  const { definition, type } = object.attributes
  const text = definition ?? type
  const invalid = object.attributes.valid === 'false' ? ' (not valid)' : ''
  return text === undefined ? object.key : `${object.key}: ${shorten(text)}${invalid}`
}

/** On one line; a body is not repeated in full. */
function shorten(text: string | undefined): string {
  if (text === undefined) return 'none'
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return [...line].length > 200 ? `${[...line].slice(0, 199).join('')}…` : line
}
