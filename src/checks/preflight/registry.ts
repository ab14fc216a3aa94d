import type { Check } from '../check.ts'
import { autovacuum } from './autovacuum.ts'
import { connectionSlots } from './connection-slots.ts'
import { dataChecks } from './data.ts'
import { drift } from './drift.ts'
import { extensionsInstalled } from './extensions-installed.ts'
import { extensionsNeeded } from './extensions-needed.ts'
import { extensionsStaging } from './extensions-staging.ts'
import { idleInTransaction } from './idle-in-transaction.ts'
import { invalidIndexes } from './invalid-indexes.ts'
import { keptRows } from './kept-rows.ts'
import { lockWaits } from './lock-waits.ts'
import { longTransactions } from './long-transactions.ts'
import { notValidConstraints } from './not-valid-constraints.ts'
import { planDigestCheck } from './plan-digest.ts'
import { preparedTransactions } from './prepared-transactions.ts'
import { privilegesJournal } from './privileges-journal.ts'
import { privilegesOwnership } from './privileges-ownership.ts'
import { privilegesRole } from './privileges-role.ts'
import { privilegesSchemas } from './privileges-schemas.ts'
import { privilegesSpecial } from './privileges-special.ts'
import { privilegesTables } from './privileges-tables.ts'
import { replication } from './replication.ts'
import { room } from './room.ts'
import { serverEncoding } from './server-encoding.ts'
import { serverEventTriggers } from './server-event-triggers.ts'
import { serverPooler } from './server-pooler.ts'
import { serverPrimary } from './server-primary.ts'
import { serverReachable } from './server-reachable.ts'
import { serverReplication } from './server-replication.ts'
import { serverTimeouts } from './server-timeouts.ts'
import { serverTls } from './server-tls.ts'
import { serverVersion } from './server-version.ts'
import { transactionIdAge } from './transaction-id-age.ts'

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
  longTransactions,
  idleInTransaction,
  preparedTransactions,
  lockWaits,
  autovacuum,
  replication,
  connectionSlots,
  transactionIdAge,
  invalidIndexes,
  notValidConstraints,
  room,
  ...dataChecks,
  drift,
  keptRows,
  planDigestCheck,
]
