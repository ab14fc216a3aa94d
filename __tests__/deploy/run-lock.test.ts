import { expect, test } from '@jest/globals'
import { awaitOrphans, snapshotOfKeeper } from '../../src/deploy/connections/run-lock.ts'
import { applicationName } from '../../src/postgres/application-name.ts'
import { tryRunLock } from '../../src/postgres/keeper.ts'
import { resolveSettings } from '../../src/runbook/settings.ts'
import { failureOf, withSessions } from '../postgres/sessions.ts'
import { until } from '../support/engine.ts'

test('of the observers of other runs only one that is writing to the journal is an orphan: a plan that looks is left alone', async () => {
  await withSessions({}, async ({ open, database }) => {
    const of = (run: string) => ({ applicationName: applicationName(run, 'observer') })
    const [looking, writing] = [await open('looking', of('a')), await open('writing', of('b'))]
    const both = await Promise.all(
      [looking, writing].map((session, index) => {
        const access = index === 0 ? 'READ ONLY' : 'read write'
        const began = session.simple(
          `begin isolation level read committed ${access}; select pg_sleep(${index === 0 ? 1 : 20}); commit`,
        )
        return { answer: failureOf(began) }
      }),
    )
    await until(async () => {
      const rows = await database.query(
        `select pid from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
      )
      return rows.length === 2 ? rows : []
    })
    const settings = resolveSettings({
      given: { command: 'deploy', 'lock-timeout': '100ms' },
      airlock: null,
      env: {},
    })
    const observer = await open('observer', of('c'))
    const ended: string[] = []
    await awaitOrphans(observer, 'c', settings, (event) => {
      if (event.type === 'ending-orphan') ended.push(event.application)
    })
    expect(ended).toEqual(['pg-airlock b observer'])
    const [looked, wrote] = await Promise.all(both.map(({ answer }) => answer))
    expect([looked, wrote]).toMatchObject([undefined, { code: '57P01' }])
  })
})

test('[trap: keeper-blocks-build] the keeper holds no snapshot, and one that does after all is told', async () => {
  await withSessions({}, async ({ open }) => {
    const observer = await open('observer')
    const keeper = await open('keeper')
    expect(await tryRunLock(keeper)).toBe(true)
    expect(await snapshotOfKeeper(observer, keeper)).toBeNull()
    await keeper.simple('ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1')
    expect(await snapshotOfKeeper(observer, keeper)).toMatch(/has a snapshot \(\d+\)/)
  })
})
