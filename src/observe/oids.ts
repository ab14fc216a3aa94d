import type { Session } from '../postgres/types.ts'

/**
 * OIDs of relations by name, as the session's search path finds them; null where there is none. Names are quoted SQL names. One round
 * trip whatever their number.
 */
export async function readOids(
  session: Session,
  names: readonly string[],
): Promise<Record<string, number | null>> {
  if (names.length === 0) return {}
  const rows = await session.rows<{ name: string; oid: string | null }>(
    `select name, pg_catalog.to_regclass(name)::pg_catalog.oid::pg_catalog.text as oid
     from pg_catalog.unnest($1::pg_catalog.text[]) as name`,
    [names],
  )
  return Object.fromEntries(rows.map(({ name, oid }) => [name, oid === null ? null : Number(oid)]))
}

export interface IndexState {
  readonly name: string
  readonly valid: boolean
}

/** Those of the named relations that are indexes, and whether they are valid, ready and live. */
export async function readIndexes(
  session: Session,
  names: readonly string[],
): Promise<IndexState[]> {
  if (names.length === 0) return []
  return session.rows<IndexState>(
    `select name, i.indisvalid and i.indisready and i.indislive as valid
     from pg_catalog.unnest($1::pg_catalog.text[]) as name
     join pg_catalog.pg_index i on i.indexrelid = pg_catalog.to_regclass(name)`,
    [names],
  )
}

/**
 * How far a DETACH PARTITION … CONCURRENTLY of this partition has come; `pending` when it was begun and not ended. Names are quoted SQL names.
 */
export async function readDetach(
  session: Session,
  parent: string,
  partition: string,
): Promise<'attached' | 'pending' | 'detached'> {
  const [row] = await session.rows<{ readonly pending: boolean }>(
    `select inhdetachpending as pending from pg_catalog.pg_inherits
     where inhparent = pg_catalog.to_regclass($1) and inhrelid = pg_catalog.to_regclass($2)`,
    [parent, partition],
  )
  if (row === undefined) return 'detached'
  return row.pending ? 'pending' : 'attached'
}
