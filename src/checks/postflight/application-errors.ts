import type { Criterion } from './evidence.ts'

export const applicationErrors: Criterion = {
  id: 'application-errors',
  title: 'No application errors',
  judge({ logs, acceptedLines }) {
    const expected = `at most ${acceptedLines} matching lines in the log since the run began`
    if (logs === null) {
      const reason = 'airlock.yml names no log (logs.file or logs.command)'
      return { outcome: 'not-checked', expected, actual: 'no log read', reason }
    }
    const { source, lines, matches, examples, gap } = logs
    const actual = `${matches} of ${lines} lines of ${source}`
    if (matches > acceptedLines) {
      return {
        outcome: 'problem',
        expected,
        actual,
        reason: 'The application reported errors while it was deployed, or after.',
        details: examples,
      }
    }
    if (gap !== undefined) return { outcome: 'not-checked', expected, actual, reason: gap }
    return {
      outcome: 'passed',
      expected,
      actual,
      ...(examples.length === 0 ? {} : { details: examples }),
    }
  },
}
