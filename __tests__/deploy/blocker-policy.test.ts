import { expect, test } from '@jest/globals'
import { decideBlocker } from '../../src/deploy/waits/blocker-policy.ts'
import type { Blocker } from '../../src/observe/waits.ts'
import type { BlockersPolicy } from '../../src/runbook/gates/locks.ts'

const policy: BlockersPolicy = {
  action: 'terminate',
  applications: ['etl-*', 'report'],
  'older-than': 60_000,
}

function session(more: Partial<Blocker> = {}): Blocker {
  return {
    pid: 7,
    application: 'etl-nightly',
    user: 'etl',
    client: 'local',
    state: 'active',
    transactionAgeMs: 60_000,
    queryStartedAt: null,
    query: 'select 1',
    backendStart: 's',
    backendType: 'client backend',
    sameDatabase: true,
    holds: true,
    ...more,
  }
}

const left = { end: null, why: null }

test('a named application whose transaction is old enough is ended', () => {
  expect(decideBlocker(policy, session())).toEqual({ end: 'terminate' })
  expect(decideBlocker(policy, session({ application: 'report' }))).toEqual({ end: 'terminate' })
  expect(decideBlocker({ ...policy, action: 'cancel' }, session())).toEqual({ end: 'cancel' })
})

test.each<[string, Partial<Blocker>]>([
  ['is younger', { transactionAgeMs: 59_999 }],
  ['has another name', { application: 'report-2' }],
  ['is a prepared transaction', { pid: 0 }],
  ['is in another database', { sameDatabase: false }],
  ['is no client', { backendType: 'walsender' }],
  ['is queued before us and holds nothing', { holds: false }],
])('one that %s is left alone', (_, more) => {
  expect(decideBlocker(policy, session(more))).toEqual(left)
})

test('a run of pg-airlock is never ended, whatever the pattern', () => {
  const all = { ...policy, applications: ['*'] }
  expect(decideBlocker(all, session({ application: '' }))).toEqual({ end: 'terminate' })
  expect(decideBlocker(all, session({ application: 'pg-airlock ab12 worker 1' }))).toEqual(left)
})

test('what can’t be done is said: nothing runs that could be cancelled, or the age is not visible', () => {
  const idle = session({ state: 'idle in transaction' })
  expect(decideBlocker({ ...policy, action: 'cancel' }, idle)).toEqual({
    end: null,
    why: expect.stringContaining('nothing to cancel'),
  })
  expect(decideBlocker(policy, idle)).toEqual({ end: 'terminate' })
  expect(decideBlocker(policy, session({ transactionAgeMs: null, backendType: '' }))).toEqual({
    end: null,
    why: expect.stringContaining('GRANT pg_read_all_stats'),
  })
})
