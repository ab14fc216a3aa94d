/** A row of a result set: values as psql prints them. */
export type Row = readonly (string | null)[]

/**
 * What two results of one query have not in common, as lines '- before' and '+ after' in the order of their rows; a row that stands there
 * twice counts twice.
 */
export function resultDifference(before: readonly Row[], after: readonly Row[]): string[] {
  return [
    ...without(before, after).map((row) => `- ${printRow(row)}`),
    ...without(after, before).map((row) => `+ ${printRow(row)}`),
  ]
}

function without(rows: readonly Row[], others: readonly Row[]): Row[] {
  const left = new Map<string, number>()
  for (const row of others) left.set(keyOf(row), (left.get(keyOf(row)) ?? 0) + 1)
  return rows.filter((row) => {
    const count = left.get(keyOf(row)) ?? 0
    left.set(keyOf(row), count - 1)
    return count <= 0
  })
}

const keyOf = (row: Row) => JSON.stringify(row)

const printRow = (row: Row) => row.map((value) => value ?? 'NULL').join(' | ')
