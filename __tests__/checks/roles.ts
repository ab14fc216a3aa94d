import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { TestDatabase } from '../support/database.ts'
import type { Arranged } from './scenario.ts'

export interface LimitedRole extends Arranged {
  readonly url: string
  /** Unquoted. */
  readonly name: string
}

/**
 * A role that logs in and may do nothing but what `grants` gives it, in a database where PUBLIC may create nothing. `:role` in the SQL is its
 * quoted name, which needs its quotes.
 */
export async function limitedRole(
  database: TestDatabase,
  grants: string,
  attributes = '',
): Promise<LimitedRole> {
  const name = `deploy "er" ${randomBytes(4).toString('hex')}`
  const role = pg.escapeIdentifier(name)
  await database.query(`create role ${role} login password 'least' ${attributes}`)
  await database.query('revoke create on schema public from public')
  await database.query(
    grants.replaceAll(':role', role).replaceAll(':database', pg.escapeIdentifier(database.name)),
  )
  const url = new URL(database.url)
  url.username = encodeURIComponent(name)
  url.password = 'least'
  return {
    url: url.href,
    name,
    cleanUp: async () => {
      await database.query(`drop owned by ${role} cascade`)
      await database.query(`drop role ${role}`)
    },
  }
}
