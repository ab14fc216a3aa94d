import type { OtherSession } from '../observe/blockers.ts'
import { ServerError } from '../postgres/server-error.ts'
import { sqlstate } from '../postgres/sqlstate.ts'
import { formatDuration } from '../runbook/duration.ts'
import type { Statement } from '../sql/types.ts'
import { StepFailure } from './failure.ts'
import type { Watch } from './watch.ts'

/** The failure of a statement that a lock ended, with who was in the way; null when it failed for another reason. */
export function lockFailure(
  error: unknown,
  watch: Watch,
  statement: Statement,
): StepFailure | null {
  if (!(error instanceof ServerError)) return null
  const { interruption, blockers } = watch
  if (error.code === sqlstate.queryCanceled && interruption?.reason === 'block-timeout') {
    const { blocked } = interruption
    return new StepFailure({
      message: `Cancelled after keeping the application waiting for ${formatDuration(blocked.forMs)}`,
      sqlstate: error.code,
      detail: `waiting for us: ${describeSession(blocked)}`,
      why: 'A lock that this migration holds, or is queued for, kept an application session waiting for longer than block-timeout.',
      fix: 'Take the strong lock last, in a migration of its own, or split the long statement into batches; or raise block-timeout.',
      where: statement.where,
    })
  }
  const gaveUp = error.code === sqlstate.queryCanceled && interruption?.reason === 'lock-timeout'
  if (!gaveUp && error.code !== sqlstate.lockNotAvailable) return null
  return new StepFailure({
    message: gaveUp
      ? `Gave up after waiting for locks for ${formatDuration(interruption.waitedMs)} in all`
      : error.message,
    sqlstate: sqlstate.lockNotAvailable,
    ...(blockers.length === 0
      ? {}
      : { detail: `in the way: ${blockers.map(describeSession).join('; ')}` }),
    why: 'Another session held the lock for longer than lock-timeout; the statement got out of the way, so that the application would not queue behind it.',
    fix: 'Deploy again when that session has ended, or raise lock-timeout, for this file alone with `-- airlock: lock_timeout=…`.',
    where: statement.where,
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
