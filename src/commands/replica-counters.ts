import { readCounters } from '../observe/baseline/counters.ts'
import { type ReplicaCounters, replicaCountersQuery } from '../observe/baseline/replica.ts'
import { applicationName } from '../postgres/application-name.ts'
import { ServerError } from '../postgres/server-error.ts'
import { connect } from '../postgres/session.ts'
import type { CommandContext } from './context.ts'

/** Asks preflight.replica-url, on a connection of a moment. What fails is told, and stops nothing. */
export async function readReplicaCounters({
  replica,
  report,
  redact,
}: CommandContext): Promise<ReplicaCounters> {
  if (replica === null) return null
  try {
    const session = await connect(replica, {
      name: 'replica',
      applicationName: applicationName(report.runId ?? '', 'data'),
    })
    try {
      return readCounters(await session.query(replicaCountersQuery.text))
    } finally {
      await session.close()
    }
  } catch (error) {
    if (!(error instanceof ServerError)) throw error
    return { unknown: redact(error.message) }
  }
}
