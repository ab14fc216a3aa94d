import { describe, expect, test } from '@jest/globals'
import { pauseAfter, retryBudget } from '../../src/deploy/steps/retry-budget.ts'

const steady = { now: () => 0, random: () => 0.5 }

describe('pauses between attempts', () => {
  test('double from half a second up to ten', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 100].map((failures) => pauseAfter(failures, 0.5))
    expect(pauses).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000])
  })

  test('are varied by a quarter either way', () => {
    expect([0, 0.999_999].map((random) => pauseAfter(2, random))).toEqual([750, 1250])
  })
})

describe('the budget of a migration', () => {
  test('counts from the first failed attempt: that one is free, pauses and failed attempts after it are not', () => {
    const budget = retryBudget(10_000, steady)
    budget.failed(8000)
    expect(budget.spentMs).toBe(0)
    budget.paused(500)
    budget.failed(2000)
    expect([budget.spentMs, budget.failures]).toEqual([2500, 2])
  })

  test('is used up by a first attempt that alone took as long as all of it', () => {
    const budget = retryBudget(10_000, steady)
    budget.failed(10_000)
    expect(budget.nextPause(1)).toBeNull()
  })

  test('begins no attempt that it does not cover, and so ends [trap: unbounded-retries]', () => {
    const budget = retryBudget(10_000, steady)
    const pauses: number[] = []
    for (let failures = 1; failures < 1000; failures += 1) {
      budget.failed(1000)
      const pauseMs = budget.nextPause(failures)
      if (pauseMs === null) break
      pauses.push(pauseMs)
      budget.paused(pauseMs)
    }
    expect(pauses).toEqual([500, 1000, 2000])
    expect(budget.spentMs).toBe(6500)
  })

  test('is shared by the steps, whose pauses begin anew', () => {
    const budget = retryBudget(1200, steady)
    budget.failed(10)
    expect(budget.nextPause(1)).toBe(500)
    budget.paused(500)
    budget.failed(100)
    expect(budget.nextPause(1)).toBe(500)
    budget.paused(500)
    budget.failed(100)
    expect(budget.nextPause(1)).toBeNull()
  })
})
