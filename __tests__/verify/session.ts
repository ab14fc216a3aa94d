import { resolveConnection } from '../../src/postgres/connection.ts'
import { connect } from '../../src/postgres/session.ts'
import type { Session } from '../../src/postgres/types.ts'
import { type DatabaseOptions, type TestDatabase, withDatabase } from '../support/database.ts'

/** A database of its own with a session of the engine on it. */
export function withSession<Result>(
  options: DatabaseOptions,
  act: (session: Session, database: TestDatabase) => Promise<Result>,
): Promise<Result> {
  return withDatabase(options, async (database) => {
    const config = resolveConnection({ url: database.url, env: {} })
    const session = await connect(config, { name: 'worker', applicationName: 'verify test' })
    try {
      return await act(session, database)
    } finally {
      await session.close()
    }
  })
}
