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
 * INVALID indexes that a REINDEX CONCURRENTLY left behind on the named tables, or on those of the named indexes, when it was cut off: the server names
 * them …_ccnew or …_ccold. None of a table on which a build is going on.
 */
export async function readRebuildLeftovers(
  session: Session,
  names: readonly string[],
): Promise<{ readonly oid: number; readonly name: string }[]> {
  if (names.length === 0) return []
  return session.rows(
    `select distinct i.indexrelid::pg_catalog.int8::pg_catalog.float8 as oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as name
     from pg_catalog.unnest($1::pg_catalog.text[]) as given
     left join pg_catalog.pg_index named on named.indexrelid = pg_catalog.to_regclass(given)
     join pg_catalog.pg_index i on i.indrelid = coalesce(named.indrelid, pg_catalog.to_regclass(given))
     join pg_catalog.pg_class c on c.oid = i.indexrelid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where not i.indisvalid and c.relname ~ '_cc(new|old)[0-9]*$'
       and not exists (select from pg_catalog.pg_stat_progress_create_index p where p.relid = i.indrelid)`,
    [names],
  )
}

/** Was a DETACH PARTITION … CONCURRENTLY of this partition begun and not ended? Names are quoted SQL names. */
export async function isDetachPending(
  session: Session,
  parent: string,
  partition: string,
): Promise<boolean> {
  const result = await session.query(
    `select exists (select from pg_catalog.pg_inherits
       where inhparent = pg_catalog.to_regclass($1) and inhrelid = pg_catalog.to_regclass($2) and inhdetachpending)`,
    [parent, partition],
  )
  return result.rows[0]?.[0] === 't'
}
