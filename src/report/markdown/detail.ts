/** How much of a report a summary shows: the rungs of the size ladder. */
export interface Detail {
  readonly name: 'full' | 'shortened' | 'counts'
  /** At most so many rows of a table; what is left out is counted. */
  readonly rows: number
  /** At most so many characters of one text. */
  readonly text: number
  /** At most so many columns of a query. */
  readonly columns: number
  /** At most so many lines of SQL, differences and excerpts in one block. */
  readonly lines: number
}

const counts: Detail = { name: 'counts', rows: 12, text: 160, columns: 8, lines: 30 }

/** From the whole story down to counts. */
export const ladder: readonly Detail[] = [
  { name: 'full', rows: 10_000, text: 2_000, columns: 100, lines: 2_000 },
  { name: 'shortened', rows: 100, text: 400, columns: 40, lines: 200 },
  { name: 'shortened', rows: 20, text: 200, columns: 12, lines: 60 },
  counts,
]

/** The last rung: what is still too long loses whole sections. */
export const lastRung: Detail = counts
