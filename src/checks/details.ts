import { grouped } from '../report/words.ts'

/** A report holds at most 100 lines of one check. */
const most = 100

/** The first hundred lines, the last one saying how many more there are. */
export function bounded(lines: readonly string[]): readonly string[] {
  if (lines.length <= most) return lines
  return [...lines.slice(0, most - 1), `… and ${grouped(lines.length - most + 1)} more`]
}
