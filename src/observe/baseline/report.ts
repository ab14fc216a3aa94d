import type { BaselineReport, RowCountReport } from '../../report/types.ts'
import type { Capture } from './capture.ts'
import { counterRows } from './counters.ts'
import { invalidRows } from './invalid.ts'
import type { BaselinePlan } from './plan.ts'
import { type CountPair, type OwnRows, rowCounts } from './row-counts.ts'
import { topStatements } from './statements.ts'
import { probeRows, resultSets } from './user-queries.ts'

/** Both captures beside one another; `after` null: the run has not come that far. Pure. */
export function baselineReport(
  plan: BaselinePlan,
  before: Capture,
  after: Capture | null,
  own: OwnRows,
): BaselineReport {
  return {
    capturedAt: before.at,
    capturedAfterAt: after?.at ?? null,
    rows: [
      ...rowCounts(pairsOf(before, after), own, after?.tables ?? []),
      ...missingTables(before, after),
    ],
    probes: probeRows(plan.probes, before.probes, after?.probes ?? null),
    queries: resultSets(plan.queries, before.queries, after?.queries ?? null),
    statements: topStatements(before.statements, after?.statements ?? null, plan.topStatements),
    counters: counterRows(before.counters, after?.counters ?? null),
    invalid: invalidRows(before.invalid, after?.invalid ?? null),
    notes: notesOf(plan, before, after),
  }
}

/** By OID; a table that was dropped and made anew by its name. */
function pairsOf(before: Capture, after: Capture | null): CountPair[] {
  return before.tables.map((first) => {
    if (after === null) return { before: first, after: undefined }
    const same = after.tables.find(({ table }) => table.oid === first.table.oid)
    const namesake = after.tables.find(({ table }) => table.table === first.table.table)
    return { before: first, after: same ?? namesake ?? null }
  })
}

function missingTables(before: Capture, after: Capture | null): RowCountReport[] {
  return before.missing.map((table) => ({
    table,
    before: null,
    after: null,
    byUs: null,
    byOthers: null,
    exact: false,
    reason:
      after === null || after.missing.includes(table)
        ? 'baseline.rows: there is no table of this name'
        : 'baseline.rows: there was no table of this name before',
  }))
}

function notesOf(plan: BaselinePlan, before: Capture, after: Capture | null): string[] {
  const captures = after === null ? [before] : [before, after]
  const asked = [
    ...plan.probes.map((query, index) => ({
      query,
      answers: captures.map((one) => one.probes[index]),
    })),
    ...plan.queries.map((query, index) => ({
      query,
      answers: captures.map((one) => one.queries[index]),
    })),
  ]
  const forbidden = asked
    .filter(({ answers }) => answers.some((answer) => answer?.forbidden))
    .map(
      ({ query, answers }) =>
        `${query.title}: ${answers.find((answer) => answer?.forbidden)?.error}. GRANT SELECT on what it reads (or pg_monitor, for statistics) to the role that deploys.`,
    )
  const counts = captures
    .flatMap(({ tables }) => tables)
    .filter(({ table, counted }) => !table.readable && counted.reason !== undefined)
    .map(({ table, counted }) => `Rows of ${table.table}: ${counted.reason}.`)
  const shown = plan.topStatements === 0 ? [] : captures
  const statements = shown.flatMap(({ statements: { note } }) =>
    note === undefined ? [] : [`Top statements: ${note}`],
  )
  return [...new Set([...counts, ...forbidden, ...statements])]
}
