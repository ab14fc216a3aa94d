import type { PlannedMigration } from '../../plan/types.ts'
import type { Session } from '../../postgres/types.ts'
import { quoteName } from '../../sql/identifier.ts'
import { countTables } from './count.ts'
import { type DatabaseCounters, databaseCountersQuery, readCounters } from './counters.ts'
import { type InvalidObjects, invalidQuery, readInvalid } from './invalid.ts'
import type { BaselinePlan } from './plan.ts'
import type { TableCount } from './row-counts.ts'
import {
  extensionQuery,
  readExtension,
  readStatements,
  type StatementSnapshot,
  type StatementsExtension,
} from './statements.ts'
import { readTables, tableOf, tablesQuery } from './tables.ts'
import { touchedTables, type WantedTable } from './touched.ts'
import { type Answer, askProbes, askResultSets } from './user-queries.ts'

/** What a capture needs to know of the run. */
export interface CaptureOptions {
  readonly plan: BaselinePlan
  readonly pending: readonly PlannedMigration[]
  /** Schemas that unqualified names are looked up in. */
  readonly searchPath: readonly string[]
  /** Milliseconds. */
  readonly lockTimeout: number
  /** Milliseconds, for each of the user's queries. */
  readonly statementTimeout: number
  /** The migrations' role, where it is another than the login's. */
  readonly role?: string
  readonly user: string
  /** An interval is observed afterwards, which compares statements with those of before. */
  readonly observes: boolean
  /** Takes secrets out of what the database holds. */
  readonly redact: (text: string) => string
}

/** Everything that is measured at one time. */
export interface Capture {
  readonly at: string
  readonly tables: readonly TableCount[]
  /** Names of airlock.yml that no table has. */
  readonly missing: readonly string[]
  readonly probes: readonly Answer[]
  readonly queries: readonly Answer[]
  readonly extension: StatementsExtension | null
  readonly statements: StatementSnapshot
  readonly counters: DatabaseCounters
  readonly invalid: InvalidObjects
}

/**
 * Measures, reading only, in autocommit and short transactions of its own. `earlier` is the capture of before, whose tables are found again by
 * OID, renamed or not. Two or three round trips, and one for each large table and each of the user's queries.
 * @throws ServerError only when the connection is lost
 */
export async function capture(
  session: Session,
  options: CaptureOptions,
  earlier: Capture | null,
): Promise<Capture> {
  const { plan, searchPath, role, lockTimeout, statementTimeout, redact } = options
  const wanted = [...plan.rows, ...touchedTables(options.pending)]
  const oids = earlier?.tables.map(({ table }) => table.oid) ?? []
  const [found, counters, invalid, extensions] = await session.pipeline([
    tablesQuery(wanted, searchPath, oids, role),
    databaseCountersQuery,
    invalidQuery,
    extensionQuery,
  ])
  const tables = readTables(found ?? nothing)
  const meant = meantBy(wanted, plan.rows, tables, searchPath)
  const followed = tables.filter(({ oid }) => oids.includes(oid))
  const known = earlier?.tables.map(({ table }) => table.table)
  const counting = [...new Set([...meant.tables, ...followed])].filter(
    // What the run itself has made needs no count: it was not there before.
    ({ oid, table }) => known === undefined || oids.includes(oid) || known.includes(table),
  )
  const counts = await countTables(session, counting, { ...options, budget: plan.budget })
  const extension = readExtension(extensions ?? nothing)
  const asking = { lockTimeout, statementTimeout, redact, ...(role === undefined ? {} : { role }) }
  return {
    at: new Date().toISOString(),
    tables: counting.map((table) => ({
      table,
      counted: counts.get(table.oid) ?? { rows: null, exact: false },
    })),
    missing: meant.missing,
    probes: await askProbes(session, plan.probes, asking),
    queries: await askResultSets(session, plan.queries, asking),
    extension,
    statements:
      plan.topStatements > 0 || options.observes
        ? await readStatements(session, extension, redact)
        : { figures: [] },
    counters: readCounters(counters ?? nothing),
    invalid: readInvalid(invalid ?? nothing),
  }
}

const nothing = { tag: '', columns: [], rows: [] }

/** Those that the plan touches hold rows of their own; a view or a foreign table is counted only where airlock.yml names it. */
const holdsRows: ReadonlySet<string> = new Set(['r', 'p', 'm'])

function meantBy(
  wanted: readonly WantedTable[],
  named: readonly WantedTable[],
  tables: Capture['tables'][number]['table'][],
  searchPath: readonly string[],
) {
  const missing: string[] = []
  const found = wanted.flatMap((name) => {
    const asked = named.includes(name)
    const table = tableOf(name, tables, searchPath)
    if (table === null && asked) missing.push(quoteName(name))
    return table !== null && (asked || holdsRows.has(table.kind)) ? [table] : []
  })
  return { tables: [...new Set(found)], missing }
}
