import { explainConnectionFailure } from '../postgres/connection-failure.ts'
import { ServerError } from '../postgres/server-error.ts'
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
  const opened = await open(connection)
  try {
    return await use(opened)
  } finally {
    await opened.session?.close().catch(() => undefined)
  }
}

async function open(connection: ConnectionConfig): Promise<Staging> {
  try {
    const session = await connect(connection, {
      name: 'staging',
      // Not a run's name: where staging is on the target's own server it must not be taken for an orphan.
      applicationName: 'pg-airlock-staging',
      settings: {
        default_transaction_read_only: 'on',
        statement_timeout: '60s',
        lock_timeout: '2s',
      },
    })
    return { session: unlosable(session), failure: null }
  } catch (error) {
    const { what, why } = explainConnectionFailure(error, connection)
    return { session: null, failure: `staging can't be asked: ${what}. ${why}` }
  }
}

/** The same session; that it is lost is an answer like any other, so that a check which asked it is not checked and the others go on. */
function unlosable(session: Session): Session {
  const told =
    <Args extends readonly unknown[], Result>(ask: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      try {
        return await ask(...args)
      } catch (error) {
        if (!(error instanceof ServerError) || !error.lost) throw error
        throw new ServerError({
          code: error.code,
          severity: error.severity,
          message: `staging was lost: ${error.message}`,
          lost: false,
        })
      }
    }
  const asked: Pick<Session, 'query' | 'rows' | 'simple'> = {
    query: told((text: string, values?: Parameters<Session['query']>[1]) =>
      session.query(text, values),
    ),
    rows: told((text: string, values?: Parameters<Session['rows']>[1]) =>
      session.rows(text, values),
    ) as Session['rows'],
    simple: told((text: string) => session.simple(text)),
  }
  return new Proxy(session, {
    get: (whole, name) => {
      if (Object.hasOwn(asked, name)) return asked[name as keyof typeof asked]
      const value: unknown = Reflect.get(whole, name, whole)
      return typeof value === 'function' ? value.bind(whole) : value
    },
  })
}
