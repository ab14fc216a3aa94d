import type { Session } from '../postgres/types.ts'

/** The newest run in the journal. */
export interface LastRun {
  readonly id: string
  readonly outcome: string | null
  readonly startedAt: Date
  /** The catalog as it left it, to be read by `deserialise`; null: it was killed, or is from before that was recorded. */
  readonly fingerprintAfter: string | null
}

/**
 * The run that changed this database last, by its beginning. Null where there is no journal, or no run in it yet.
 * Errors: ServerError 42501 where the role may not read schema airlock.
 */
export async function readLastRun(session: Session): Promise<LastRun | null> {
  const exists = await session.query(`select pg_catalog.to_regclass('airlock.runs') is not null`)
  if (exists.rows[0]?.[0] !== 't') return null
  const [row] = await session.rows<{
    id: string
    outcome: string | null
    startedAt: string
    fingerprintAfter: string | null
  }>(
    `select id, outcome, pg_catalog.to_json(started_at) #>> '{}' as "startedAt", fingerprint_after as "fingerprintAfter"
     from airlock.runs order by started_at desc, epoch desc limit 1`,
  )
  return row === undefined ? null : { ...row, startedAt: new Date(row.startedAt) }
}
