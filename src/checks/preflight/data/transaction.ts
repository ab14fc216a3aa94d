import type { Session } from '../../../postgres/types.ts'
import { quoteIdentifier } from '../../../sql/identifier.ts'

export interface Reading {
  /** The migrations' role: what it may not read, the migrations may not either. Null: whoever logged in. */
  readonly role: string | null
  /** Where names in the query are looked up. */
  readonly searchPath: readonly string[]
  readonly lockTimeoutMs: number
  readonly statementTimeoutMs: number
}

/**
 * Reads in a short READ ONLY transaction of its own. Policies must not hide rows: row_security is off, and 42501 the answer where it would matter. All
 * settings end with the transaction, so that none stays behind on a connection that a pooler hands on.
 *
 * @throws ServerError as `act` met it, the transaction rolled back
 */
export async function reading<Result>(
  session: Session,
  { role, searchPath, lockTimeoutMs, statementTimeoutMs }: Reading,
  act: () => Promise<Result>,
): Promise<Result> {
  const settings = {
    ...(role === null ? {} : { role }),
    search_path: searchPath.map(quoteIdentifier).join(', '),
    row_security: 'off',
    lock_timeout: `${lockTimeoutMs}ms`,
    statement_timeout: `${statementTimeoutMs}ms`,
  }
  try {
    await session.pipeline([
      { text: 'BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY' },
      ...Object.entries(settings).map((setting) => ({
        text: 'SELECT pg_catalog.set_config($1, $2, true)',
        values: setting,
      })),
    ])
    const result = await act()
    await session.query('COMMIT')
    return result
  } catch (error) {
    if (session.transaction !== 'idle') await session.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}
