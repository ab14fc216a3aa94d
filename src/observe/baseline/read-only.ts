import { ServerError } from '../../postgres/server-error.ts'
import type { Session, TextResult } from '../../postgres/types.ts'
import { quoteLiteral } from '../../sql/identifier.ts'
import type { Statement } from '../../sql/types.ts'

export interface ReadOnlyOptions {
  /** Milliseconds, above 0. */
  readonly lockTimeout: number
  /** Milliseconds, above 0. */
  readonly statementTimeout: number
  /** The migrations' role, where it is another than the login's. */
  readonly role?: string
}

/** Statements of ours carry this, so that pg_stat_statements can leave them out. */
export const ourMark = '/* pg-airlock */'

const begin = 'BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY'

/** Row security is off: a policy would hide rows and let a count be too low (42501 then). */
function settings({ lockTimeout, statementTimeout, role }: ReadOnlyOptions): string {
  const values = [
    ['lock_timeout', String(Math.max(1, Math.round(lockTimeout)))],
    ['statement_timeout', String(Math.max(1, Math.round(statementTimeout)))],
    ['row_security', 'off'],
    ...(role === undefined ? [] : [['role', role]]),
  ]
  const calls = values.map(
    ([name = '', value = '']) =>
      `pg_catalog.set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, true)`,
  )
  return `SELECT ${ourMark} ${calls.join(', ')}`
}

/**
 * A query of ours (names in it quoted) in a READ ONLY transaction of its own that is rolled back: one round trip.
 * @throws ServerError; the session is out of the transaction again
 */
export async function askReadOnly(
  session: Session,
  query: string,
  options: ReadOnlyOptions,
): Promise<TextResult> {
  return outside(session, async () => {
    const results = await session.simple(`${begin}; ${settings(options)}; ${query}; ROLLBACK`)
    return results[2] ?? { tag: '', columns: [], rows: [] }
  })
}

/**
 * A user's query likewise, by the extended protocol, so that it can only be one statement; no more than `limit` rows are fetched.
 * @throws ServerError; the session is out of the transaction again
 */
export async function askUserQuery(
  session: Session,
  { text, kind }: Pick<Statement, 'text' | 'kind'>,
  limit: number,
  options: ReadOnlyOptions,
): Promise<TextResult> {
  const query =
    kind === 'SHOW'
      ? [{ text }]
      : [
          { text: `DECLARE airlock_query NO SCROLL CURSOR FOR ${text}` },
          { text: `FETCH ${limit} FROM airlock_query` },
        ]
  return outside(session, async () => {
    const all = [{ text: begin }, { text: settings(options) }, ...query, { text: 'ROLLBACK' }]
    return (
      (await session.pipeline(all))[all.length - 2] ?? {
        tag: '',
        columns: [],
        rows: [],
      }
    )
  })
}

async function outside(session: Session, ask: () => Promise<TextResult>): Promise<TextResult> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof ServerError && !error.lost) await session.simple('ROLLBACK')
    throw error
  }
}
