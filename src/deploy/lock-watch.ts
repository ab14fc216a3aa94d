import { tryRunLock } from '../postgres/keeper.ts'
import type { Session } from '../postgres/types.ts'
import { StepFailure } from './failure.ts'
import type { RunLock } from './run.ts'

/** Watches the keeper. `onLost` is called once for each loss, to stop what the worker does: another run may begin. */
export function watchLock(
  first: Session,
  reopen: () => Promise<Session>,
  onLost: () => void,
): RunLock & { close(): Promise<void> } {
  let keeper = first
  let lost: Error | null = null
  const watch = (session: Session) => {
    void session.lost.then((reason) => {
      if (session !== keeper) return
      lost = reason
      onLost()
    })
  }
  watch(keeper)
  return {
    get lost() {
      return lost
    },
    async retake() {
      if (lost === null) return true
      const session = await reopen()
      if (!(await tryRunLock(session))) {
        await session.close()
        return false
      }
      keeper = session
      lost = null
      watch(session)
      return true
    },
    close: () => keeper.close(),
  }
}

/** Throws when the run may not go on, because the lock is gone. */
export function holdsLock({ lost }: RunLock): void {
  if (lost !== null) throw lockLost(lost)
}

export function lockLost(reason: Error): StepFailure {
  return new StepFailure({
    message: `The run's lock was lost: ${reason.message}`,
    why: "The connection that held it (the keeper) ended, and without it another run may begin. So the worker's statement was cancelled, and nothing more is committed.",
    fix: 'Find out what ended the connection (a restart, a proxy, pg_terminate_backend), then deploy again: it goes on with the first migration that is not applied.',
  })
}
