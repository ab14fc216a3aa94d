import type { Check } from '../check.ts'
import { autovacuum } from './autovacuum.ts'
import { connectionSlots } from './connection-slots.ts'
import { dataChecks } from './data.ts'
import { drift } from './drift.ts'
import { idleInTransaction } from './idle-in-transaction.ts'
import { invalidIndexes } from './invalid-indexes.ts'
import { lockWaits } from './lock-waits.ts'
import { longTransactions } from './long-transactions.ts'
import { notValidConstraints } from './not-valid-constraints.ts'
import { planDigestCheck } from './plan-digest.ts'
import { preparedTransactions } from './prepared-transactions.ts'
import { replication } from './replication.ts'
import { room } from './room.ts'
import { serverVersion } from './server-version.ts'
import { transactionIdAge } from './transaction-id-age.ts'

/** Every preflight check, in the order of the summary's first table. */
export const preflightChecks: readonly Check[] = [
  serverVersion,
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
  planDigestCheck,
]
