/**
 * The groups of a version as numbers: '1.02' → [1n, 2n], '2025_01_15' → [2025n, 1n, 15n]. An optional V in front is
 * skipped. Null when it is no version.
 */
export function parseVersion(text: string): readonly bigint[] | null {
  if (!/^[Vv]?\d+(?:[._]\d+)*$/.test(text)) return null
  return text
    .replace(/^[Vv]/, '')
    .split(/[._]/)
    .map((group) => BigInt(group))
}

/** Negative, 0, positive, like a comparer. Missing groups count as 0, so 1 and 1.0 are the same version. */
export function compareVersions(a: readonly bigint[], b: readonly bigint[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const left = a[index] ?? 0n
    const right = b[index] ?? 0n
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}

/** One text for all the ways to write a version, to look it up by: '1.2', 'V1.2.0' and '01_2' give '1.2'. What is no version stays as it is. */
export function versionKey(text: string): string {
  const groups = parseVersion(text)
  if (groups === null) return text
  const last = groups.findLastIndex((group) => group !== 0n)
  return groups.slice(0, Math.max(last, 0) + 1).join('.')
}

/** True when both texts name the same version: '1.2' and 'V1.2.0'. */
export function sameVersion(a: string, b: string): boolean {
  const left = parseVersion(a)
  const right = parseVersion(b)
  return left !== null && right !== null && compareVersions(left, right) === 0
}
