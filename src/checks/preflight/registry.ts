import type { Check } from '../check.ts'
import { extensionsInstalled } from './extensions-installed.ts'
import { extensionsNeeded } from './extensions-needed.ts'
import { extensionsStaging } from './extensions-staging.ts'
import { privilegesJournal } from './privileges-journal.ts'
import { privilegesOwnership } from './privileges-ownership.ts'
import { privilegesRole } from './privileges-role.ts'
import { privilegesSchemas } from './privileges-schemas.ts'
import { privilegesSpecial } from './privileges-special.ts'
import { privilegesTables } from './privileges-tables.ts'
import { serverEncoding } from './server-encoding.ts'
import { serverEventTriggers } from './server-event-triggers.ts'
import { serverPooler } from './server-pooler.ts'
import { serverPrimary } from './server-primary.ts'
import { serverReachable } from './server-reachable.ts'
import { serverReplication } from './server-replication.ts'
import { serverTimeouts } from './server-timeouts.ts'
import { serverTls } from './server-tls.ts'
import { serverVersion } from './server-version.ts'

/** Every preflight check, in the order of the summary's first table. */
export const preflightChecks: readonly Check[] = [
  serverReachable,
  serverTls,
  serverVersion,
  serverPrimary,
  serverPooler,
  serverEncoding,
  serverReplication,
  serverTimeouts,
  serverEventTriggers,
  extensionsInstalled,
  extensionsNeeded,
  extensionsStaging,
  privilegesRole,
  privilegesOwnership,
  privilegesSchemas,
  privilegesTables,
  privilegesSpecial,
  privilegesJournal,
]
