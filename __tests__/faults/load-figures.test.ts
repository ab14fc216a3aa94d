import { describe, expect, test } from '@jest/globals'
import { figuresOf, figuresText } from './load-figures.ts'
import type { Sample } from './load-sampler.ts'

const us = 99
const dump = 50
const look = (at: number, blockers: readonly number[], held = false): Sample => ({
  at,
  ours: [us],
  waits: [{ pid: 1, since: 1_000, at, blockers, held }],
})
const nobody = (at: number): Sample => ({ at, ours: [us], waits: [] })
const query = { pid: 1, text: 'select', startedAt: 900, endedAt: 3_000 }
const longest = (samples: readonly Sample[]) =>
  figuresOf({ sessions: 1, queries: 7, slow: [query], failures: [] }, samples)

describe('what a query waited for', () => {
  test('counts from when the wait began until it is no longer seen, or its query has ended', () => {
    expect(longest([look(1_100, [us]), look(1_500, [us]), nobody(1_600)]).longestMs).toEqual({
      queued: 600,
      held: 0,
      other: 0,
    })
    expect(longest([look(2_900, [us]), nobody(3_500)]).longestMs.queued).toBe(2_000)
  })

  test('a lock that we get while somebody stands behind our request is held from then on', () => {
    expect(longest([look(1_200, [us]), look(1_300, [us], true), nobody(1_700)]).longestMs).toEqual({
      queued: 300,
      held: 400,
      other: 0,
    })
  })

  test('a wait for one that waits for us is a wait for us; for anybody else it is not', () => {
    const behind = { pid: 2, since: 1_000, at: 1_100, blockers: [us], held: false }
    const chain = { ...look(1_100, [2]) }
    expect(
      longest([{ ...chain, waits: [...chain.waits, behind] }, nobody(1_200)]).longestMs.queued,
    ).toBe(200)
    expect(longest([look(1_100, [dump]), nobody(1_200)]).longestMs).toEqual({
      queued: 0,
      held: 0,
      other: 200,
    })
  })

  test('a slow query that was seen waiting for nothing is the slowness of the machine', () => {
    const figures = longest([nobody(1_000), nobody(2_000)])
    expect(figures.ordinaryMs).toBe(2_100)
    expect(figuresText(figures, 5_000, { queued: 'lock-timeout 2 s' })).toBe(
      '7 queries, longest wait behind its waiting statement 0.00 s (lock-timeout 2 s), behind a lock that it held 0.00 s, failed 0, longest query without a lock wait 2.10 s, the deployment took 5.00 s',
    )
  })
})
