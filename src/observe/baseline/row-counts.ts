import type { RowCountReport, RowEffect } from '../../report/types.ts'
import { quoteIdentifier } from '../../sql/identifier.ts'
import type { Counted } from './count.ts'
import type { TableFacts } from './tables.ts'

/** A table and its rows at one time. */
export interface TableCount {
  readonly table: TableFacts
  readonly counted: Counted
}

/** A table of before, and what is there of it after: null when it is gone, undefined when it was not looked for. */
export interface CountPair {
  readonly before: TableCount
  readonly after: TableCount | null | undefined
}

/** What this run itself did to rows. */
export interface OwnRows {
  readonly effects: readonly RowEffect[]
  /** What an earlier run had committed of the same migrations: it was there before. */
  readonly earlier: readonly RowEffect[]
  /** Schemas that unqualified names are looked up in. */
  readonly searchPath: readonly string[]
  /** The plan attaches partitions, whose rows come along. */
  readonly attaches: boolean
}

/**
 * One line a table: what was there, what is there, what of the difference is ours, what is left for others. `after`: all that was counted then.
 */
export function rowCounts(
  pairs: readonly CountPair[],
  run: OwnRows,
  after: readonly TableCount[],
): RowCountReport[] {
  const own = {
    ...run,
    effects: resolved(run.effects, pairs, run.searchPath),
    earlier: resolved(run.earlier, pairs, run.searchPath),
  }
  const names = new Set(after.map(({ table }) => table.table))
  return pairs.map(({ before, after }) => {
    if (after === undefined) return openCount(before)
    if (after === null) return goneCount(before, own)
    const ours = isSwapped(before.table, after.table, own, names)
      ? { rows: null, reason: 'the run gave its name to another table, whose rows are counted too' }
      : byUs(before.table, after.table, own)
    const exact = before.counted.exact && after.counted.exact
    const rows = { before: before.counted.rows, after: after.counted.rows }
    const reason = before.counted.reason ?? after.counted.reason ?? ours.reason
    const known =
      exact && rows.before !== null && rows.after !== null && ours.rows !== null
        ? rows.after - rows.before - ours.rows
        : null
    return {
      table: after.table.table,
      ...rows,
      byUs: ours.rows,
      byOthers: known,
      exact,
      ...(reason === undefined ? {} : { reason }),
    }
  })
}

function openCount({ table, counted }: TableCount): RowCountReport {
  return {
    table: table.table,
    before: counted.rows,
    after: null,
    byUs: null,
    byOthers: null,
    exact: counted.exact,
    ...(counted.reason === undefined ? {} : { reason: counted.reason }),
  }
}

/** Of a table that is gone, no row is left. */
function goneCount({ table, counted }: TableCount, own: OwnRows): RowCountReport {
  const ours = byUs(table, table, own)
  const dropped = own.effects.some(
    ({ table: name, removed }) => removed?.by === 'DROP TABLE' && name === table.table,
  )
  const known = counted.exact && counted.rows !== null && ours.rows !== null
  return {
    table: table.table,
    before: counted.rows,
    after: 0,
    byUs: ours.rows,
    byOthers: known ? 0 - (counted.rows ?? 0) - (ours.rows ?? 0) : null,
    exact: counted.exact,
    reason: dropped
      ? 'dropped by this run'
      : 'the table is gone, and no migration of this run is known to have dropped it',
  }
}

/**
 * Row changes are told by name. Where the run gave the table's name to another, by renaming both or by dropping this one under its new name, they
 * are those of the one or of the other.
 */
function isSwapped(
  before: TableFacts,
  after: TableFacts,
  own: OwnRows,
  namesAfter: ReadonlySet<string>,
): boolean {
  if (before.table !== after.table) {
    return namesAfter.has(before.table) && own.effects.some(({ table }) => table === before.table)
  }
  const dropped = own.effects.some(
    ({ table, removed }) => table === before.table && removed?.by === 'DROP TABLE',
  )
  return before.oid !== after.oid && !dropped
}

interface Ours {
  readonly rows: number | null
  readonly reason?: string
}

function byUs(before: TableFacts, after: TableFacts, own: OwnRows): Ours {
  const relations = [...new Set([...before.relations, ...after.relations])]
  const gained = after.relations.some((name) => !before.relations.includes(name))
  if (gained && own.attaches)
    return { rows: null, reason: 'a partition was attached with its rows' }
  const concerns = ({ table, removed }: RowEffect) =>
    everywhere.has(table) ||
    (relations.includes(table) &&
      // What was detached keeps its rows: only its parent has lost them.
      !(removed?.by === 'DETACH PARTITION' && table === before.table))
  const effects = own.effects.filter(concerns)
  const unsure = effects.find(({ certainty }) => certainty !== 'exact')
  if (unsure !== undefined) {
    const blurred = 'savepoints or exception blocks blur what this run did'
    return { rows: null, reason: unsure.reason ?? blurred }
  }
  return { rows: sumOf(effects) - sumOf(own.earlier.filter(concerns)) }
}

/** Names that a row effect has when nothing tells which tables it is about. */
const everywhere: ReadonlySet<string> = new Set(['(all tables)', '(unknown)'])

/** Removals carry the name as the script has it, which may leave the schema to the search path: it is the first that has such a table. */
function resolved(
  effects: readonly RowEffect[],
  pairs: readonly CountPair[],
  searchPath: readonly string[],
): RowEffect[] {
  const known = new Set(
    pairs.flatMap(({ before, after }) => [
      ...before.table.relations,
      ...(after?.table.relations ?? []),
    ]),
  )
  return effects.map((effect) => {
    if (known.has(effect.table)) return effect
    const qualified = searchPath.map((schema) => `${quoteIdentifier(schema)}.${effect.table}`)
    const table = qualified.find((name) => known.has(name))
    return table === undefined ? effect : { ...effect, table }
  })
}

function sumOf(effects: readonly RowEffect[]): number {
  return effects.reduce(
    (sum, { inserted, deleted, removed }) => sum + inserted - deleted - (removed?.rows ?? 0),
    0,
  )
}
