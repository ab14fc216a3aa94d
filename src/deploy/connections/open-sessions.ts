import { applicationName } from '../../postgres/application-name.ts'
import { connect, pinnedTo } from '../../postgres/session.ts'
import type { ConnectionConfig, Session } from '../../postgres/types.ts'

/** Keeper and observer of a run. Side by side where there is one host; else the observer follows the keeper, since all connections of a run must reach one server. */
export async function openBoth(
  connection: ConnectionConfig,
  runId: string,
): Promise<[Session, Session]> {
  if (connection.endpoints.length === 1) {
    return bothOrNone(openKeeper(connection, runId), openObserver(connection, runId, false))
  }
  const keeper = await openKeeper(connection, runId)
  const pinned = pinnedTo(keeper, connection)
  return bothOrNone(Promise.resolve(keeper), openObserver(pinned, runId, false))
}

export async function openKeeper(connection: ConnectionConfig, runId: string): Promise<Session> {
  return connect(connection, {
    name: 'keeper',
    applicationName: applicationName(runId, 'keeper'),
    unlimited: true,
  })
}

export async function openObserver(
  connection: ConnectionConfig,
  runId: string,
  readOnly: boolean,
): Promise<Session> {
  return connect(connection, {
    name: 'observer',
    applicationName: applicationName(runId, 'observer'),
    unlimited: true,
    ...(readOnly ? { settings: { default_transaction_read_only: 'on' } } : {}),
  })
}

/** Both sessions, or the first error with the other session closed. */
async function bothOrNone(
  first: Promise<Session>,
  second: Promise<Session>,
): Promise<[Session, Session]> {
  const [a, b] = await Promise.allSettled([first, second])
  if (a.status === 'fulfilled' && b.status === 'fulfilled') return [a.value, b.value]
  if (a.status === 'fulfilled') await a.value.close()
  if (b.status === 'fulfilled') await b.value.close()
  throw a.status === 'rejected' ? a.reason : b.status === 'rejected' ? b.reason : undefined
}
