import type { Session } from '../postgres/types.ts'
import type { RowEffect } from '../report/types.ts'

/** A version whose newest attempt was undone, with the row changes of it that had been committed: an undo of the catalog leaves them. */
export interface UndoneVersion {
  readonly version: string
  /** Of the forward script as it was then. */
  readonly checksum: string
  /** ISO 8601. */
  readonly undoneAt: string
  /** As they were counted a step; a table may have several entries. */
  readonly rowEffects: readonly RowEffect[]
}

/**
 * Versions that are undone now, and what their committed steps had done to rows. Empty where there is no journal.
 * Errors: ServerError 42501 where the role may not read schema airlock.
 */
export async function readUndoneVersions(session: Session): Promise<readonly UndoneVersion[]> {
  const exists = await session.query(
    `select pg_catalog.to_regclass('airlock.migrations') is not null`,
  )
  if (exists.rows[0]?.[0] !== 't') return []
  return session.rows<UndoneVersion>(
    `select version, checksum, coalesce(pg_catalog.to_char(rolled_back_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '') as "undoneAt",
       coalesce((
         select pg_catalog.json_agg(effect) from airlock.steps s, pg_catalog.jsonb_array_elements(pg_catalog.to_jsonb(s.row_effects)) as effect
         where s.migration_id = m.id
       ), '[]') as "rowEffects"
     from airlock.migrations m
     where state = 'rolled-back' and not exists (select from airlock.migrations later where later.version = m.version and later.id > m.id)
     order by id`,
  )
}
