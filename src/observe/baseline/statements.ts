import { ServerError } from '../../postgres/server-error.ts'
import type { Query, Session, TextResult } from '../../postgres/types.ts'
import type { ResultSetReport } from '../../report/types.ts'
import { shorten } from '../../report/visible.ts'
import { quoteIdentifier } from '../../sql/identifier.ts'
import { ourMark } from './read-only.ts'

/** Figures of one statement since the statistics were reset. */
export interface StatementFigures {
  /** Who ran what: user, query id, and whether at top level. */
  readonly key: string
  readonly query: string
  readonly calls: number
  /** Milliseconds, all calls together. */
  readonly total: number
}

export interface StatementSnapshot {
  readonly figures: readonly StatementFigures[]
  /** Why there are none, or not all, with what would allow it. */
  readonly note?: string
}

/** Where the extension is, if it is; and whether the role sees what other users run. */
export const extensionQuery: Query = {
  text: `SELECT ${ourMark} n.nspname, e.extversion, pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'),
       current_user
  FROM (SELECT 1) one
  LEFT JOIN pg_catalog.pg_extension e ON e.extname = 'pg_stat_statements'
  LEFT JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace`,
}

export interface StatementsExtension {
  readonly schema: string
  readonly version: string
  readonly seesAll: boolean
  readonly user: string
}

export function readExtension({ rows }: TextResult): StatementsExtension | null {
  const [schema, version, seesAll, user] = rows[0] ?? []
  if (schema == null || version == null) return null
  return { schema, version, seesAll: seesAll === 't', user: user ?? '' }
}

const howToGet =
  'pg_stat_statements is not installed in this database: add it to shared_preload_libraries, restart, then CREATE EXTENSION pg_stat_statements.'

/**
 * The statistics of this database's statements, ours left out. Times have other names before version 1.8 of the extension (PostgreSQL 13),
 * which an upgraded database may still have.
 * @throws ServerError only when the connection is lost
 */
export async function readStatements(
  session: Session,
  extension: StatementsExtension | null,
  redact: (text: string) => string,
): Promise<StatementSnapshot> {
  if (extension === null) return { figures: [], note: howToGet }
  const [major = 0, minor = 0] = extension.version.split('.').map(Number)
  if (major === 1 && minor < 8) {
    return {
      figures: [],
      note: `pg_stat_statements is of version ${extension.version}: ALTER EXTENSION pg_stat_statements UPDATE.`,
    }
  }
  try {
    const { rows } = await session.query(
      `SELECT ${ourMark} userid, queryid, ${major > 1 || minor >= 9 ? 'toplevel' : 'true'}, pg_catalog.left(query, 2000), calls, total_exec_time
         FROM ${quoteIdentifier(extension.schema)}.pg_stat_statements
        WHERE dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
          AND calls > 0 AND queryid IS NOT NULL AND pg_catalog.strpos(query, $1) = 0`,
      [ourMark],
    )
    return {
      figures: rows.map(([user, id, top, query, calls, total]) => ({
        key: `${user} ${id} ${top}`,
        query: shorten(redact((query ?? '').replace(/\s+/g, ' ').trim()), 1_000),
        calls: Number(calls),
        total: Number(total),
      })),
      ...(extension.seesAll ? {} : { note: hidden(extension) }),
    }
  } catch (error) {
    if (!(error instanceof ServerError) || error.lost) throw error
    return { figures: [], note: `pg_stat_statements: ${error.message} (SQLSTATE ${error.code}).` }
  }
}

function hidden({ user }: StatementsExtension): string {
  return `${quoteIdentifier(user)} sees only its own statements: GRANT pg_read_all_stats TO ${quoteIdentifier(user)}.`
}

/** The slowest by mean time, before and after; the difference names those that came and went. */
export function topStatements(
  before: StatementSnapshot,
  after: StatementSnapshot | null,
  limit: number,
): ResultSetReport[] {
  const first = slowest(before, limit)
  const second = after === null ? null : slowest(after, limit)
  if (limit === 0 || (first.length === 0 && (second ?? []).length === 0)) return []
  const without = (some: readonly StatementFigures[], others: readonly StatementFigures[]) =>
    some.filter(({ key }) => !others.some((other) => other.key === key))
  return [
    {
      title: 'Top statements by mean time',
      columns: ['query', 'calls', 'mean ms', 'total ms'],
      before: first.map(rowOf),
      after: second === null ? null : second.map(rowOf),
      difference:
        second === null
          ? []
          : [
              ...without(first, second).map(({ query }) => `- ${query}`),
              ...without(second, first).map(({ query }) => `+ ${query}`),
            ],
    },
  ]
}

function slowest({ figures }: StatementSnapshot, limit: number): StatementFigures[] {
  return figures.toSorted((a, b) => meanOf(b) - meanOf(a)).slice(0, limit)
}

/** Milliseconds a call. */
export const meanOf = ({ calls, total }: Pick<StatementFigures, 'calls' | 'total'>) => total / calls

function rowOf(figures: StatementFigures): string[] {
  const { query, calls, total } = figures
  return [query, String(calls), meanOf(figures).toFixed(3), total.toFixed(1)]
}
