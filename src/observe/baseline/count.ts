import { ServerError } from '../../postgres/server-error.ts'
import { sqlstate } from '../../postgres/sqlstate.ts'
import type { Session } from '../../postgres/types.ts'
import { quoteIdentifier } from '../../sql/identifier.ts'
import { askReadOnly, ourMark } from './read-only.ts'
import type { TableFacts } from './tables.ts'

/** Rows of one table: counted, or as the planner's statistics estimate them. */
export interface Counted {
  /** Null: not even an estimate. */
  readonly rows: number | null
  readonly exact: boolean
  /** Why it is no exact count. */
  readonly reason?: string
}

export interface CountOptions {
  /** Milliseconds for all tables together. */
  readonly budget: number
  readonly lockTimeout: number
  readonly role?: string
  /** Who is to be granted what is missing, as the server prints it. */
  readonly user: string
}

/** 16 MB: together these are read in well under a second. */
const fewPages = 2_048
const tablesAtOnce = 500

/**
 * Counts rows, small tables first and many in one query, each large one by itself, until the budget is used up: what is left is estimated.
 * So a huge table costs no other its exact count. Statistics may be older than the table, so a query for many gets half of what remains; views,
 * of which there are none, come last.
 * Returns an entry a table, by OID.
 * @throws ServerError only when the connection is lost
 */
export async function countTables(
  session: Session,
  tables: readonly TableFacts[],
  options: CountOptions,
): Promise<ReadonlyMap<string, Counted>> {
  const counted = new Map<string, Counted>()
  const end = performance.now() + options.budget
  const remaining = () => end - performance.now()
  for (const table of tables.filter(({ readable }) => !readable)) {
    counted.set(table.oid, forbidden(table, options))
  }
  const readable = tables.filter((table) => table.readable).toSorted(inOrder)
  const { small, large } = parted(readable)
  for (let first = 0; first < small.length; first += tablesAtOnce) {
    const some = small.slice(first, first + tablesAtOnce)
    const rows = some.length === 1 ? null : await tryCount(session, some, remaining() / 2, options)
    for (const [index, { oid }] of some.entries()) {
      const one = Array.isArray(rows) ? rows[index] : undefined
      if (one !== undefined) counted.set(oid, { rows: one, exact: true })
    }
  }
  for (const table of [...small, ...large].filter(({ oid }) => !counted.has(oid))) {
    const rows = await tryCount(session, [table], remaining(), options)
    counted.set(
      table.oid,
      Array.isArray(rows)
        ? { rows: rows[0] ?? null, exact: true }
        : estimated(table, rows, options),
    )
  }
  return counted
}

/** Never analysed: nobody knows, so after those that are known to be small. */
const inOrder = (a: TableFacts, b: TableFacts) =>
  rankOf(a) - rankOf(b) || a.pages - b.pages || (a.estimate ?? 0) - (b.estimate ?? 0)

const isStored = ({ kind }: TableFacts) => kind !== 'v' && kind !== 'f'

const rankOf = (table: TableFacts) => (!isStored(table) ? 2 : table.estimate === null ? 1 : 0)

function parted(tables: readonly TableFacts[]): {
  readonly small: readonly TableFacts[]
  readonly large: readonly TableFacts[]
} {
  let pages = 0
  const first = tables.findIndex((table) => {
    pages += table.pages
    return pages > fewPages || !isStored(table)
  })
  return first < 0
    ? { small: tables, large: [] }
    : { small: tables.slice(0, first), large: tables.slice(first) }
}

/** The counts in the order of the tables; the server's error where there are none, null where no time is left. */
async function tryCount(
  session: Session,
  tables: readonly TableFacts[],
  milliseconds: number,
  { lockTimeout, role }: CountOptions,
): Promise<number[] | ServerError | null> {
  if (milliseconds < 1) return null
  const query = tables
    .map(({ table }, index) => `SELECT ${ourMark} ${index}, pg_catalog.count(*) FROM ${table}`)
    .join(' UNION ALL ')
  try {
    const { rows } = await askReadOnly(session, query, {
      lockTimeout: Math.min(lockTimeout, milliseconds),
      statementTimeout: milliseconds,
      ...(role === undefined ? {} : { role }),
    })
    const found = new Map(rows.map(([index, count]) => [Number(index), Number(count)]))
    return tables.map((_, index) => found.get(index) ?? Number.NaN)
  } catch (error) {
    if (!(error instanceof ServerError) || error.lost) throw error
    return error
  }
}

function estimated(table: TableFacts, error: ServerError | null, options: CountOptions): Counted {
  if (error?.code === sqlstate.insufficientPrivilege) {
    return {
      rows: table.estimate,
      exact: false,
      reason: `row security hides rows of ${table.table} from ${grantee(options)} (${error.message}): ALTER ROLE … BYPASSRLS allows the count`,
    }
  }
  const slow = error === null || error.code === sqlstate.queryCanceled
  const why = slow
    ? `counting takes longer than baseline.budget (${options.budget} ms)`
    : error.code === sqlstate.lockNotAvailable
      ? 'another session has the table locked'
      : `it could not be counted: ${error.message} (SQLSTATE ${error.code})`
  const kind =
    table.estimate === null
      ? 'no estimate either: it was never analysed'
      : 'estimate of the last ANALYZE or VACUUM'
  return { rows: table.estimate, exact: false, reason: `${kind}; ${why}` }
}

function forbidden(table: TableFacts, options: CountOptions): Counted {
  return {
    rows: table.estimate,
    exact: false,
    reason: `${grantee(options)} may not read it: GRANT SELECT ON ${table.table} TO ${grantee(options)}`,
  }
}

const grantee = ({ role, user }: CountOptions) => quoteIdentifier(role ?? user)
