import type { StatementTimes } from '../../observe/interval/statement-times.ts'
import { enoughCalls } from '../../observe/interval/statement-times.ts'
import type { Criterion } from './evidence.ts'
import { noInterval } from './lock-waits.ts'

/** Below this, in milliseconds a call, a difference is the clock's. */
const noise = 0.1

export const performance: Criterion = {
  id: 'performance',
  title: 'Query performance improved or unchanged',
  judge({ interval, slower }) {
    const expected = `no statement over ${slower} times its mean of before`
    if (interval === null) return { ...noInterval, expected }
    const { statements, note } = interval
    const slow = statements.filter(
      ({ meanBefore, meanAfter }) =>
        meanAfter > meanBefore * slower && meanAfter - meanBefore > noise,
    )
    const actual = `${slow.length} of ${statements.length} statements slower`
    if (slow.length > 0) {
      return {
        outcome: 'problem',
        expected,
        actual,
        reason:
          'Compared is the mean over the statistics up to the deployment with the mean of the interval after it.',
        details: slow.slice(0, 100).map(inWords),
      }
    }
    const reason = interval.after.stopped
      ? 'the interval was cut short on request'
      : (note ??
        (statements.length === 0
          ? `no statement ran ${enoughCalls} times before and ${enoughCalls} times in the interval`
          : undefined))
    if (reason !== undefined) return { outcome: 'not-checked', expected, actual, reason }
    return { outcome: 'passed', expected, actual }
  },
}

function inWords({
  query,
  callsBefore,
  meanBefore,
  callsAfter,
  meanAfter,
}: StatementTimes): string {
  return `${meanBefore.toFixed(3)} ms (${callsBefore} calls) → ${meanAfter.toFixed(3)} ms (${callsAfter} calls): ${query}`
}
