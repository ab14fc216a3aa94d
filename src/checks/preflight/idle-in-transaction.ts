import { durationText } from '../../report/duration-text.ts'
import { counted } from '../../report/words.ts'
import { defineCheck } from '../check.ts'
import { bounded } from '../details.ts'
import { plannedLocks } from '../planned-relations.ts'
import { readSessionsInTheWay, type SessionsInTheWay, sessionLine } from '../session-in-the-way.ts'
import { hiddenSessions, readAllStats } from './hidden-sessions.ts'

/** Sessions that hold locks on planned tables and do nothing: nobody knows when they end. */
export const idleInTransaction = defineCheck<SessionsInTheWay>({
  id: 'risk.idle-in-transaction',
  group: 'risk',
  title: 'sessions idle in a transaction',
  severity: 'fail',
  needs: readAllStats,
  volatile: true,
  applies: (subject) => plannedLocks(subject).length > 0,
  read: ({ target }, subject) => readSessionsInTheWay(target, subject),
  judge({ sessions, seesAll }, { preflight, target }) {
    const threshold = preflight['idle-in-transaction'] ?? 0
    const idle = sessions.filter(
      ({ state, stateMs }) =>
        state?.startsWith('idle in transaction') === true && (stateMs ?? 0) > threshold,
    )
    const expected = `none for longer than ${durationText(threshold)}`
    if (idle.length === 0) {
      return [
        seesAll
          ? { outcome: 'passed', expected, actual: 'none in the way' }
          : hiddenSessions(expected, sessions, target.user),
      ]
    }
    const longest = Math.max(...idle.map(({ stateMs }) => stateMs ?? 0))
    return [
      {
        outcome: 'problem',
        expected,
        actual: `${counted(idle.length, 'session')}, idle for ${durationText(longest)}`,
        reason:
          'They hold locks or snapshots that the migrations would wait for, and nothing says that they will ever end.',
        fix: 'End them (SELECT pg_terminate_backend(pid)) and set idle_in_transaction_session_timeout for the application. The threshold is preflight.idle-in-transaction.',
        details: bounded(idle.map(sessionLine)),
      },
    ]
  },
})
