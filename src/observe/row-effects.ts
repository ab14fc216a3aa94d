import type { TextResult } from '../postgres/types.ts'
import type { RowEffect } from '../report/types.ts'

/** Rows touched so far by this transaction, as this session counts them: per table, and whether the server counts at all. */
export interface Counters {
  readonly counted: boolean
  readonly tables: ReadonlyMap<string, Counts>
}

interface Counts {
  /** Unquoted; the key is as the server prints it. */
  readonly schema: string
  readonly name: string
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
}

/**
 * Reads the counters of the current transaction. Safe anywhere in it: by the simple protocol, all names qualified. One row a table with counts; `counted` false where
 * `track_counts` is off. To be appended to BEGIN in one message, and sent again before the journal row.
 *
 * Counts of the session's earlier transactions leak in for about a second (measured on 14–18), which is why two reads are subtracted.
 */
export const countersQuery = `SELECT pg_catalog.current_setting('track_counts') AS counted, s.schemaname, s.relname,
  pg_catalog.quote_ident(s.schemaname) OPERATOR(pg_catalog.||) '.' OPERATOR(pg_catalog.||) pg_catalog.quote_ident(s.relname) AS "table",
  s.n_tup_ins, s.n_tup_upd, s.n_tup_del
FROM (SELECT 1) one
LEFT JOIN pg_catalog.pg_stat_xact_all_tables s
  ON s.schemaname OPERATOR(pg_catalog.<>) ALL ('{airlock,pg_catalog,information_schema,pg_toast}'::pg_catalog.name[])
 AND NOT s.schemaname OPERATOR(pg_catalog.~) '^pg_(toast_)?temp_'
 AND s.n_tup_ins OPERATOR(pg_catalog.+) s.n_tup_upd OPERATOR(pg_catalog.+) s.n_tup_del OPERATOR(pg_catalog.>) 0`

/** The result of `countersQuery`. */
export function readCounters(result: TextResult): Counters {
  const tables = new Map<string, Counts>()
  for (const [, schema, name, table, inserted, updated, deleted] of result.rows) {
    if (schema == null || name == null || table == null) continue
    tables.set(table, {
      schema,
      name,
      inserted: Number(inserted),
      updated: Number(updated),
      deleted: Number(deleted),
    })
  }
  return { counted: result.rows[0]?.[0] === 'on', tables }
}

/**
 * What happened between two reads of one transaction, sorted by table. Rows of rolled-back savepoints count too, so `certainty` is 'at-most' where there are
 * savepoints or exception blocks. TRUNCATE and DROP are not counted, and erase what was counted before: those come from the plan.
 */
export function rowEffects(
  start: Counters,
  end: Counters,
  certainty: 'exact' | 'at-most',
): RowEffect[] {
  const effects = [...end.tables].map(([table, counts]) => {
    const before = start.tables.get(table)
    return {
      table,
      inserted: counts.inserted - (before?.inserted ?? 0),
      updated: counts.updated - (before?.updated ?? 0),
      deleted: counts.deleted - (before?.deleted ?? 0),
      certainty,
    }
  })
  return effects
    .filter(({ inserted, updated, deleted }) => inserted !== 0 || updated !== 0 || deleted !== 0)
    .map(withoutNegative)
    .toSorted((a, b) => (a.table < b.table ? -1 : 1))
}

/** Less than at the start: the table was truncated or made anew under its name, and its counts began again. */
function withoutNegative(effect: RowEffect): RowEffect {
  const { inserted, updated, deleted } = effect
  if (inserted >= 0 && updated >= 0 && deleted >= 0) return effect
  return notChecked(effect.table, 'The counters of this table began anew within the transaction.')
}

/** A table of which nothing can be told, with the reason. */
export function notChecked(table: string, reason: string): RowEffect {
  return { table, inserted: 0, updated: 0, deleted: 0, certainty: 'not-checked', reason }
}
