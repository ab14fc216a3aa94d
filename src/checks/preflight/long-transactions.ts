import { durationText } from '../../report/duration-text.ts'
import { counted } from '../../report/words.ts'
import { defineCheck, type Finding, type Subject } from '../check.ts'
import { bounded } from '../details.ts'
import { plannedLocks } from '../planned-relations.ts'
import {
  isAutovacuum,
  readSessionsInTheWay,
  type SessionsInTheWay,
  sessionLine,
} from '../session-in-the-way.ts'
import { hiddenStatements, unseenLocks } from '../unseen-locks.ts'
import { hiddenSessions, readAllStats } from './hidden-sessions.ts'

/**
 * Transactions older than `preflight.long-transactions` that the plan would wait for: they lock one of its tables, or hold a snapshot that a
 * concurrent index build waits for. A running pg_dump is named as such. Autovacuum has a check of its own.
 */
export const longTransactions = defineCheck<SessionsInTheWay>({
  id: 'risk.long-transactions',
  group: 'risk',
  title: 'long transactions in the way',
  severity: 'fail',
  needs: readAllStats,
  volatile: true,
  applies: (subject) => plannedLocks(subject).length > 0 || hiddenStatements(subject).length > 0,
  read: ({ target }, subject) => readSessionsInTheWay(target, subject),
  judge: (found, subject) => [...judged(found, subject), ...unseenLocks(found.absent, subject)],
})

function judged(
  { sessions, seesAll }: SessionsInTheWay,
  { preflight, target }: Subject,
): readonly Finding[] {
  const threshold = preflight['long-transactions'] ?? 0
  const candidates = sessions.filter((session) => !isAutovacuum(session))
  const long = candidates.filter(({ transactionMs }) => (transactionMs ?? 0) > threshold)
  const expected = `none older than ${durationText(threshold)}`
  const [first] = long
  if (first === undefined) {
    if (!seesAll) return [hiddenSessions(expected, candidates, target.user)]
    const younger =
      candidates.length === 0 ? 'none' : `${counted(candidates.length, 'younger transaction')}`
    return [{ outcome: 'passed', expected, actual: younger }]
  }
  const snapshot = long.some(({ tables }) => tables.length === 0)
  return [
    {
      outcome: 'problem',
      expected,
      actual: `${counted(long.length, 'transaction')}, the oldest ${durationText(first.transactionMs ?? 0)} old`,
      reason: snapshot
        ? 'A concurrent index build waits for every older snapshot, and a statement that needs a stronger lock for whoever holds one on its table.'
        : 'A statement that needs a stronger lock waits for them, and the application queues behind it.',
      fix: 'Let them end (a pg_dump is better waited for), or end them: SELECT pg_terminate_backend(pid). The threshold is preflight.long-transactions.',
      details: bounded(long.map(sessionLine)),
    },
  ]
}
