import type { OtherSession } from '../observe/blockers.ts'
import { sqlstate } from '../postgres/sqlstate.ts'
import { formatDuration } from '../runbook/duration.ts'
import type { Statement } from '../sql/types.ts'
import { StepFailure } from './failure.ts'

/** An application session waited for us for too long. */
export function blockFailure(blocked: OtherSession, { where }: Statement): StepFailure {
  return new StepFailure({
    message: `Cancelled after keeping the application waiting for ${formatDuration(blocked.forMs)}`,
    sqlstate: sqlstate.queryCanceled,
    detail: `waiting for us: ${describeSession(blocked)}`,
    why: 'A lock that this migration holds, or is queued for, kept an application session waiting for longer than block-timeout.',
    fix: 'Take the strong lock last, in a migration of its own, or split the long statement into batches; or raise block-timeout.',
    where,
  })
}

/** A lock was not to be had in time: by lock_timeout of the server (its message), or all waits together took too long. */
export function lockFailure(
  gaveUp: { readonly waitedMs: number } | { readonly message: string },
  blockers: readonly OtherSession[],
  { where }: Statement,
): StepFailure {
  return new StepFailure({
    message:
      'message' in gaveUp
        ? gaveUp.message
        : `Gave up after waiting for locks for ${formatDuration(gaveUp.waitedMs)} in all`,
    sqlstate: sqlstate.lockNotAvailable,
    ...(blockers.length === 0
      ? {}
      : { detail: `in the way: ${blockers.map(describeSession).join('; ')}` }),
    why: 'Another session held the lock for longer than lock-timeout; the statement got out of the way, so that the application would not queue behind it.',
    fix: 'Deploy again when that session has ended, or raise lock-timeout, for this file alone with `-- airlock: lock_timeout=…`.',
    where,
  })
}

/** For the live line: who keeps the statement waiting; null when nobody does. */
export function waitingText(blockers: readonly OtherSession[]): string | null {
  const [first, ...others] = blockers
  if (first === undefined) return null
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  return `waiting for ${describeSession(first)}${more}`
}

function describeSession(session: OtherSession): string {
  const { pid, application, user, client, state, query, forMs } = session
  const who = [application, user === '' ? '' : `as ${user}`, `from ${client}`]
  const words = [
    pid === 0 ? 'a prepared transaction' : `pid ${pid}`,
    ...who.filter((word) => word !== ''),
  ]
  const doing = [state, `for ${formatDuration(forMs)}`].filter((word) => word !== '').join(' ')
  return `${words.join(' ')} (${doing})${query === '' ? '' : `: ${query.replace(/\s+/g, ' ')}`}`
}
