import type { Session } from '../postgres/types.ts'

/** The state of one step of this run, as committed; null when the journal has no such row. */
export async function stepState(
  session: Session,
  runId: string,
  version: string,
  ordinal: number,
): Promise<string | null> {
  const result = await session.query(
    `select s.state from airlock.steps s join airlock.migrations m on m.id = s.migration_id
     where s.run_id = $1 and m.version = $2 and s.ordinal = $3 order by m.id desc limit 1`,
    [runId, version, ordinal],
  )
  return result.rows[0]?.[0] ?? null
}

/** How many batches of a step this run has committed; null when the journal has no such row. */
export async function committedBatches(
  session: Session,
  runId: string,
  version: string,
  ordinal: number,
): Promise<number | null> {
  const result = await session.query(
    `select s.progress ->> 'batches' from airlock.steps s join airlock.migrations m on m.id = s.migration_id
     where s.run_id = $1 and m.version = $2 and s.ordinal = $3 order by m.id desc limit 1`,
    [runId, version, ordinal],
  )
  const batches = result.rows[0]?.[0]
  return batches == null ? null : Number(batches)
}
