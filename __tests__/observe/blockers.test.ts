import { expect, test } from '@jest/globals'
import { readWaits } from '../../src/observe/blockers.ts'
import { resolveConnection } from '../../src/postgres/connection.ts'
import { connect } from '../../src/postgres/session.ts'
import { oldestAndNewest, type TestDatabase, withDatabase } from '../support/database.ts'
import { until } from '../support/engine.ts'

const observerOf = (url: string) =>
  connect(resolveConnection({ url, env: {} }), { name: 'observer', applicationName: 'observer' })

/** Begins a statement that has to wait, and returns the backend's pid once it does. */
async function waiter(database: TestDatabase, name: string, statement: string): Promise<number> {
  const client = await database.connect(name)
  await client.query('begin')
  client.query(statement).catch(() => undefined)
  const row = await until(() =>
    database.query<{ pid: number }>(
      `select a.pid from pg_stat_activity a join pg_locks l on l.pid = a.pid and not l.granted where a.application_name = $1 and a.datname = current_database()`,
      [name],
    ),
  )
  return row.pid
}

test.each(oldestAndNewest())(
  'PostgreSQL $major: of those in our way it is told who has the lock and who only stands in the queue before us',
  async ({ major }) => {
    await withDatabase({ major }, async (database) => {
      await database.query('create table t (a int)')
      const dump = await database.connect('dump')
      await dump.query('begin; lock table t in access share mode')
      // It has a lock that lets us pass, and waits for one that does not.
      const client = await database.connect('migration of another tool')
      await client.query('begin; lock table t in access share mode')
      client.query('lock table t in access exclusive mode').catch(() => undefined)
      await until(() => database.query('select 1 from pg_locks where not granted'))
      const pid = await waiter(database, 'us', 'lock table t in row exclusive mode')
      const observer = await observerOf(database.url)
      const { blockers } = await readWaits(observer, pid)
      expect(blockers).toMatchObject([{ application: 'migration of another tool', holds: false }])
      await database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'us' and datname = current_database()`,
      )
      const strong = await waiter(database, 'us again', 'lock table t in access exclusive mode')
      const again = await readWaits(observer, strong)
      expect(
        again.blockers.map(({ application, holds }) => `${application}: ${holds}`).sort(),
      ).toEqual(['dump: true', 'migration of another tool: true'])
      await observer.close()
    })
  },
)

test('who waits in another database, for nothing of ours, is not asked about', async () => {
  await withDatabase({}, async (elsewhere) => {
    await withDatabase({}, async (database) => {
      const role = `poor_${database.name}`
      await database.query(`create role "${role}" login password 'p'`)
      const url = new URL(database.url)
      url.username = role
      url.password = 'p'
      const observer = await observerOf(url.href)
      const us = await database.connect('us')
      const { rows } = await us.query<{ pid: number }>('select pg_backend_pid() as pid')
      const pid = rows[0]?.pid ?? 0
      await elsewhere.query('create table t (a int)')
      const holder = await elsewhere.connect('holder')
      await holder.query('begin; lock table t')
      await waiter(elsewhere, 'shop', 'select * from t')
      // Its role may not see what they do: it would say so, had it been asked about them.
      expect(await readWaits(observer, pid)).toMatchObject({ blocked: [], blind: null })
      await observer.close()
      await database.query(`drop role "${role}"`)
    })
  })
})

test('who waits in another database for a row that all databases share, and that we have changed, waits because of us', async () => {
  await withDatabase({}, async (elsewhere) => {
    await withDatabase({}, async (database) => {
      const role = `shared_${database.name}`
      await database.query(`create role "${role}"`)
      const us = await database.connect('us')
      const { rows } = await us.query<{ pid: number }>('select pg_backend_pid() as pid')
      await us.query(`begin; alter role "${role}" connection limit 5`)
      await waiter(elsewhere, 'other shop', `alter role "${role}" connection limit 6`)
      const observer = await observerOf(database.url)
      const { blocked } = await readWaits(observer, rows[0]?.pid ?? 0)
      expect(blocked).toMatchObject([{ application: 'other shop', sameDatabase: false }])
      await us.query('rollback')
      await observer.close()
      await elsewhere.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'other shop'`,
      )
      await until(() =>
        elsewhere.query(
          `select 1 where not exists (select from pg_stat_activity where application_name = 'other shop')`,
        ),
      )
      await database.query(`drop role "${role}"`)
    })
  })
})
