import { randomBytes } from 'node:crypto'
import type { TestDatabase } from '../../support/database.ts'
import type { Arranged } from '../scenario.ts'

/**
 * A role that may create what it needs and nothing else, dropped afterwards. `statements` run first, as the superuser: what every role may
 * otherwise read can be taken away, since privileges on catalogs are the database's own.
 */
export async function leastPrivileged(
  { query, url }: TestDatabase,
  ...statements: readonly string[]
): Promise<Arranged & { readonly role: string; readonly url: string }> {
  for (const statement of statements) await query(statement)
  const role = `least_${randomBytes(5).toString('hex')}`
  await query(`create role ${role} login password 'least'`)
  const [row] = await query<{ name: string }>(`select quote_ident(current_database()) as name`)
  await query(`grant create on database ${row?.name} to ${role}`)
  await query(`grant create on schema public to ${role}`)
  const asRole = new URL(url)
  asRole.username = role
  asRole.password = 'least'
  return {
    role,
    url: asRole.href,
    cleanUp: () => query(`drop owned by ${role} cascade; drop role ${role}`),
  }
}
