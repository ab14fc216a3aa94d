import { ServerError } from '../../postgres/server-error.ts'
import { sqlstate } from '../../postgres/sqlstate.ts'
import { describeTarget } from '../../postgres/target.ts'
import type { ConnectionConfig, Session } from '../../postgres/types.ts'
import type { Identity } from '../run.ts'

/** A server that crashed is back after its recovery: it is waited for this long. */
const patienceMs = 15_000
const pauseMs = 250

/**
 * Connects anew, for a bounded time (`patient`, or once), and only to the server that the run began on: behind one name, a failover may have put another, which
 * may lack what was committed.
 * Errors: ServerError when nothing answers in time, or another server does.
 */
export async function reconnect(
  open: () => Promise<Session>,
  connection: ConnectionConfig,
  expected: Identity,
  patient = true,
): Promise<Session> {
  const session = await openWithin(open, patient ? patienceMs : 0)
  try {
    const { report, timeline, inRecovery } = await describeTarget(session, connection)
    const same =
      (report.systemIdentifier ?? null) === expected.systemIdentifier &&
      timeline === expected.timeline &&
      !inRecovery
    if (same) return session
  } catch (error) {
    await session.close()
    throw error
  }
  await session.close()
  throw new ServerError({
    code: sqlstate.connectionRejected,
    message:
      'the server that answers now is not the one that the run began on: there was a failover, and what this run committed may be missing there; the next deploy finds out from its journal and goes on',
    severity: 'FATAL',
    lost: true,
  })
}

async function openWithin(open: () => Promise<Session>, withinMs: number): Promise<Session> {
  const deadline = Date.now() + withinMs
  while (true) {
    try {
      return await open()
    } catch (error) {
      if (!(error instanceof ServerError) || Date.now() >= deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
}
