import { randomBytes } from 'node:crypto'
import { applicationName } from '../postgres/application-name.ts'
import { resolveConnection } from '../postgres/connection.ts'
import { explainConnectionFailure } from '../postgres/connection-failure.ts'
import { ServerError } from '../postgres/server-error.ts'
import { connect } from '../postgres/session.ts'
import type { ConnectionConfig, Session } from '../postgres/types.ts'
import type { Settings } from '../runbook/types.ts'

type Env = Readonly<Record<string, string | undefined>>

/** libpq's variables that say which database: they speak of the target, and must not complete staging's URL. */
const OF_THE_TARGET = /^PG(HOST|HOSTADDR|PORT|DATABASE|USER|PASSWORD|SERVICE|OPTIONS|APPNAME)$/

/**
 * How to reach staging; null where no `staging-url` is given. How to connect (TLS, timeout, password file) is taken from `PG*` variables.
 *
 * @throws Refusal for a malformed URL
 */
export function stagingConnection(settings: Settings, env: Env): ConnectionConfig | null {
  if (settings.stagingUrl === undefined) return null
  const others = Object.entries(env).filter(([name]) => !OF_THE_TARGET.test(name))
  return resolveConnection({
    url: settings.stagingUrl,
    origin: 'staging-url',
    env: Object.fromEntries(others),
  })
}

/** Staging as the checks see it: a session, or why there is none. */
export interface Staging {
  readonly session: Session | null
  /** Why it can't be asked, although a URL is given. */
  readonly failure?: string
}

/** Opens staging for reading, hands it over, and closes it. That it can't be reached is told, and no reason to end the run. */
export async function withStaging<Result>(
  connection: ConnectionConfig | null,
  use: (staging: Staging) => Promise<Result>,
): Promise<Result> {
  if (connection === null) return use({ session: null })
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
      applicationName: applicationName(randomBytes(8).toString('hex'), 'staging'),
      settings: {
        default_transaction_read_only: 'on',
        statement_timeout: '60s',
        lock_timeout: '2s',
      },
    })
    return { session: unlosable(session) }
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
