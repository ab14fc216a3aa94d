import type { Query } from '../../postgres/types.ts'
import type { BaselineReport } from '../../report/types.ts'
import { counterRows, type DatabaseCounters } from './counters.ts'
import { ourMark } from './read-only.ts'

/** Counters of the replica, why they could not be had, or null where airlock.yml names no replica. */
export type ReplicaCounters = DatabaseCounters | { readonly unknown: string } | null

/**
 * Queries of this database that replay has cancelled on a standby, and what it has received and not replayed yet: a strong lock that we took, or rows that we
 * removed, may be why. Every role may read them; on a primary they are 0 and NULL.
 */
export const replicaCountersQuery: Query = {
  text: `SELECT ${ourMark} c.confl_lock AS "replica: queries cancelled for a lock", c.confl_snapshot AS "replica: queries cancelled for removed rows",
       c.confl_tablespace + c.confl_bufferpin + c.confl_deadlock AS "replica: queries cancelled otherwise",
       pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())::pg_catalog.int8
         AS "replica: bytes received and not replayed", d.stats_reset
  FROM pg_catalog.pg_stat_database_conflicts c JOIN pg_catalog.pg_stat_database d USING (datid)
 WHERE c.datname = pg_catalog.current_database()`,
}

/** The report with the replica's counters beside those of the database. */
export function withReplica(
  report: BaselineReport,
  before: ReplicaCounters,
  after: ReplicaCounters,
): BaselineReport {
  if (before === null) return report
  const unknown = [before, after].flatMap((one) =>
    one !== null && 'unknown' in one
      ? [`Conflicts on the replica are not checked: ${one.unknown}.`]
      : [],
  )
  const rows =
    'unknown' in before
      ? []
      : counterRows(before, after === null || 'unknown' in after ? null : after)
  return {
    ...report,
    counters: [...report.counters, ...rows],
    notes: [...report.notes, ...new Set(unknown)],
  }
}
