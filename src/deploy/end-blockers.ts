import { readSessions } from '../observe/blockers.ts'
import type { WaitSession } from '../observe/waits.ts'
import { cancelBackend, terminateBackend } from '../postgres/observer.ts'
import { ServerError } from '../postgres/server-error.ts'
import { sqlstate } from '../postgres/sqlstate.ts'
import { lockSessionText } from '../report/lock-session-text.ts'
import { decideBlocker } from './blocker-policy.ts'
import type { WaitPlace } from './lock-record.ts'
import type { Run } from './run.ts'

/**
 * Ends those of the sessions in our way that airlock.yml lets be ended (`run.guards.blockers`), each at most once a run, and tells of each. A role
 * that may not is warned of, with the GRANT: it is no failure. Errors: a lost connection's.
 */
export async function endBlockers(
  run: Run,
  at: WaitPlace,
  sessions: readonly WaitSession[],
): Promise<void> {
  const policy = run.guards.blockers
  if (policy === undefined) return
  for (const session of sessions) {
    const decision = decideBlocker(policy, session)
    if (decision.end === null) {
      if (decision.why !== null) run.locks.warn(leftAlone(session, decision.why))
      continue
    }
    const key = `${session.pid} ${session.backendStart}`
    if (run.locks.asked.has(key)) continue
    run.locks.asked.add(key)
    const end = decision.end === 'cancel' ? cancelBackend : terminateBackend
    try {
      const sent = await end(run.observer, session.pid, session.backendStart)
      if (sent) {
        run.locks.ended(at, session, decision.end === 'cancel' ? 'cancelled' : 'terminated')
      }
    } catch (error) {
      if (!(error instanceof ServerError) || error.lost) throw error
      run.locks.warn(
        leftAlone(
          session,
          error.code === sqlstate.insufficientPrivilege
            ? 'our role may not: GRANT pg_signal_backend TO it (a superuser’s sessions only a superuser ends)'
            : error.message,
        ),
      )
    }
  }
}

/** The same for sessions of which only the pids are known: where a statement is not begun yet, because it would wait for them. */
export async function endBlockersByPid(
  run: Run,
  at: WaitPlace,
  pids: readonly number[],
): Promise<void> {
  if (run.guards.blockers === undefined) return
  await endBlockers(run, at, await readSessions(run.observer, pids))
}

/** Without its age, which grows from look to look: it is said once. */
function leftAlone(session: WaitSession, why: string): string {
  const who = lockSessionText({ ...session, transactionAgeMs: null })
  return `In the way, and named in \`blockers\`, but left alone: ${who}: ${why}`
}
