import { resolveConnection } from '../../src/postgres/connection.ts'
import { type ConnectOptions, connect } from '../../src/postgres/session.ts'
import type { ConnectionConfig, Session } from '../../src/postgres/types.ts'
import { type DatabaseOptions, type TestDatabase, withDatabase } from '../support/database.ts'

/** Nothing of the developer's own environment. */
export function configOf(url: string): ConnectionConfig {
  return resolveConnection({ url, env: {} })
}

export interface Connected {
  readonly database: TestDatabase
  readonly config: ConnectionConfig
  /** Another session of the same database, closed at the end. */
  open(name: string, options?: Partial<ConnectOptions>): Promise<Session>
}

/** A database of its own and sessions on it, for the time of `act`. */
export async function withSessions(
  options: DatabaseOptions,
  act: (connected: Connected) => Promise<void>,
): Promise<void> {
  await withDatabase(options, async (database) => {
    const config = configOf(database.url)
    const sessions: Session[] = []
    const open: Connected['open'] = async (name, more = {}) => {
      const session = await connect(config, { name, applicationName: `test ${name}`, ...more })
      sessions.push(session)
      return session
    }
    try {
      await act({ database, config, open })
    } finally {
      await Promise.all(sessions.map((session) => session.close()))
    }
  })
}

/** What a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  )
}
