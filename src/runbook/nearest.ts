/**
 * The candidate that was most likely meant: the one with the fewest edits (insert, delete, replace, swap of
 * neighbours), null when none is near enough to be a slip of the finger. Case and `_` for `-` don't count.
 */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const written = evened(word)
  let best: string | null = null
  let fewest = Math.max(1, Math.floor(written.length / 3)) + 1
  for (const candidate of candidates) {
    const edits = editsBetween(written, evened(candidate))
    if (edits < fewest) {
      best = candidate
      fewest = edits
    }
  }
  return best
}

/** 'Did you mean "lock-timeout"?' or, where nothing is near, 'Use one of: …'. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const meant = nearest(word, candidates)
  return meant === null ? `Use one of: ${candidates.join(', ')}.` : `Did you mean "${meant}"?`
}

function evened(word: string): string {
  return word.toLowerCase().replaceAll('_', '-')
}

/** Optimal string alignment distance; both words are short, so the whole matrix is kept. */
function editsBetween(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  const cell = (row: number, column: number): number => rows[row]?.[column] ?? 0
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= b.length; j++) {
      const replaced = cell(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let edits = Math.min(cell(i - 1, j) + 1, (row[j - 1] ?? 0) + 1, replaced)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        edits = Math.min(edits, cell(i - 2, j - 2) + 1)
      }
      row.push(edits)
    }
  }
  return cell(a.length, b.length)
}
