import { describe, expect, test } from '@jest/globals'
import { tally } from '../../scripts/tally.ts'

function results(names: readonly string[], counts = {}) {
  return {
    numPassedTests: names.length,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    numRuntimeErrorTestSuites: 0,
    testResults: [{ assertionResults: names.map((fullName) => ({ fullName, status: 'passed' })) }],
    ...counts,
  }
}
const everyMajor = [14, 15, 16, 17, 18].map((major) => `PostgreSQL ${major} does something`)

describe('the last lines of a CI run', () => {
  test('one line a major, then the total', () => {
    expect(tally(results([...everyMajor, 'PostgreSQL 16 again', 'pure']), 0)).toEqual([
      'PostgreSQL 14: 1 passed',
      'PostgreSQL 15: 1 passed',
      'PostgreSQL 16: 2 passed',
      'PostgreSQL 17: 1 passed',
      'PostgreSQL 18: 1 passed',
      '7 passed, 0 failed',
    ])
  })

  test('a major without a test that passed is a failure', () => {
    const lines = tally(results(everyMajor.slice(1)), 0)
    expect(lines[0]).toBe('PostgreSQL 14: missing, no test passed')
    expect(lines.at(-1)).toBe('4 passed, 1 failed')
  })

  test('failed steps, failed tests and files that did not load are added up; skipped tests are told', () => {
    const counts = {
      numFailedTests: 2,
      numRuntimeErrorTestSuites: 3,
      numPendingTests: 4,
      numTodoTests: 1,
    }
    expect(tally(results(everyMajor, counts), 1).at(-1)).toBe('5 passed, 6 failed, 5 skipped')
  })

  test('no result at all is a failure of every major', () => {
    expect(tally(null, 1).at(-1)).toBe('0 passed, 6 failed')
  })
})
