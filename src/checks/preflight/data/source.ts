import { ServerError } from '../../../postgres/server-error.ts'
import type { Session } from '../../../postgres/types.ts'
import { durationText } from '../../../report/duration-text.ts'

interface ReplicaState {
  readonly system: string
  readonly standby: boolean
  readonly lsn: string | null
  /** Milliseconds; null where nothing was replayed yet. */
  readonly lag: number | null
}

/** Of a replica: where it stands, in words, or why what it says can't be trusted. */
export type ReplicaWords = { readonly words: string } | { readonly refused: string }

/** How far the replica has come. One of another cluster than the target holds other rows. */
export async function describeReplica(
  session: Session,
  targetSystem: string | undefined,
): Promise<ReplicaWords> {
  const [state] = await session.rows<ReplicaState>(
    `SELECT (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) AS system,
      pg_catalog.pg_is_in_recovery() AS standby,
      pg_catalog.pg_last_wal_replay_lsn()::text AS lsn,
      (extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) * 1000)::float8 AS lag`,
  )
  if (state === undefined) return { refused: 'the replica did not say how far it is' }
  if (targetSystem !== undefined && targetSystem !== state.system) {
    return {
      refused: `preflight.replica-url leads to another cluster (${state.system}) than the target (${targetSystem})`,
    }
  }
  if (!state.standby) return { words: ' (preflight.replica-url leads to the primary itself)' }
  const lag =
    state.lag === null
      ? 'nothing replayed yet'
      : `last replayed transaction ${durationText(state.lag)} ago`
  return { words: ` on the replica, at LSN ${state.lsn}, ${lag}` }
}

/** What a connection that failed said. */
export function failureWords(error: unknown): string {
  if (error instanceof ServerError) return `${error.message} (SQLSTATE ${error.code})`
  throw error
}
