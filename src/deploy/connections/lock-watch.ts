import { parseApplicationName } from '../../postgres/application-name.ts'
import { runLockHolder, tryRunLock } from '../../postgres/keeper.ts'
import { terminateBackend } from '../../postgres/observer.ts'
import type { Session } from '../../postgres/types.ts'
import { StepFailure } from '../failure.ts'
import type { RunLock } from '../run.ts'

/** How long our own old keeper, which the server still took for alive, may take to go. */
const goneMs = 5_000
const pollMs = 50

/** Watches the keeper of the run `runId`. `onLost` is called once for each loss, to stop what the worker does: another run may begin. */
export function watchLock(
  first: Session,
  runId: string,
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
      let taken = false
      try {
        taken = await takeAgain(session, runId)
      } finally {
        if (!taken) await session.close()
      }
      if (!taken) return false
      keeper = session
      lost = null
      watch(session)
      return true
    },
    close: () => keeper.close(),
  }
}

/** Where only our end of the connection broke, the server goes on with the old keeper, and that is no other run: it is ended. */
async function takeAgain(keeper: Session, runId: string): Promise<boolean> {
  const deadline = Date.now() + goneMs
  while (!(await tryRunLock(keeper))) {
    const holder = await runLockHolder(keeper)
    const isOurs = holder === null || parseApplicationName(holder.applicationName)?.run === runId
    if (!isOurs || Date.now() > deadline) return false
    if (holder !== null) await terminateBackend(keeper, holder.pid, holder.backendStart)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  return true
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
