import type { AwaitedSession } from '../../observe/waits.ts'
import type { LockSession } from '../../report/types.ts'
import { shorten } from '../../report/visible.ts'

const queryLength = 200

/** A session as a report shows it: its query without secrets, and only then cut, so that no half of one is left. */
export function shown<One extends LockSession>(
  session: One,
  redact: (text: string) => string,
): One {
  return { ...session, query: shorten(redact(session.query), queryLength) }
}

/** A prepared transaction has no backend: its gid tells it from others, wherever it stands. */
export function backendOf({ pid, backendStart, query, application }: AwaitedSession): string {
  return pid === 0 ? query || application : `${pid} ${backendStart}`
}

/** Only what a report keeps. */
export function sessionOf(session: LockSession): LockSession {
  const { pid, application, user, client, state, transactionAgeMs, queryStartedAt, query } = session
  return { pid, application, user, client, state, transactionAgeMs, queryStartedAt, query }
}
