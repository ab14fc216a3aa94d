import { expect, test } from '@jest/globals'
import { bounded } from '../../src/checks/details.ts'
import {
  isAutovacuum,
  preventsWraparound,
  type SessionInTheWay,
  sessionLine,
} from '../../src/checks/session-in-the-way.ts'

const session: SessionInTheWay = {
  pid: 12,
  user: 'app',
  application: 'web',
  client: '10.0.0.1',
  state: 'active',
  backend: 'client backend',
  transactionMs: 302_000,
  stateMs: 1000,
  query: 'SELECT 1\n  FROM t',
  tables: ['public.t', '"Other"'],
}

test('a session is told on one line: who, from where, how long, what it holds, what it runs', () => {
  expect(sessionLine(session)).toBe(
    'pid 12, user app, application web, client 10.0.0.1, active, transaction 5 min 2 s old, locks public.t and "Other": SELECT 1 FROM t',
  )
})

test('a long query is shortened, an idle session says since when, a hidden one that it is hidden', () => {
  const long = sessionLine({ ...session, query: `SELECT '${'😀'.repeat(500)}'` })
  expect([...long].length).toBeLessThan(330)
  expect(sessionLine({ ...session, state: 'idle in transaction (aborted)' })).toContain(
    'idle in transaction (aborted) for 1.0 s',
  )
  expect(sessionLine({ ...session, state: null, transactionMs: null, query: '' })).toBe(
    'pid 12, user app, application web, client 10.0.0.1, state not visible, locks public.t and "Other"',
  )
})

test('pg_dump and autovacuum to prevent wraparound are named as such', () => {
  expect(sessionLine({ ...session, application: 'pg_dump', tables: [] })).toMatch(
    /^pid 12, a running pg_dump, .*holds a snapshot/,
  )
  const ordinary = {
    ...session,
    backend: 'autovacuum worker',
    query: 'autovacuum: VACUUM public.t',
  }
  const wraparound = { ...ordinary, query: `${ordinary.query} (to prevent wraparound)` }
  expect([session, ordinary, wraparound].map(isAutovacuum)).toEqual([false, true, true])
  expect([session, ordinary, wraparound].map(preventsWraparound)).toEqual([false, false, true])
  expect(sessionLine(wraparound)).toMatch(/autovacuum to prevent wraparound/)
})

test('a text that only mentions wraparound is no worker', () => {
  expect(preventsWraparound({ ...session, query: '-- (to prevent wraparound)' })).toBe(false)
})

test('at most a hundred lines, the last saying how many are left out', () => {
  const lines = Array.from({ length: 101 }, (_, index) => `line ${index}`)
  expect(bounded(lines.slice(1))).toEqual(lines.slice(1))
  expect([bounded(lines).length, bounded(lines).at(-1)]).toEqual([100, '… and 2 more'])
})
