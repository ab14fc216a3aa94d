import type { Query, TextResult } from '../../postgres/types.ts'
import type { BaselineRow } from '../../report/types.ts'
import { ourMark } from './read-only.ts'

/** Counters of pg_stat_database for this database, since its statistics were reset. */
export interface DatabaseCounters {
  readonly values: ReadonlyMap<string, string | null>
  readonly reset: string | null
}

/** Any role may read them. */
export const databaseCountersQuery: Query = {
  text: `SELECT ${ourMark} xact_commit AS commits, xact_rollback AS rollbacks, deadlocks, conflicts, temp_files AS "temporary files",
       temp_bytes AS "temporary bytes", blks_read AS "blocks read", blks_hit AS "blocks found in cache",
       checksum_failures AS "checksum failures", stats_reset
  FROM pg_catalog.pg_stat_database WHERE datname = pg_catalog.current_database()`,
}

export function readCounters({ columns, rows }: TextResult): DatabaseCounters {
  const entries = columns.map(({ name }, index): [string, string | null] => [
    name,
    rows[0]?.[index] ?? null,
  ])
  const { stats_reset: reset = null, ...values } = Object.fromEntries(entries)
  return { values: new Map(Object.entries(values)), reset }
}

/** Before and after; the note tells the difference: what this run and all others did meanwhile. */
export function counterRows(
  before: DatabaseCounters,
  after: DatabaseCounters | null,
): BaselineRow[] {
  return [...before.values].map(([name, first]) => {
    const second = after?.values.get(name) ?? null
    const note =
      after === null ? undefined : noteOf(name, first, second, before.reset === after.reset)
    return { name, before: first, after: second, ...(note === undefined ? {} : { note }) }
  })
}

function noteOf(
  name: string,
  before: string | null,
  after: string | null,
  comparable: boolean,
): string | undefined {
  if (before === null || after === null) {
    return name === 'checksum failures' ? 'data checksums are off' : undefined
  }
  if (!comparable) return 'the statistics were reset meanwhile'
  const delta = BigInt(after) - BigInt(before)
  return `${delta < 0n ? '' : '+'}${delta}`
}
