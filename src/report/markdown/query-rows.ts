import type { QueryTable } from '../types.ts'

/** One row of a verify query: what was expected, what was found, and which cells disagree. */
export interface ComparedRow {
  /** Null: this row was not expected. */
  readonly expected: readonly string[] | null
  /** Null: this row was not found. */
  readonly actual: readonly (string | null)[] | null
  /** Columns (0-based) whose cells disagree; empty for a row as expected. */
  readonly wrong: readonly number[]
}

/** Pairs expected rows with actual ones: first in their order, then wherever they fit, then the most alike; one left over on each side are a pair. */
export function compareRows(query: QueryTable): ComparedRow[] {
  const left = new Set(query.actualRows.keys())
  const pairs = new Map<number, number>()
  const take = (expected: number, actual: number) => {
    pairs.set(expected, actual)
    left.delete(actual)
  }
  query.expectedRows.forEach((row, index) => {
    if (wrongCells(row, query.actualRows[index]).length === 0) take(index, index)
  })
  const open = () => [...query.expectedRows.keys()].filter((index) => !pairs.has(index))
  for (const tolerated of [0, query.columns.length - 1]) {
    for (const index of open()) {
      const found = closest(query, index, left)
      if (found !== undefined && found.wrong <= tolerated) take(index, found.row)
    }
  }
  const [lastRow, ...more] = open()
  const [lastActual, ...others] = left
  if (lastRow !== undefined && lastActual !== undefined && more.length + others.length === 0) {
    take(lastRow, lastActual)
  }
  return [...query.expectedRows.entries()]
    .map(([index, row]) => compared(row, query.actualRows[pairs.get(index) ?? -1]))
    .concat(
      [...left].map((index) => ({
        expected: null,
        actual: query.actualRows[index] ?? null,
        wrong: [],
      })),
    )
}

/** Whether an expected cell as written (`*`, `NULL`, `\\*`, `\\NULL`, `\\|`) allows the value; blanks at either end don't show in a table. */
export function cellAllows(expected: string, actual: string | null): boolean {
  if (expected === '*') return true
  if (expected === 'NULL') return actual === null
  if (actual === null) return false
  const text = expected.replaceAll('\\|', '|').replace(/^\\(\*|NULL)$/, '$1')
  return actual === text || (text !== '' && actual.trim() === text)
}

function compared(
  row: readonly string[],
  actual: readonly (string | null)[] | undefined,
): ComparedRow {
  return {
    expected: row,
    actual: actual ?? null,
    wrong: actual === undefined ? [] : wrongCells(row, actual),
  }
}

function wrongCells(
  row: readonly string[],
  actual: readonly (string | null)[] | undefined,
): number[] {
  return [...row.keys()].filter(
    (column) => !cellAllows(row[column] ?? '', actual?.[column] ?? null),
  )
}

function closest(
  query: QueryTable,
  index: number,
  left: ReadonlySet<number>,
): { row: number; wrong: number } | undefined {
  const row = query.expectedRows[index] ?? []
  let best: { row: number; wrong: number } | undefined
  for (const candidate of left) {
    const wrong = wrongCells(row, query.actualRows[candidate]).length
    if (best === undefined || wrong < best.wrong) best = { row: candidate, wrong }
  }
  return best
}
