import { explainConnectionFailure } from '../postgres/connection-failure.ts'
import { connect } from '../postgres/session.ts'
import type { ConnectionConfig, Session } from '../postgres/types.ts'

/** Staging as the checks may use it: a session, or why there is none; both null where no staging-url is given. */
export interface Staging {
  readonly session: Session | null
  readonly failure: string | null
}

/**
 * Gives `use` a read-only session on staging for as long as it takes. A staging that can't be reached refuses nothing: what needed it is
 * not checked, with the reason.
 */
export async function withStaging<Result>(
  connection: ConnectionConfig | null,
  use: (staging: Staging) => Promise<Result>,
): Promise<Result> {
  if (connection === null) return use({ session: null, failure: null })
  const staging = await openStaging(connection)
  try {
    return await use(staging)
  } finally {
    await staging.session?.close()
  }
}

async function openStaging(connection: ConnectionConfig): Promise<Staging> {
  try {
    const session = await connect(connection, {
      name: 'staging',
      // Not a run's name: where staging is on the target's own server it must not be taken for an orphan.
      applicationName: 'pg-airlock-staging',
      settings: { default_transaction_read_only: 'on', statement_timeout: '30s' },
    })
    return { session, failure: null }
  } catch (error) {
    const { what, why } = explainConnectionFailure(error, connection)
    return { session: null, failure: `staging can't be asked: ${what}. ${why}` }
  }
}
