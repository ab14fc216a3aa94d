import { describe, expect, test } from '@jest/globals'
import { WaitTally } from '../../src/deploy/waits/wait-tally.ts'
import type { BlockedSession, Waits } from '../../src/observe/waits.ts'

const limits = { totalMs: 2_000, queuedMs: 2_000, heldMs: 5_000 }

function waits(own: Waits['own'], blocked: Partial<BlockedSession>[] = []): Waits {
  return {
    own,
    blockers: [],
    blind: null,
    blocked: blocked.map((one, n) => ({
      pid: n + 2,
      application: 'shop',
      user: 'app',
      client: 'local',
      state: 'active',
      transactionAgeMs: 1,
      queryStartedAt: null,
      query: '',
      backendStart: 's',
      backendType: 'client backend',
      sameDatabase: true,
      behind: 'held',
      maintenance: false,
      waitedMs: 0,
      ...one,
    })),
  }
}

const own = (since: string, waitedMs: number) => ({ since, waitedMs })

describe('waits of our own', () => {
  test('of several locks are added up, the gap between two looks included', () => {
    const tally = new WaitTally()
    tally.see(waits(own('a', 100)), 100)
    tally.see(waits(own('a', 350)), 350)
    expect(tally.waitedMs).toBe(350)
    // Given at some moment between 350 and 600; the next wait began 150 ms ago.
    tally.see(waits(own('b', 150)), 600)
    expect(tally.waitedMs).toBe(600)
    tally.see(waits(null), 850)
    tally.see(waits(null), 5_000)
    expect(tally.waitedMs).toBe(600)
  })

  test('are given up before the limit, by the time that it takes', () => {
    const tally = new WaitTally()
    tally.see(waits(own('a', 1_949)), 1_949)
    expect(tally.exceeded(limits, 50)).toBeNull()
    tally.see(waits(own('a', 1_950)), 1_950)
    expect(tally.exceeded(limits, 50)).toEqual({ limit: 'total', waitedMs: 1_950 })
  })

  test('that are over give nothing up: no lock is waited for any more', () => {
    const tally = new WaitTally()
    tally.see(waits(own('a', 1_900)), 1_900)
    tally.see(waits(own('b', 1_900)), 4_000)
    expect(tally.exceeded(limits, 50)).not.toBeNull()
    tally.see(waits(null), 4_100)
    expect(tally.exceeded(limits, 50)).toBeNull()
  })

  test('of statements with limits of their own begin anew', () => {
    const tally = new WaitTally()
    tally.see(waits(own('a', 1_900)), 1_900)
    tally.startAnew()
    tally.see(waits(own('b', 200)), 2_200)
    expect(tally.waitedMs).toBe(200)
  })
})

describe('waits of others', () => {
  test('behind a lock held and behind our request have limits of their own', () => {
    const tally = new WaitTally()
    tally.see(waits(null, [{ waitedMs: 4_990 }]), 6_000)
    expect(tally.exceeded(limits, 20)).toMatchObject({ limit: 'held' })
    tally.see(waits(own('a', 1_000), [{ waitedMs: 1_990, behind: 'queued' }]), 6_100)
    expect(tally.exceeded({ ...limits, totalMs: 60_000 }, 20)).toMatchObject({ limit: 'queued' })
  })

  test('of a VACUUM count for no limit: a build may take longer', () => {
    const tally = new WaitTally()
    tally.see(waits(null, [{ waitedMs: 60_000, maintenance: true }]), 60_000)
    expect(tally.exceeded(limits, 20)).toBeNull()
    expect(tally.nextMs(limits, 20)).toBe(250)
  })

  test('behind a lock held count from when we got it, not from when they stood behind our request', () => {
    const tally = new WaitTally()
    tally.see(waits(own('a', 1_900), [{ waitedMs: 1_800, behind: 'queued' }]), 2_000)
    const seen = tally.see(waits(null, [{ waitedMs: 2_050, behind: 'held' }]), 2_250)
    expect(seen.blocked[0]?.waitedMs).toBe(250)
    expect(tally.exceeded({ ...limits, heldMs: 500 }, 20)).toBeNull()
  })
})

describe('when to look next', () => {
  test('first after 100 ms, then every 250 ms', () => {
    const tally = new WaitTally()
    expect(tally.nextMs(limits, 0)).toBe(100)
    tally.see(waits(null), 100)
    expect(tally.nextMs(limits, 0)).toBe(250)
  })

  test('the time that is left is no reason to look often while no lock is waited for', () => {
    const tally = new WaitTally()
    tally.see(waits(own('a', 1_960)), 1_960)
    tally.see(waits(null), 2_000)
    expect(tally.nextMs(limits, 30)).toBe(100)
    tally.see(waits(own('b', 20)), 2_100)
    expect(tally.nextMs(limits, 0)).toBe(20)
  })

  test('sooner where a limit would be passed unseen, never without a pause', () => {
    const tally = new WaitTally()
    expect(tally.nextMs({ ...limits, heldMs: 60 }, 10)).toBe(50)
    tally.see(waits(own('a', 1_800)), 1_800)
    expect(tally.nextMs(limits, 50)).toBe(150)
    tally.see(waits(null, [{ waitedMs: 4_900 }]), 6_000)
    expect(tally.nextMs({ ...limits, totalMs: 60_000 }, 50)).toBe(50)
    tally.see(waits(null, [{ waitedMs: 6_000 }]), 7_000)
    expect(tally.nextMs(limits, 50)).toBe(10)
  })
})
