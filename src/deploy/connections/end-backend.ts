import { terminateBackend } from '../../postgres/observer.ts'
import { ServerError } from '../../postgres/server-error.ts'
import { sqlstate } from '../../postgres/sqlstate.ts'
import type { Backend, Session } from '../../postgres/types.ts'

/** How long a backend may take to notice that its client is gone before it is ended. */
const patienceMs = 2_000

/** How long one that was ended may take to go: it must notice that first, and then roll back. */
const endMs = 60_000

/**
 * Waits for a backend of ours to be gone; ends it when it lingers. Only then is nothing more to come from it. A backend that was given its pid since is
 * somebody else's: after a restart the server soon gives the same ones again.
 * Errors: ServerError when it is still there after all.
 */
export async function endBackend(observer: Session, backend: Backend): Promise<void> {
  const { backendPid, backendStart } = backend
  const deadline = Date.now() + patienceMs
  let ended = false
  while (await isThere(observer, backend)) {
    if (!ended && Date.now() > deadline) {
      await terminateBackend(observer, backendPid, backendStart)
      ended = true
    }
    if (Date.now() > deadline + endMs) throw stillThere(backendPid)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

function stillThere(pid: number): ServerError {
  return new ServerError({
    code: sqlstate.objectInUse,
    message: `the backend ${pid} of a lost connection was ended, and is still there after ${endMs / 1000} s`,
    severity: 'ERROR',
    lost: false,
  })
}

async function isThere(observer: Session, { backendPid, backendStart }: Backend): Promise<boolean> {
  const result = await observer.query(
    `select exists (select from pg_catalog.pg_stat_activity
       where pid = $1 and ($2 = '' or backend_start = nullif($2, '')::timestamptz))`,
    [backendPid, backendStart],
  )
  return result.rows[0]?.[0] === 't'
}
