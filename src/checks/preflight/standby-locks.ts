import { counted, listed } from '../../report/words.ts'
import { quoteName } from '../../sql/identifier.ts'
import type { Finding, Subject } from '../check.ts'
import { bounded } from '../details.ts'
import { plannedLocks } from '../planned-relations.ts'

/** As many are named in the sentence; the details name all. */
const named = 5

/**
 * What ACCESS EXCLUSIVE locks of the plan do to readers of the standbys: a standby replays them without lock_timeout, waits for its readers up to
 * max_standby_streaming_delay, and then cancels them (40001). Nothing where there is no standby or no such lock.
 *
 * @param standbys their application_name, or 'pid 4711'
 */
export function standbyLocks(standbys: readonly string[], subject: Subject): readonly Finding[] {
  const locks = plannedLocks(subject).filter(({ modes }) => modes.includes('ACCESS EXCLUSIVE'))
  const [first] = locks
  if (standbys.length === 0 || first === undefined) return []
  const tables = [...new Set(locks.map(({ relation }) => quoteName(relation)))]
  const more = tables.length > named ? [counted(tables.length - named, 'other')] : []
  const all = counted(standbys.length, 'standby', 'standbys')
  return [
    {
      outcome: 'problem',
      severity: 'warn',
      title: 'strong locks that standbys replay',
      expected: 'no ACCESS EXCLUSIVE lock while standbys are read',
      actual: `${all} (${listed([...standbys])}) will replay it on ${listed([...tables.slice(0, named), ...more])}`,
      reason:
        'A standby replays ACCESS EXCLUSIVE without lock_timeout: replay waits for its readers up to max_standby_streaming_delay, and then cancels them.',
      fix: 'Deploy while the standbys are little read, or let their applications try again after 40001; hot_standby_feedback does not help against it.',
      where: first.where,
      details: bounded(
        locks.map(({ relation, where }) => `${where.file}:${where.line} ${quoteName(relation)}`),
      ),
    },
  ]
}
