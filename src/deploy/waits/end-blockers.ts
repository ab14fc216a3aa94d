import { readSessions } from '../../observe/blockers.ts'
import type { Blocker } from '../../observe/waits.ts'
import { cancelBackend, terminateBackend } from '../../postgres/observer.ts'
import { ServerError } from '../../postgres/server-error.ts'
import { sqlstate } from '../../postgres/sqlstate.ts'
import { lockSessionText } from '../../report/lock-session-text.ts'
import type { Run } from '../run.ts'
import { decideBlocker } from './blocker-policy.ts'
import type { WaitPlace } from './lock-record.ts'
import { shown } from './shown-session.ts'

type Ending = Pick<Run, 'guards' | 'locks' | 'observer'>

/**
 * Ends those of the sessions in our way that airlock.yml lets be ended (`run.guards.blockers`), each at most once a run, and tells of each. A role
 * that may not is warned of, with the GRANT: it is no failure. None is ended any more once what they kept waiting `isOver`.
 * Errors: a lost connection's.
 */
export async function endBlockers(
  run: Ending,
  at: WaitPlace,
  sessions: readonly Blocker[],
  isOver: () => boolean = () => false,
): Promise<void> {
  const policy = run.guards.blockers
  if (policy === undefined) return
  for (const session of sessions) {
    if (isOver()) return
    const decision = decideBlocker(policy, session)
    if (decision.end === null) {
      if (decision.why !== null) leaveAlone(run, session, decision.why)
      continue
    }
    if (!run.locks.ask(session)) continue
    const end = decision.end === 'cancel' ? cancelBackend : terminateBackend
    try {
      const sent = await end(run.observer, session.pid, session.backendStart)
      if (sent) {
        run.locks.ended(at, session, decision.end === 'cancel' ? 'cancelled' : 'terminated')
      }
    } catch (error) {
      if (!(error instanceof ServerError) || error.lost) throw error
      leaveAlone(
        run,
        session,
        error.code === sqlstate.insufficientPrivilege
          ? 'our role may not: GRANT pg_signal_backend TO it (a superuser’s sessions only a superuser ends)'
          : error.message,
      )
    }
  }
}

/** The same for sessions of which only the pids are known: where a statement is not begun yet, because it would wait for them. */
export async function endBlockersByPid(
  run: Ending & Pick<Run, 'redact'>,
  at: WaitPlace,
  pids: readonly number[],
): Promise<void> {
  if (run.guards.blockers === undefined) return
  const sessions = await readSessions(run.observer, pids)
  const holders = sessions.map((one) => ({ ...shown(one, run.redact), holds: true }))
  await endBlockers(run, at, holders)
}

/** Said once for an application and a reason, however many sessions it has: so of the first, and without its age, which grows from look to look. */
function leaveAlone(run: Ending, session: Blocker, why: string): void {
  const who = lockSessionText({ ...session, transactionAgeMs: null })
  run.locks.warn(
    `In the way, and named in \`blockers\`, but left alone: ${who}: ${why}`,
    JSON.stringify([session.application, why]),
  )
}
