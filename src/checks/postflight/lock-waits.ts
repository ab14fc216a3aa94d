import type { LockWaits } from '../../observe/interval/lock-waits.ts'
import type { Criterion, Verdict } from './evidence.ts'

export const noInterval: Pick<Verdict, 'outcome' | 'actual' | 'reason'> = {
  outcome: 'not-checked',
  actual: 'not observed',
  reason: 'no interval observed (observe-for is 0)',
}

/** Sessions: one that waits in one sample of ten is no increase. */
const noise = 0.1

export const lockWaits: Criterion = {
  id: 'lock-waits',
  title: 'No increased lock waits',
  judge({ interval, slower }) {
    if (interval === null) {
      return { ...noInterval, expected: 'no more sessions waiting for locks than before' }
    }
    const { before, after, deadlocks } = interval
    const expected = `no more sessions waiting for locks than before (${inWords(before)}), no deadlock`
    const actual = `${inWords(after)}, ${deadlocks ?? 'unknown'} deadlocks`
    const limit = Math.max(meanOf(before) * slower, meanOf(before) + noise)
    if (meanOf(after) > limit || (deadlocks ?? 0) > 0) {
      const reason = 'Sessions of the application wait for one another more than before.'
      return { outcome: 'problem', expected, actual, reason }
    }
    const reason =
      before.samples === 0 || after.samples === 0
        ? 'no sample could be taken'
        : after.stopped || before.stopped
          ? 'the interval was cut short on request'
          : deadlocks === null
            ? 'the counters were reset meanwhile'
            : undefined
    if (reason !== undefined) return { outcome: 'not-checked', expected, actual, reason }
    return { outcome: 'passed', expected, actual }
  },
}

/** Waiting sessions a sample. */
const meanOf = ({ samples, waiting }: LockWaits) => (samples === 0 ? 0 : waiting / samples)

function inWords(waits: LockWaits): string {
  return `${meanOf(waits).toFixed(2)} on average, ${waits.peak} at most in ${waits.samples} samples`
}
