import { describe, expect, test } from '@jest/globals'
import { recordLocks } from '../../src/deploy/waits/lock-record.ts'
import type { BlockedSession, Blocker, Waits } from '../../src/observe/waits.ts'
import type { RunEvent } from '../../src/report/events.ts'
import { at as place, report, step } from '../report/samples.ts'

const session: Blocker = {
  pid: 7,
  application: 'nightly-dump',
  user: 'backup',
  client: 'local',
  state: 'active',
  transactionAgeMs: 5,
  queryStartedAt: null,
  query: 'COPY t TO stdout',
  backendStart: 's',
  backendType: 'client backend',
  sameDatabase: true,
  holds: true,
}

const blocked = (more: Partial<BlockedSession> = {}): BlockedSession => ({
  ...session,
  application: 'shop',
  behind: 'queued',
  waitedMs: 100,
  maintenance: false,
  ...more,
})

const waits = (more: Partial<Waits>): Waits => ({
  own: null,
  blockers: [],
  blocked: [],
  blind: null,
  ...more,
})

const on = { version: '1', step: step(1, 's', { where: place('a.sql', 3) }), statement: null }

function recording() {
  const events: RunEvent[] = []
  const into = report({})
  return { into, events, record: recordLocks(into, (event) => events.push(event)) }
}

describe('who was in whose way, kept through a run', () => {
  test('a blocker is one entry a statement, told once, its time added up over attempts', () => {
    const { into, events, record } = recording()
    record.looked(on, waits({ blockers: [session] }), 100)
    record.looked(on, waits({ blockers: [{ ...session, state: 'idle in transaction' }] }), 250)
    record.looked({ ...on, version: '2' }, waits({ blockers: [session] }), 10)
    expect(into.locks?.blockers).toMatchObject([
      { version: '1', waitedMs: 350, state: 'idle in transaction', where: { line: 3 } },
      { version: '2', waitedMs: 10 },
    ])
    expect(into.locks?.blockers[0]).not.toHaveProperty('backendStart')
    expect(events.map(({ type }) => type)).toEqual(['lock-wait', 'lock-wait'])
    expect(into.locks?.looks).toBe(3)
  })

  test('sessions that wait are one entry an application, user, query and statement, told once when it is long', () => {
    const { into, events, record } = recording()
    record.looked(on, waits({ blocked: [blocked(), blocked({ pid: 8 })] }), 0)
    expect(events).toEqual([])
    record.looked(on, waits({ blocked: [blocked({ waitedMs: 1_001, behind: 'held' })] }), 0)
    record.looked(on, waits({ blocked: [blocked({ waitedMs: 1_250, behind: 'held' })] }), 0)
    expect(into.locks?.blocked).toEqual([
      {
        application: 'shop',
        user: 'backup',
        query: 'COPY t TO stdout',
        version: '1',
        step: 1,
        where: place('a.sql', 3),
        behind: 'held',
        sessions: 2,
        longestMs: 1_250,
      },
    ])
    expect(events.map(({ type }) => type)).toEqual(['blocking'])
  })

  test('at most a hundred of each are kept, those that waited longest; the rest is counted', () => {
    const { into, record } = recording()
    const many = Array.from({ length: 1_050 }, (_, n) =>
      blocked({ query: `select column${n}`, waitedMs: n }),
    )
    record.looked(on, waits({ blocked: many }), 0)
    expect(into.locks?.blocked).toHaveLength(100)
    expect(into.locks?.blocked[0]?.longestMs).toBe(1_049)
    expect(into.locks?.reason).toBe('950 more are left out here.')
  })

  test('time in which nobody looked, and what the role may not see, are said', () => {
    const { into, record } = recording()
    record.blind(1_200, 'the connection was closed')
    record.blind(2_000, 'the connection was closed')
    record.looked(on, waits({ blind: 'de"ployer' }), 0)
    expect(into.locks?.reason).toBe(
      'Nobody looked for 3.2s in all: the connection was closed. What other sessions do was not visible: `GRANT pg_read_all_stats TO "de""ployer"`.',
    )
  })

  test('of a crowd the report keeps no more than it can hold: twenty warnings, a thousand sessions of one query', () => {
    const { into, events, record } = recording()
    for (let n = 0; n < 1_500; n += 1) {
      record.warn(`left alone: ${n}`, `etl-${n}`)
      record.looked(on, waits({ blocked: [blocked({ pid: n })] }), 0)
    }
    expect(into.warnings).toHaveLength(20)
    expect(into.warnings.at(-1)).toBe('left alone: 19. Further warnings of this kind are left out.')
    expect(events).toHaveLength(20)
    expect(into.locks?.blocked).toMatchObject([{ sessions: 1_000 }])
  })

  test('a backend is asked to end once, one that has its pid later is another', () => {
    const { record } = recording()
    expect(record.ask(session)).toBe(true)
    expect(record.ask(session)).toBe(false)
    expect(record.ask({ ...session, backendStart: 'later' })).toBe(true)
  })

  test('whom a build was not begun for is in the way too, as one entry with what was done to it', () => {
    const { into, events, record } = recording()
    record.awaited(on, [session], 50)
    record.awaited(on, [session], 75)
    record.ended(on, session, 'cancelled')
    expect(into.locks).toMatchObject({
      blockers: [{ pid: 7, waitedMs: 125, action: 'cancelled', step: 1, where: { line: 3 } }],
      looks: 0,
    })
    expect(into.locks?.blockers[0]).not.toHaveProperty('backendStart')
    expect(events.map(({ type }) => type)).toEqual(['blocker-ended'])
  })

  test('what was done to a blocker is kept and told; a warning is said once', () => {
    const { into, events, record } = recording()
    record.looked(on, waits({ blockers: [session] }), 5)
    record.ended(on, session, 'terminated')
    expect(into.locks?.blockers).toMatchObject([{ pid: 7, action: 'terminated', waitedMs: 5 }])
    record.warn('left alone: pid 7', 'etl')
    record.warn('left alone: pid 8', 'etl')
    expect(into.warnings).toEqual(['left alone: pid 7'])
    expect(events.map(({ type }) => type)).toEqual(['lock-wait', 'blocker-ended', 'warning'])
  })
})
