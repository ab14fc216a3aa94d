import { quoteName } from '../sql/identifier.ts'
import type { Effect, QualifiedName } from '../sql/types.ts'
import {
  type Asked,
  type DerivedFor,
  deriveForDomain,
  deriveForTable,
  unaskedOf,
} from './prechecks/derive.ts'
import { isUnfilled, orderOf, type Read, replacedFirst } from './prechecks/order.ts'
import { passingNulls, readsOf, readsOfDomain } from './prechecks/reads.ts'
import { isFilledByType, typeChangedFirst, withParts } from './prechecks/type-changes.ts'
import type {
  KnownObjects,
  KnownRelation,
  Order,
  Precheck,
  PrecheckRequest,
} from './prechecks/types.ts'

export { namesOf } from './prechecks/names.ts'
export { precheckRequests } from './prechecks/requests.ts'
export type * from './prechecks/types.ts'

export interface PrecheckOptions {
  readonly known: KnownObjects
  /** Where the session looks up names that the file leaves open. */
  readonly searchPath: readonly string[]
  readonly serverMajor: number
}

/**
 * The questions to the data that the requests come to, in the order of the plan. What needs none is left out: a table that the plan itself makes and leaves
 * empty, a constraint that is valid already, a creation that will be skipped.
 */
export function derivePrechecks(
  requests: readonly PrecheckRequest[],
  options: PrecheckOptions,
): Precheck[] {
  return requests.flatMap((request) => prechecksOf(request, options))
}

function prechecksOf(
  request: PrecheckRequest,
  { known, searchPath, serverMajor }: PrecheckOptions,
): Precheck[] {
  const path = pathOf(request, searchPath)
  const asked: Asked = { known, path, serverMajor }
  if (request.ofDomain) return domainPrechecks(request, asked)
  const table = known.relation(request.owner, path)
  if (table === null) return missing(request, asked)
  if (isSkipped(request, table, asked) || isFilled(request, asked)) return []
  if (!['r', 'p', 'm'].includes(table.kind)) return []
  return deriveForTable(request, table, asked).flatMap((one) => {
    const reads = readsOf(request, table, one.referenced)
    const order = orderFor(request, reads, asked)
    if (order === 'empty') return []
    const tables = [table, ...(one.referenced == null ? [] : [one.referenced])]
    return [precheckOf(request, one, order, asked, tables)]
  })
}

function precheckOf(
  { where, version }: PrecheckRequest,
  { id, derived }: DerivedFor,
  order: Order | null,
  { path }: Asked,
  tables: readonly (QualifiedName & { readonly rowSecurity?: boolean })[],
): Precheck {
  return {
    id,
    where,
    version,
    derived,
    order,
    searchPath: path,
    reads: [...new Set(tables.map(({ schema, name }) => quoteName({ schema, name })))],
    rowSecurity: tables.some(({ rowSecurity }) => rowSecurity === true),
  }
}

function orderFor(
  request: PrecheckRequest,
  reads: readonly Read[],
  asked: Asked,
): Order | 'empty' | null {
  const { earlier, effect } = request
  const { known, path } = asked
  const [own] = reads
  const before = earlier(reads.map(({ name }) => name.name))
  const isFilled = (one: Effect) => isFilledByType(one, earlier, asked)
  if (own !== undefined) {
    const { of, columns } = passingNulls(request)
    const isNew = (column: string) => isUnfilled(before, own, column, isFilled)
    const passes = of === 'any' ? columns.some(isNew) : columns.length > 0 && columns.every(isNew)
    if (passes) return 'empty'
  }
  const rows = orderOf(before, reads, known, path)
  if (rows === 'empty') return rows
  const order = meaningOf(request, asked) ?? rows
  if (order !== null || effect.guarded !== true || effect.reason === undefined) return order
  return { kind: 'perhaps', says: `it stands ${effect.reason}, and may not be reached` }
}

/** A function or a type that the plan changes first: the question itself would mean something else then. */
function meaningOf({ earlier, calls, types }: PrecheckRequest, asked: Asked): Order | null {
  const all = withParts(types, asked)
  return (
    replacedFirst(earlier(calls.map(({ name }) => name)), calls) ??
    typeChangedFirst(earlier(all.map(({ name }) => name)), all, asked)
  )
}

/** IF NOT EXISTS, or a guard that looks: what is there already stays as it is. */
function isSkipped(
  { owner, effect, demand, earlier }: PrecheckRequest,
  table: KnownRelation,
  { known }: Asked,
): boolean {
  // A column that is there is skipped, was made by a run that is taken up again, or is refused for another reason than its rows.
  if (demand.kind === 'required column') {
    return table.columns.some(({ name }) => name === demand.column)
  }
  if (!effect.ifNotExists && !effect.guarded) return false
  if (!('name' in demand) || demand.name === null || effect.op !== 'create') return false
  const { name } = demand
  const isDropped = earlier([owner.name, name]).some(
    ({ effect: { op, object } }) => op === 'drop' && object.name === name,
  )
  if (isDropped) return false
  if (demand.kind === 'index') {
    return known.relation({ schema: table.schema, name }, [])?.valid === true
  }
  return table.constraints.some((one) => one.name === name)
}

/** A column that is NOT NULL, to which the DEFAULT of its domain gives a value in every row. */
function isFilled({ demand, effect, earlier }: PrecheckRequest, asked: Asked): boolean {
  return demand.kind === 'required column' && isFilledByType(effect, earlier, asked)
}

/** Nothing of that name is there: the plan makes it first, or the statement will fail for that reason. */
function missing(request: PrecheckRequest, asked: Asked): Precheck[] {
  const { owner, demand, earlier, effect } = request
  if (demand.kind === 'validate') return []
  const read: Read = { name: owner, columns: [], known: null }
  const order = orderOf(earlier([owner.name]), [read], asked.known, asked.path)
  if (order === 'empty' || (order === null && effect.ifExists)) return []
  const stand: KnownRelation = {
    schema: owner.schema ?? 'public',
    name: owner.name,
    kind: 'r',
    reachesOthers: false,
    rowSecurity: false,
    valid: true,
    key: [],
    columns: [],
    constraints: [],
  }
  const unasked = `there is no table ${quoteName(owner)} yet`
  return deriveForTable(request, stand, asked).map((one) => {
    const derived = unaskedOf(one.derived, unasked)
    return precheckOf(request, { ...one, derived }, order, asked, [])
  })
}

function domainPrechecks(request: PrecheckRequest, asked: Asked): Precheck[] {
  const { owner, earlier } = request
  const domain = asked.known.domain(owner, asked.path)
  if (domain === null) return []
  const reads = readsOfDomain(domain)
  const before = earlier(reads.map(({ name }) => name.name))
  const rows = orderOf(before, reads, asked.known, asked.path)
  if (rows === 'empty') return []
  const order = meaningOf(request, asked) ?? rows
  const tables = domain.columns.map(({ schema, table }) => ({ schema, name: table }))
  return deriveForDomain(request, domain).map((one) =>
    precheckOf(request, one, order, asked, tables),
  )
}

/** "$user" stands for the role, whose schema is in the session's path already where it exists. */
function pathOf(
  { searchPath, effect }: PrecheckRequest,
  session: readonly string[],
): readonly string[] {
  const own = searchPath ?? effect.searchPath
  return own === undefined || own === null ? session : own.filter((schema) => schema !== '$user')
}
