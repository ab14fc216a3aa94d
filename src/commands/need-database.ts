import type { ConnectionConfig } from '../postgres/types.ts'
import { Refusal } from '../report/refusal.ts'
import type { CommandContext } from './context.ts'

/** The connection, which every command but `plan` needs. Errors: Refusal when no database was named. */
export function needDatabase({ connection, settings }: CommandContext): ConnectionConfig {
  if (connection !== null) return connection
  throw new Refusal({
    what: `No database to ${settings.command} was named.`,
    why: 'Neither database-url, DATABASE_URL, a target with a database-url, nor PGHOST, PGSERVICE or PGDATABASE is set.',
    fix: 'Set DATABASE_URL, or give the input database-url from a secret.',
  })
}
