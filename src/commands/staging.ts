import { resolveConnection } from '../postgres/connection.ts'
import type { ConnectionConfig } from '../postgres/types.ts'
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
