import type { ExpectedCell } from '../../runbook/types.ts'

export type ExpectedRow = readonly ExpectedCell[]
export type ActualRow = readonly (string | null)[]

/** Rows that found no partner. */
export interface Mismatch {
  readonly missing: readonly ExpectedRow[]
  readonly unexpected: readonly ActualRow[]
}

/** A cell as psql would print it beside the cell written: blanks at either end don't show in a table, so they don't count. */
export function matchesCell(expected: ExpectedCell, actual: string | null): boolean {
  if (expected.type === 'any') return true
  if (expected.type === 'null') return actual === null
  if (actual === null) return false
  return actual === expected.text || (expected.text !== '' && trim(actual) === expected.text)
}

function matchesRow(expected: ExpectedRow, actual: ActualRow): boolean {
  return (
    expected.length === actual.length &&
    expected.every((cell, place) => matchesCell(cell, actual[place] ?? null))
  )
}

/** Row by row; `missing` and `unexpected` hold the pairs that differ, and what is left over. */
export function matchInOrder(
  expected: readonly ExpectedRow[],
  actual: readonly ActualRow[],
): Mismatch {
  const differs = (row: ExpectedRow, place: number) => {
    const partner = actual[place]
    return partner === undefined || !matchesRow(row, partner)
  }
  return {
    missing: expected.filter(differs),
    unexpected: actual.filter((row, place) => {
      const partner = expected[place]
      return partner === undefined || !matchesRow(partner, row)
    }),
  }
}

/**
 * As multisets: each row written has a row of its own among those returned, in any order. Rows without `*` are paired by their text;
 * for those with `*` a largest pairing is searched (augmenting paths), for taking the first fit could leave a row over that another choice would have paired.
 */
export function matchAsMultiset(
  expected: readonly ExpectedRow[],
  actual: readonly ActualRow[],
): Mismatch {
  const byText = new Map<string, ActualRow[]>()
  for (const row of actual) {
    const key = keyOf(row.map((cell) => (cell === null ? null : trim(cell) || cell)))
    const same = byText.get(key)
    if (same === undefined) byText.set(key, [row])
    else same.push(row)
  }
  const missing: ExpectedRow[] = []
  const open: ExpectedRow[] = []
  for (const row of expected) {
    if (row.some(({ type }) => type === 'any')) open.push(row)
    else if (
      byText.get(keyOf(row.map((cell) => (cell.type === 'text' ? cell.text : null))))?.pop() ===
      undefined
    ) {
      missing.push(row)
    }
  }
  const rest = [...byText.values()].flat()
  const rowOf = pairUp(open, rest)
  const paired = new Set(rowOf.values())
  return {
    missing: [...missing, ...open.filter((_, place) => !rowOf.has(place))],
    unexpected: rest.filter((_, place) => !paired.has(place)),
  }
}

/** A largest pairing: place in `expected` → place in `actual` (Kuhn's algorithm; a search goes as deep as there are rows with `*`). */
function pairUp(
  expected: readonly ExpectedRow[],
  actual: readonly ActualRow[],
): Map<number, number> {
  const partnerOf = new Map<number, number>()
  const tryPair = (row: ExpectedRow, place: number, seen: Set<number>): boolean => {
    for (const [candidate, values] of actual.entries()) {
      if (seen.has(candidate) || !matchesRow(row, values)) continue
      seen.add(candidate)
      const holder = partnerOf.get(candidate)
      const held = holder === undefined ? undefined : expected[holder]
      if (holder === undefined || held === undefined || tryPair(held, holder, seen)) {
        partnerOf.set(candidate, place)
        return true
      }
    }
    return false
  }
  for (const [place, row] of expected.entries()) tryPair(row, place, new Set())
  return new Map([...partnerOf].map(([candidate, place]) => [place, candidate]))
}

function keyOf(cells: readonly (string | null)[]): string {
  return JSON.stringify(cells)
}

function trim(text: string): string {
  return text.replace(/^[^\S\r\n]+|[^\S\r\n]+$/g, '')
}
