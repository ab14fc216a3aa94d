import { compareExpressions } from '../sql/expression.ts'

/**
 * How an expected definition stands to the one found. The server prints a stored expression in its own words, so two texts may differ and mean
 * the same: `unknown` where that can't be told, `another expression` where only expressions stand between the two.
 */
export type Likeness = 'same' | 'unknown' | 'another expression' | 'different'

/** From the likest on. */
const order: readonly Likeness[] = ['same', 'unknown', 'another expression', 'different']

export function exactly(expected: unknown, actual: unknown): Likeness {
  return expected === actual ? 'same' : 'different'
}

/** Lists compared element by element, in order. */
export function inOrder(expected: readonly string[], actual: readonly string[]): Likeness {
  const same =
    expected.length === actual.length && expected.every((each, index) => each === actual[index])
  return same ? 'same' : 'different'
}

/** Lists compared as sets. */
export function asSets(expected: readonly string[], actual: readonly string[]): Likeness {
  return inOrder([...new Set(expected)].toSorted(), [...new Set(actual)].toSorted())
}

/** An expression as written beside the server's print of it. Whether there is one at all is structure. */
export function asExpressions(expected: string | null, actual: string | null): Likeness {
  if (expected === null || actual === null) return exactly(expected, actual)
  const sameness = expected === actual ? 'same' : compareExpressions(expected, actual)
  return sameness === 'different' ? 'another expression' : sameness
}

/** As unlike as its most unlike part. */
export function together(parts: readonly Likeness[]): Likeness {
  return order[Math.max(0, ...parts.map((part) => order.indexOf(part)))] ?? 'same'
}

/** The likest of several, the first among equals. */
export function likest<Each extends { readonly likeness: Likeness }>(
  candidates: readonly Each[],
): Each | null {
  const ranked = candidates.toSorted(
    (a, b) => order.indexOf(a.likeness) - order.indexOf(b.likeness),
  )
  return ranked[0] ?? null
}
