import type { Query, TextResult } from '../../postgres/types.ts'
import type { BaselineRow } from '../../report/types.ts'
import { ourMark } from './read-only.ts'

/** At most this many are read: more are no list for a person. */
const kept = 1_000

/**
 * Indexes that are INVALID (those of partitioned tables too, which are so while a partition lacks its own) and constraints that are NOT VALID.
 * A constraint NOT ENFORCED (18) is not validated by nature and none of these; older catalogs have no such column, hence by way of jsonb.
 */
export const invalidQuery: Query = {
  text: `SELECT ${ourMark} * FROM (
  SELECT 'index ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS name, 'INVALID' AS state
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE NOT i.indisvalid AND n.nspname !~ '^pg_(toast|temp)'
  UNION ALL
  SELECT 'constraint ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(coalesce(t.relname, d.typname)) || '.' || pg_catalog.quote_ident(k.conname), 'NOT VALID'
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
    LEFT JOIN pg_catalog.pg_class t ON t.oid = k.conrelid
    LEFT JOIN pg_catalog.pg_type d ON d.oid = k.contypid
   WHERE NOT k.convalidated AND coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::boolean, true)
) o ORDER BY name COLLATE "C" LIMIT ${kept}`,
}

export type InvalidObjects = ReadonlyMap<string, string>

export function readInvalid({ rows }: TextResult): InvalidObjects {
  return new Map(rows.map(([name, state]) => [name ?? '', state ?? '']))
}

/** Every object that was invalid before or is after. */
export function invalidRows(before: InvalidObjects, after: InvalidObjects | null): BaselineRow[] {
  const names = [...new Set([...before.keys(), ...(after?.keys() ?? [])])]
  return names.map((name) => ({
    name,
    before: before.get(name) ?? 'valid or not there',
    after: after === null ? null : (after.get(name) ?? 'valid or gone'),
  }))
}
