import { counted } from '../../report/words.ts'
import { quoteIdentifier } from '../../sql/identifier.ts'
import type { Finding } from '../check.ts'
import { bounded } from '../details.ts'
import { type SessionInTheWay, sessionLine } from '../session-in-the-way.ts'

/** What allows a role to see other roles' sessions. */
export const readAllStats = 'GRANT pg_read_all_stats TO the role that connects.'

/** Nothing was found, but the role can't see the states and ages of other roles' sessions: measured as NULL, that reads as 'none'. */
export function hiddenSessions(
  expected: string,
  candidates: readonly SessionInTheWay[],
  user: string,
): Finding {
  const hidden = candidates.filter(({ state }) => state === null)
  return {
    outcome: 'not-checked',
    expected,
    actual:
      hidden.length === 0 ? 'not known' : `${counted(hidden.length, 'session')} of unknown age`,
    reason: 'without pg_read_all_stats the state and age of other roles’ sessions are hidden',
    fix: `GRANT pg_read_all_stats TO ${quoteIdentifier(user)};`,
    ...(hidden.length === 0 ? {} : { details: bounded(hidden.map(sessionLine)) }),
  }
}
