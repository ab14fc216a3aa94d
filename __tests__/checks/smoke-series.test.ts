import { describe, expect, test } from '@jest/globals'
import { type Made, type Standing, standingOf } from '../../src/checks/smoke/series.ts'
import type { Limits } from '../../src/checks/smoke/types.ts'

const limits = { warmUpMs: 1_000, attempts: 3, pauseMs: 0, successes: 1, failures: null }

/** '.' passed, 'x' failed, '-' no answer; 100 ms apart, from a start on. */
function series(signs: string, start = 0): Made[] {
  const verdicts = { '.': 'passed', x: 'failed', '-': 'no-answer' } as const
  return [...signs].map((sign, index) => ({
    attempt: { verdict: verdicts[sign as keyof typeof verdicts], actual: sign },
    beganMs: start + index * 100,
  }))
}

describe('a series of attempts', () => {
  test.each<[string, Partial<Limits>, Standing]>([
    ['.', {}, 'passed'],
    ['x', {}, 'again'],
    ['xx.', {}, 'passed'],
    ['xxx', {}, 'failed'],
    // Connection errors within the warm-up are no attempts at all.
    ['---------', {}, 'again'],
    ['---------.', {}, 'passed'],
    ['-----xx', {}, 'again'],
    ['-----xxx', {}, 'failed'],
    // After it they are.
    ['----------------', { warmUpMs: 1_500 }, 'again'],
    ['------------------', { warmUpMs: 1_500 }, 'failed'],
    ['---', { warmUpMs: 0 }, 'failed'],
    ['.', { successes: 2 }, 'again'],
    ['..', { successes: 2 }, 'passed'],
    // An answer that failed to come breaks the row, even within the warm-up.
    ['.-.', { successes: 2, attempts: 5 }, 'again'],
    ['.-..', { successes: 2, attempts: 5 }, 'passed'],
    ['.x.', { successes: 2 }, 'failed'],
    ['x', { failures: 1, attempts: 10 }, 'failed'],
    ['x.x', { failures: 2, attempts: 10, successes: 2 }, 'again'],
    ['x.xx', { failures: 2, attempts: 10, successes: 2 }, 'failed'],
    ['x-x', { failures: 2, attempts: 10 }, 'failed'],
  ])('%s with %j: %s', (signs, more, standing) => {
    expect(standingOf(series(signs), { ...limits, ...more })).toBe(standing)
  })
})
