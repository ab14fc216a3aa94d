import type { Expectation } from '../../plan/types.ts'
import type { ObjectRef } from '../../sql/types.ts'
import { reach, type Scope, schemasOf } from '../scope.ts'

/**
 * A row about a table (or domain, or type) and one of its members: a constraint, column, trigger. A table without a matching
 * member has one row whose `name` is null, so that a name resolves to the table that the search path leads to, whether it has the member or not.
 */
export interface MemberRow {
  readonly schema: string
  readonly table: string
  readonly name: string | null
}

export interface Members<Row extends MemberRow> {
  /** A row of the table itself; null where there is no such table. */
  readonly owner: Row | null
  readonly members: readonly (Row & { readonly name: string })[]
}

/** The members of the table that the reference means. */
export function membersOf<Row extends MemberRow>(
  rows: readonly Row[],
  object: ObjectRef,
  scope: Scope,
): Members<Row> {
  const { table } = object
  if (table === undefined) return { owner: null, members: [] }
  const named = byTable(rows).get(table.name) ?? []
  const owner = reach(named, table.schema ?? object.schema, scope)
  if (owner === null) return { owner: null, members: [] }
  return {
    owner,
    members: named.filter(
      (row): row is Row & { readonly name: string } =>
        row.schema === owner.schema && row.name !== null,
    ),
  }
}

const groups = new WeakMap<readonly MemberRow[], ReadonlyMap<string, readonly MemberRow[]>>()

/** Each of twenty thousand members looks for its table: the rows of one result are put in order once. */
function byTable<Row extends MemberRow>(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const known = groups.get(rows) as ReadonlyMap<string, readonly Row[]> | undefined
  if (known !== undefined) return known
  const found = new Map<string, Row[]>()
  for (const row of rows) {
    const group = found.get(row.table)
    if (group === undefined) found.set(row.table, [row])
    else group.push(row)
  }
  groups.set(rows, found)
  return found
}

/** The member of that name; null where the table that the reference means has none, or isn't there. */
export function memberOf<Row extends MemberRow>(
  rows: readonly Row[],
  object: ObjectRef,
  scope: Scope,
): Row | null {
  return membersOf(rows, object, scope).members.find(({ name }) => name === object.name) ?? null
}

/** What members are looked up by: $1 the names of their tables, $2 the schemas of these, $3 their own names. */
export function memberValues(
  expectations: readonly Expectation[],
  scope: Scope,
): readonly (readonly string[])[] {
  return [
    expectations.flatMap(({ object }) => object.table?.name ?? []),
    schemasOf(expectations, scope),
    expectations.flatMap(({ object }) => object.name ?? []),
  ]
}

/** Tables of which a member without a name is expected: all of their members are looked at. */
export function tablesOfUnnamed(expectations: readonly Expectation[]): readonly string[] {
  const unnamed = expectations.filter(({ object }) => object.name === null)
  return unnamed.flatMap(({ object }) => object.table?.name ?? [])
}
