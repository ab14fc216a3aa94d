import type pg from 'pg'
import type { TestDatabase } from '../support/database.ts'
import { orders } from './load-shop.ts'

/** A query of the application that took long enough to ask why. Times in milliseconds of the one clock that client and server share. */
export interface SlowQuery {
  readonly pid: number
  readonly text: string
  readonly startedAt: number
  readonly endedAt: number
}

export interface Load {
  readonly sessions: number
  readonly queries: number
  readonly slow: readonly SlowQuery[]
  /** Errors that the application got, with the query. */
  readonly failures: readonly string[]
}

/** Shorter ones are not kept: nothing that is asserted here is as short. */
const slowMs = 20

/** Prepared once and used again and again, as drivers do: a plan that a migration breaks would fail here. */
const queries: readonly { readonly text: string; values(key: number): readonly number[] }[] = [
  { text: 'select id, customer, status from orders where id = $1', values: (key) => [key] },
  { text: 'select id, quantity from items where order_id = $1', values: (key) => [key] },
  { text: `update orders set status = 'paid' where id = $1`, values: (key) => [key] },
  { text: 'select id, customer, status from orders where id = $1', values: (key) => [key] },
  { text: 'insert into orders (customer) values ($1)', values: (key) => [key % 500] },
  { text: 'update items set quantity = quantity + 1 where id = $1', values: (key) => [key] },
  {
    text: 'insert into items (order_id, quantity) values ($1, $2)',
    values: (key) => [key, key % 9],
  },
]

/** What of it needs `items` alone. */
const itemQueries = queries.filter(({ text }) => /(from|update) items/.test(text))

/**
 * Each session runs one short query by key after the other, each a transaction of its own, until it is told to stop. Every third sees `items`
 * alone: a migration that holds one table while it waits for the other always has somebody waiting at both.
 */
export async function startLoad(
  database: TestDatabase,
  sessions: number,
): Promise<{ stop(): Promise<Load> }> {
  let running = true
  let count = 0
  const slow: SlowQuery[] = []
  const failures: string[] = []
  const work = async (client: pg.Client, session: number) => {
    const pid = await pidOf(client)
    const own = session % 3 === 0 ? itemQueries : queries
    for (let turn = session; running; turn += 1) {
      const query = own[turn % own.length] as (typeof queries)[number]
      const key = 1 + ((turn * 7919 + session * 104_729) % orders)
      const startedAt = performance.timeOrigin + performance.now()
      await client
        .query({
          name: `shop ${turn % own.length}`,
          text: query.text,
          values: [...query.values(key)],
        })
        .catch((error: Error) => failures.push(`${query.text}: ${error.message}`))
      const endedAt = performance.timeOrigin + performance.now()
      count += 1
      if (endedAt - startedAt >= slowMs) slow.push({ pid, text: query.text, startedAt, endedAt })
      // Think time: a machine of two cores shall not be the reason why something waits.
      await new Promise((resolve) => setTimeout(resolve, 4))
    }
  }
  const clients = await Promise.all(
    Array.from({ length: sessions }, (_, index) => database.connect(`bakery-web ${index + 1}`)),
  )
  const done = Promise.all(clients.map(work))
  return {
    async stop() {
      running = false
      await done
      await Promise.all(clients.map((client) => client.end()))
      return { sessions, queries: count, slow, failures }
    },
  }
}

async function pidOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_catalog.pg_backend_pid() as pid')
  return rows[0]?.pid ?? 0
}
