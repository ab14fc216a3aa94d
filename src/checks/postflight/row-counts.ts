import type { RowCountReport } from '../../report/types.ts'
import type { Criterion } from './evidence.ts'

/**
 * On a live database others insert and delete meanwhile, and nothing tells their rows from lost ones. So rows that came are traffic, and said;
 * rows that went, and that this run did not delete, are a problem until somebody knows who did.
 */
export const rowCounts: Criterion = {
  id: 'row-counts',
  title: 'Row counts unchanged',
  judge({ rows }) {
    const expected = 'every table: before + by this run = after, but for rows that others added'
    const lost = rows.filter(({ byOthers }) => (byOthers ?? 0) < 0)
    const open = rows.filter(({ byOthers }) => byOthers === null)
    const grown = rows.filter(({ byOthers }) => (byOthers ?? 0) > 0)
    const same = rows.filter(({ byOthers }) => byOthers === 0)
    const traffic = grown.length === 0 ? '' : `; ${grown.map(byOthersOf).join(', ')} by others`
    const actual = `${same.length} of ${rows.length} tables as expected${traffic}`
    const details = [...lost, ...open, ...grown].slice(0, 100).map(inWords)
    if (lost.length > 0) {
      return {
        outcome: 'problem',
        expected,
        actual: `${lost.slice(0, 3).map(byOthersOf).join(', ')} not by this run`,
        reason:
          'Rows are gone that no migration of this run is known to have deleted: the application or another session did, or something that the counters do not show.',
        details,
      }
    }
    if (rows.length === 0) {
      const reason =
        'the migrations touch no table that was there before, and baseline.rows names none'
      return { outcome: 'not-checked', expected, actual: 'nothing to count', reason }
    }
    if (open.length > 0) {
      const [first] = open
      const reason = `${first?.table}: ${first?.reason ?? 'not known exactly'}`
      return { outcome: 'not-checked', expected, actual, reason, details }
    }
    return { outcome: 'passed', expected, actual, ...(details.length === 0 ? {} : { details }) }
  },
}

const signed = (rows: number | null) =>
  rows === null ? 'unknown' : rows > 0 ? `+${rows}` : String(rows)

const byOthersOf = ({ table, byOthers }: RowCountReport) => `${signed(byOthers)} in ${table}`

function inWords({ table, before, after, byUs, byOthers, reason }: RowCountReport): string {
  const why = reason === undefined ? '' : ` (${reason})`
  return `${table}: ${before ?? 'unknown'} before, ${after ?? 'unknown'} after, ${signed(byUs)} by this run, ${signed(byOthers)} by others${why}`
}
