import { durationText } from './duration-text.ts'
import type { LockSession } from './types.ts'

/** 'pid 4711 nightly-dump as backup from 10.0.0.7 (idle in transaction for 12min): COPY …': one line, not escaped. */
export function lockSessionText(session: LockSession): string {
  const { pid, application, user, client, state, query, transactionAgeMs } = session
  const who = [
    pid === 0 ? 'a prepared transaction' : `pid ${pid}`,
    application,
    user === '' ? '' : `as ${user}`,
    client === '' ? '' : `from ${client}`,
  ]
  const doing = [
    pid === 0 ? '' : state,
    transactionAgeMs === null ? '' : `for ${durationText(transactionAgeMs)}`,
  ]
  const words = (parts: readonly string[]) => parts.filter((part) => part !== '').join(' ')
  const inState = words(doing)
  return `${words(who)}${inState === '' ? '' : ` (${inState})`}${query === '' ? '' : `: ${query.replace(/\s+/g, ' ')}`}`
}
