import type { BlockedSession, WaitSession } from '../../observe/waits.ts'
import { sqlstate } from '../../postgres/sqlstate.ts'
import { durationText } from '../../report/duration-text.ts'
import { lockSessionText } from '../../report/lock-session-text.ts'
import type { Statement } from '../../sql/types.ts'
import { StepFailure } from '../failure.ts'
import type { Exceeded } from './wait-tally.ts'

/** Who was in our way, and who waited because of us, when a lock ended a statement. */
export interface LockEnding {
  readonly blockers: readonly WaitSession[]
  readonly blocked: readonly BlockedSession[]
}

/** So many of each are named in an error; the report has the others. */
const named = 3

/** A session of the application waited behind a lock that we held for as long as it may. */
export function blockFailure(
  { waitedMs }: BlockedSession,
  ending: LockEnding,
  { where }: Statement,
): StepFailure {
  return new StepFailure({
    message: `Cancelled after keeping the application waiting for ${durationText(waitedMs)} behind a lock that was held`,
    sqlstate: sqlstate.queryCanceled,
    ...detailOf(ending),
    why: 'A lock that this migration holds kept a session of the application waiting for as long as block-timeout allows.',
    fix: 'Take the strong lock last, in a migration of its own, or split the long statement into batches; or raise block-timeout.',
    where,
  })
}

/** A lock was not to be had in time: by lock_timeout of the server (its message), or all waits together took too long, ours or others' behind us. */
export function lockFailure(
  gaveUp: Exclude<Exceeded, { readonly limit: 'held' }> | { readonly message: string },
  ending: LockEnding,
  { where }: Statement,
): StepFailure {
  return new StepFailure({
    message: messageOf(gaveUp),
    sqlstate: sqlstate.lockNotAvailable,
    ...detailOf(ending),
    why: 'Another session held the lock for longer than lock-timeout; the statement got out of the way, so that the application would not queue behind it.',
    fix: 'Deploy again when that session has ended, or give the attempts more time: `retry-timeout`, or lock-timeout, for this file alone with `-- airlock: lock_timeout=…`. `blockers` in airlock.yml lets sessions of named applications be ended.',
    where,
  })
}

function messageOf(gaveUp: Parameters<typeof lockFailure>[0]): string {
  if ('message' in gaveUp) return gaveUp.message
  return gaveUp.limit === 'total'
    ? `Gave up after waiting for locks for ${durationText(gaveUp.waitedMs)} in all`
    : `Gave up waiting: the application had stood behind the waiting statement for ${durationText(gaveUp.blocked.waitedMs)}`
}

function detailOf({ blockers, blocked }: LockEnding): { readonly detail?: string } {
  const longest = [...blocked].sort((a, b) => b.waitedMs - a.waitedMs)
  const parts = [
    list('in the way', blockers.map(lockSessionText)),
    list(
      'waited because of us meanwhile',
      longest.map((one) => `${lockSessionText(one)}, for ${durationText(one.waitedMs)}`),
    ),
  ].filter((text) => text !== '')
  return parts.length === 0 ? {} : { detail: parts.join('\n') }
}

function list(title: string, all: readonly string[]): string {
  if (all.length === 0) return ''
  const more = all.length > named ? `; and ${all.length - named} more` : ''
  return `${title}: ${all.slice(0, named).join('; ')}${more}`
}

/** For the live line: who keeps the statement waiting; null when nobody does. */
export function waitingText(blockers: readonly WaitSession[]): string | null {
  const [first, ...others] = blockers
  if (first === undefined) return null
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  return `waiting for ${lockSessionText(first)}${more}`
}
