import { ServerError } from '../postgres/server-error.ts'
import type { Session } from '../postgres/types.ts'
import { Refusal } from '../report/refusal.ts'
import { queryShape } from '../sql/query-shape.ts'
import { parseScript } from '../sql/script.ts'

/** The replication slot that keeps the most WAL. */
export interface RetainingSlot {
  readonly name: string
  readonly type: 'physical' | 'logical'
  readonly active: boolean
  readonly retainedBytes: number
  /** 'reserved', 'extended', 'unreserved'. */
  readonly walStatus: string
  /** Bytes that may still be written before the slot is lost; null without max_slot_wal_keep_size. */
  readonly safeBytes: number | null
}

/**
 * Slots that are lost keep nothing any more. Every role may read them. One query, to be asked in autocommit.
 */
export async function readRetainedWal(observer: Session): Promise<RetainingSlot | null> {
  const [slot] = await observer.rows<RetainingSlot>(
    `select slot_name::pg_catalog.text as name, slot_type as type, active, coalesce(wal_status, '') as "walStatus", safe_wal_size as "safeBytes",
            pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), restart_lsn)::pg_catalog.int8 as "retainedBytes"
     from pg_catalog.pg_replication_slots
     where restart_lsn is not null and wal_status is distinct from 'lost'
     order by "retainedBytes" desc, name limit 1`,
  )
  return slot ?? null
}

/** Free bytes, or why they are not known. */
export type FreeSpace = { readonly bytes: number } | { readonly unknown: string }

/**
 * Asks the user's query for the free bytes. It is one simple message, which Postgres makes a transaction of its own and ends itself, also after an error: a
 * BEGIN of ours would leave the observer in a failed transaction, in which it could not cancel anything.
 * Errors: ServerError where the connection is lost.
 */
export async function readFreeSpace(
  observer: Session,
  query: string,
  timeoutMs: number,
): Promise<FreeSpace> {
  try {
    const results = await observer.simple(
      `set transaction read only; set local statement_timeout = ${timeoutMs}; set local lock_timeout = 200; ${query}`,
    )
    return freeSpaceOf(results.at(-1)?.rows ?? [])
  } catch (error) {
    if (!(error instanceof ServerError) || error.lost) throw error
    return { unknown: `the query failed: ${error.message} (SQLSTATE ${error.code})` }
  }
}

/** One row of one column that is a number of bytes, or why that is not what came. */
export function freeSpaceOf(rows: readonly (readonly (string | null)[])[]): FreeSpace {
  const [row] = rows
  if (row === undefined || rows.length > 1 || row.length !== 1) {
    return {
      unknown: `the query returned ${rows.length} rows of ${row?.length ?? 0} columns, not one value`,
    }
  }
  const [value] = row
  if (value == null) return { unknown: 'the query returned NULL' }
  const bytes = value.trim() === '' ? Number.NaN : Number(value)
  return Number.isFinite(bytes)
    ? { bytes }
    : { unknown: `the query returned "${value.slice(0, 40)}", not a number of bytes` }
}

/**
 * The text of a query that only reads and is one statement, without its semicolon. The parser must be loaded.
 *
 * @throws Refusal for anything else; READ ONLY does not stop LOCK TABLE, COPY TO PROGRAM or a COMMIT with more behind it
 */
export function guardQuery(query: string): string {
  const refuse = (what: string) =>
    new Refusal({
      what: `disk-guard.query ${what}`,
      why: 'It is asked again and again beside the migrations, so it may only read: one SELECT, VALUES, TABLE, SHOW or WITH … SELECT.',
      fix: 'Write one query that returns the free bytes of the server’s disk; WITH puts several into one.',
    })
  const statements = statementsOf(query, refuse)
  const [statement, ...others] = statements
  if (statement === undefined) throw refuse('holds no statement')
  if (others.length > 0) throw refuse(`holds ${statements.length} statements`)
  const shape = queryShape(statement.node)
  if (typeof shape === 'string') throw refuse(`can't be this ${statement.kind}: ${shape}`)
  return statement.text
}

function statementsOf(query: string, refuse: (what: string) => Refusal) {
  try {
    return parseScript('disk-guard.query', query).statements
  } catch (error) {
    // The place counts lines of the query, not of airlock.yml.
    throw error instanceof Refusal ? refuse(`is no SQL: ${error.parts.what}`) : error
  }
}
