import type { Session } from '../postgres/types.ts'

/** The catalog as a run found it, as a serialised fingerprint; null when the run is not known. */
export async function readRunBefore(session: Session, runId: string): Promise<string | null> {
  const result = await session.query('select fingerprint_before from airlock.runs where id = $1', [
    runId,
  ])
  return result.rows[0]?.[0] ?? null
}
