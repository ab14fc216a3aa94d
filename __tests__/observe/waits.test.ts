import { describe, expect, test } from '@jest/globals'
import { readSessions } from '../../src/observe/blockers.ts'
import { lockConflicts } from '../../src/observe/lock-conflicts.ts'
import { blockedBy, type Waiting } from '../../src/observe/waits.ts'
import { resolveConnection } from '../../src/postgres/connection.ts'
import { connect } from '../../src/postgres/session.ts'
import { withDatabase } from '../support/database.ts'

const us = 1

function waiting(pid: number, behindPids: number[], more: Partial<Waiting> = {}): Waiting {
  return {
    pid,
    application: 'shop',
    user: 'app',
    client: 'local',
    state: 'active',
    transactionAgeMs: 1,
    queryStartedAt: null,
    query: '',
    backendStart: `start of ${pid}`,
    backendType: 'client backend',
    sameDatabase: true,
    waitedMs: 100,
    wanted: 'AccessShareLock',
    lockType: 'relation',
    held: [],
    queued: ['AccessExclusiveLock'],
    behindPids,
    ...more,
  }
}

const behind = (...all: Waiting[]) => blockedBy(us, all).map((one) => [one.pid, one.behind])

describe('who waits because of us', () => {
  test('behind a lock that we hold or behind our own request, by what the object is held and asked for', () => {
    expect(behind(waiting(2, [us]))).toEqual([[2, 'queued']])
    expect(behind(waiting(2, [us], { held: ['AccessExclusiveLock'], queued: [] }))).toEqual([
      [2, 'held'],
    ])
    // The upgrade: what we hold would let it pass, what we ask for does not.
    expect(behind(waiting(2, [us], { held: ['ShareUpdateExclusiveLock'] }))).toEqual([
      [2, 'queued'],
    ])
  })

  test('those who wait behind one who waits for us do too, for no longer than it', () => {
    const all = [
      waiting(3, [2], { waitedMs: 9_000 }),
      waiting(2, [us], { waitedMs: 40 }),
      waiting(4, [3], { waitedMs: 5 }),
    ]
    expect(blockedBy(us, all).map(({ pid, waitedMs }) => [pid, waitedMs])).toEqual([
      [2, 40],
      [3, 40],
      [4, 5],
    ])
  })

  test('a VACUUM and a concurrent build stand nobody in the way while they wait', () => {
    const all = [
      waiting(2, [us], { wanted: 'ShareUpdateExclusiveLock' }),
      waiting(3, [us], { wanted: 'ShareLock', lockType: 'virtualxid' }),
      waiting(4, [us], { wanted: 'ShareLock', lockType: 'transactionid' }),
    ]
    expect(blockedBy(us, all).map(({ maintenance }) => maintenance)).toEqual([true, true, false])
  })

  test('vacuums, walsenders, pg-airlock itself and those who wait for others are not the application', () => {
    expect(
      behind(
        waiting(2, [us], { backendType: 'autovacuum worker', user: '' }),
        waiting(3, [us], { backendType: 'walsender' }),
        waiting(4, [us], { application: 'pg-airlock ab12 worker' }),
        waiting(5, [77]),
        waiting(6, [us], { backendType: '' }),
        waiting(7, [us], { backendType: '', user: '' }),
      ),
    ).toEqual([[6, 'queued']])
  })
})

test('which modes conflict is what the server does', async () => {
  const words: Record<string, string> = {
    AccessShareLock: 'access share',
    RowShareLock: 'row share',
    RowExclusiveLock: 'row exclusive',
    ShareUpdateExclusiveLock: 'share update exclusive',
    ShareLock: 'share',
    ShareRowExclusiveLock: 'share row exclusive',
    ExclusiveLock: 'exclusive',
    AccessExclusiveLock: 'access exclusive',
  }
  await withDatabase({}, async (database) => {
    await database.query('create table t (a int)')
    const [one, other] = [await database.connect('one'), await database.connect('other')]
    for (const [held, heldWords] of Object.entries(words)) {
      await one.query(`begin; lock table t in ${heldWords} mode`)
      for (const [wanted, wantedWords] of Object.entries(words)) {
        await other.query('begin')
        const refused = await other.query(`lock table t in ${wantedWords} mode nowait`).then(
          () => false,
          () => true,
        )
        await other.query('rollback')
        expect([held, wanted, refused]).toEqual([held, wanted, lockConflicts(held, wanted)])
      }
      await one.query('rollback')
    }
  })
})

test('sessions are described by their pids, those that have ended left out', async () => {
  await withDatabase({}, async (database) => {
    const observer = await connect(resolveConnection({ url: database.url, env: {} }), {
      name: 'observer',
      applicationName: 'observer',
    })
    const client = await database.connect('etl')
    const { rows } = await client
      .query('begin; select pg_backend_pid() as pid')
      .then((results: unknown) => (results as { rows: { pid: number }[] }[])[1] ?? { rows: [] })
    const pid = rows[0]?.pid ?? 0
    expect(await readSessions(observer, [pid, 999_999])).toMatchObject([
      {
        pid,
        application: 'etl',
        state: 'idle in transaction',
        backendType: 'client backend',
        sameDatabase: true,
        backendStart: expect.stringMatching(/^\d{4}-/),
      },
    ])
    await observer.close()
  })
})
