import { ServerError } from './server-error.ts'
import { sqlstate } from './sqlstate.ts'
import type { Session } from './types.ts'

export type Pooling = 'none' | 'session' | 'transaction' | 'statement'

/** Turns of the test: a pooler that deals its connections out in turn may give the same one twice. */
const turns = 3

/**
 * Whether a pooler stands between, and of which kind. A pooler betrays itself: the pid that it gave for cancelling differs from pg_backend_pid() (measured with PgBouncer). In transaction
 * mode a session gets another's backend, or another backend, as soon as one stays in a transaction; in statement mode there are no transaction blocks. Costs nothing without a pooler. Both sessions must be idle.
 */
export async function poolingOf(first: Session, second: Session): Promise<Pooling> {
  if (first.pid === first.backendPid && second.pid === second.backendPid) return 'none'
  for (let turn = 0; turn < turns; turn++) {
    const mine = await pidOf(first)
    if (!(await mayBegin(second))) return 'statement'
    const other = await pidInTransaction(first, second, mine)
    // One that takes its connections in turn comes round to the same for `first`, and so to another for `second`.
    if (other === null || (await pidOf(second)) !== other) return 'transaction'
  }
  return 'session'
}

/** The backend of `second`, in its transaction; null where `first` has that one, or has lost `mine`. */
async function pidInTransaction(
  first: Session,
  second: Session,
  mine: string,
): Promise<string | null> {
  try {
    const other = await pidOf(second)
    return other === mine || (await pidOf(first)) !== mine ? null : other
  } finally {
    await second.simple('ROLLBACK')
  }
}

/** PgBouncer answers a BEGIN in statement mode with 08P01, and closes the connection. */
async function mayBegin(session: Session): Promise<boolean> {
  try {
    await session.simple('BEGIN')
    return true
  } catch (error) {
    if (error instanceof ServerError && error.code === sqlstate.protocolViolation) return false
    throw error
  }
}

async function pidOf(session: Session): Promise<string> {
  const [result] = await session.simple('SELECT pg_catalog.pg_backend_pid()')
  return result?.rows[0]?.[0] ?? ''
}
