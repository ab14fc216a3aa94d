import type pg from 'pg'
import type { TestDatabase } from '../support/database.ts'
import { until } from '../support/engine.ts'
import { secondIsDone } from './load-shop.ts'

export const dumpMs = 20_000

/**
 * As pg_dump does it: one REPEATABLE READ transaction with ACCESS SHARE. It ends while the deployment waits for it, which is the worst moment: the
 * lock is then given while the application stands in the queue, with whatever locks its statements have taken by then.
 */
export async function dumpFor(database: TestDatabase, application: string): Promise<void> {
  const client = await database.connect('nightly-dump')
  await until(() => client.query(secondIsDone).then(({ rows }) => rows))
  await client.query('begin isolation level repeatable read')
  await client.query('lock table orders in access share mode')
  await client.query('select count(*) from orders')
  const longEnough = Date.now() + dumpMs
  const tooLong = longEnough + 15_000
  while (Date.now() < tooLong) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (Date.now() > longEnough && (await isWaiting(client, application))) break
  }
  await client.query('rollback')
}

async function isWaiting(client: pg.Client, application: string): Promise<boolean> {
  const { rows } = await client.query(
    `select from pg_catalog.pg_locks where not granted and relation = 'orders'::pg_catalog.regclass and clock_timestamp() - waitstart > interval '500ms'
       and pid in (select pid from pg_catalog.pg_stat_get_activity(null) where application_name like $1)`,
    [application],
  )
  return rows.length > 0
}
