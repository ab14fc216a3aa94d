import { resolveConnection } from '../postgres/connection.ts'
import type { ConnectionConfig } from '../postgres/types.ts'
import type { Gates } from '../runbook/gates/sections.ts'
import type { Settings } from '../runbook/types.ts'

type Env = Readonly<Record<string, string | undefined>>

/** libpq's variables that say which server and database: they speak of the target, and must not complete another's URL. */
const OF_THE_TARGET =
  /^PG(HOST|HOSTADDR|PORT|DATABASE|USER|PASSWORD|SERVICE|OPTIONS|APPNAME|TARGETSESSIONATTRS)$/

/**
 * How to reach a database that is not the target; null where no URL is given. How to connect (TLS, timeout, password file) is taken from `PG*`
 * variables.
 *
 * @param origin what a refusal calls the URL: 'staging-url'
 * @throws Refusal for a malformed URL
 */
export function besideTarget(
  url: string | undefined,
  origin: string,
  env: Env,
): ConnectionConfig | null {
  if (url === undefined) return null
  const others = Object.entries(env).filter(([name]) => !OF_THE_TARGET.test(name))
  return resolveConnection({ url, origin, env: Object.fromEntries(others) })
}

/** Every database beside the target that a run may connect to; null where none is named, or the command has no use for it. */
export interface BesideTarget {
  /** The database that the target must resemble. */
  readonly staging: ConnectionConfig | null
  /** Where the data prechecks are asked. */
  readonly replica: ConnectionConfig | null
  /** Where the backup is restored. */
  readonly drill: ConnectionConfig | null
}

/**
 * All of them, so that what is malformed is refused before anything connects.
 *
 * @throws Refusal for a malformed URL
 */
export function resolveBesideTarget(
  { command, stagingUrl }: Settings,
  { preflight, backup }: Gates,
  env: Env,
): BesideTarget {
  const isChecking = command === 'plan' || command === 'deploy'
  const replicaUrl = isChecking ? preflight['replica-url'] : undefined
  const drill = backup?.['pg-dump']?.drill ?? backup?.command?.drill
  const drillUrl = command === 'deploy' ? drill?.url : undefined
  return {
    staging: besideTarget(stagingUrl, 'staging-url', env),
    replica: besideTarget(replicaUrl, 'preflight.replica-url', env),
    drill: besideTarget(drillUrl, 'backup.drill.url', env),
  }
}
