import { quoteName } from '../sql/identifier.ts'
import type { QualifiedName } from '../sql/types.ts'
import { mentions } from './prechecks/check.ts'
import {
  type Asked,
  constraintOf,
  type DerivedFor,
  deriveForDomain,
  deriveForTable,
} from './prechecks/derive.ts'
import { isUnfilled, orderOf, type Read } from './prechecks/order.ts'
import type {
  KnownObjects,
  KnownRelation,
  Order,
  Precheck,
  PrecheckRequest,
} from './prechecks/types.ts'

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

/** Every name that must be looked up before the questions can be derived. */
export function namesOf(requests: readonly PrecheckRequest[]): ReadonlySet<string> {
  const names = requests.flatMap(({ owner, demand, earlier }) => [
    owner.name,
    ...('name' in demand && demand.name !== null ? [demand.name] : []),
    ...(demand.kind === 'constraint' && demand.constraint.references !== null
      ? [demand.constraint.references.table.name]
      : []),
    ...earlier.flatMap(({ effect: { object } }) =>
      object.kind === 'table' ? (object.name ?? []) : [],
    ),
  ])
  return new Set(names)
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
  if (isSkipped(request, table, asked)) return []
  if (!['r', 'p', 'm'].includes(table.kind)) return []
  return deriveForTable(request, table, asked).flatMap((one) => {
    const reads = readsOf(request, table, one)
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
  { earlier, effect, demand }: PrecheckRequest,
  reads: readonly Read[],
  { known, path }: Asked,
): Order | 'empty' | null {
  const [own] = reads
  const nullsPass =
    demand.kind === 'constraint'
      ? demand.constraint.type === 'foreign key' ||
        (demand.constraint.type === 'unique' && !demand.constraint.nullsNotDistinct)
      : demand.kind === 'index' && !demand.index.nullsNotDistinct
  if (own !== undefined && nullsPass && isUnfilled(earlier, own)) return 'empty'
  const order = orderOf(earlier, reads, known, path)
  if (order !== null || effect.guarded !== true || effect.reason === undefined) return order
  return { kind: 'perhaps', says: `it stands ${effect.reason}, and may not be reached` }
}

/** The columns of each table that an answer depends on. */
function readsOf(
  request: PrecheckRequest,
  table: KnownRelation,
  { referenced }: DerivedFor,
): Read[] {
  const { demand, earlier } = request
  const constraint = constraintOf(request, table)
  const own: Read = {
    name: request.owner,
    known: table,
    columns:
      constraint === null
        ? columnsOf(demand, table, earlier)
        : constraintColumns(constraint, table, earlier),
  }
  const target = constraint?.references
  if (target == null) return [own]
  const columns = target.columns.length > 0 ? target.columns : (referenced?.key ?? [])
  return [own, { name: target.table, columns, known: referenced ?? null }]
}

type Earlier = PrecheckRequest['earlier']

function constraintColumns(
  constraint: NonNullable<ReturnType<typeof constraintOf>>,
  table: KnownRelation,
  earlier: Earlier,
): string[] {
  const { expression, exclusion, columns } = constraint
  const elements = exclusion?.elements.map(({ key }) => key) ?? []
  const texts = [expression, exclusion?.predicate, ...elements.map((key) => key.expression)]
  return [
    ...columns,
    ...elements.flatMap(({ column }) => column ?? []),
    ...mentioned(texts, table, earlier),
  ]
}

function columnsOf(
  demand: PrecheckRequest['demand'],
  table: KnownRelation,
  earlier: Earlier,
): string[] {
  if (demand.kind === 'set not null' || demand.kind === 'type') return [demand.column]
  if (demand.kind !== 'index') return []
  const { keys, predicate } = demand.index
  const texts = [predicate, ...keys.map(({ expression }) => expression)]
  return [...keys.flatMap(({ column }) => column ?? []), ...mentioned(texts, table, earlier)]
}

/** Columns whose names stand in expressions: those that are there, and those that the plan makes first. */
function mentioned(
  texts: readonly (string | null | undefined)[],
  table: KnownRelation,
  earlier: Earlier,
): string[] {
  const candidates = [
    ...table.columns.map(({ name }) => name),
    ...earlier.flatMap(({ effect: { object, to } }) =>
      object.kind === 'column' ? [object.name ?? '', to ?? ''] : [],
    ),
  ].filter((name) => name !== '')
  const text = texts.join(' ')
  return candidates.filter((name) => mentions(text, name))
}

/** IF NOT EXISTS, or a guard that looks: what is there already stays as it is. */
function isSkipped(
  { effect, demand }: PrecheckRequest,
  table: KnownRelation,
  { known }: Asked,
): boolean {
  if (!effect.ifNotExists && !effect.guarded) return false
  if (demand.kind === 'required column') {
    return table.columns.some(({ name }) => name === demand.column)
  }
  if (!('name' in demand) || demand.name === null || effect.op !== 'create') return false
  const { name } = demand
  if (demand.kind === 'index') return known.relation({ schema: table.schema, name }, []) !== null
  return table.constraints.some((one) => one.name === name)
}

/** Nothing of that name is there: the plan makes it first, or the statement will fail for that reason. */
function missing(request: PrecheckRequest, asked: Asked): Precheck[] {
  const { owner, demand, earlier } = request
  if (demand.kind === 'validate') return []
  const read: Read = { name: owner, columns: [], known: null }
  const order = orderOf(earlier, [read], asked.known, asked.path)
  if (order === 'empty') return []
  const stand: KnownRelation = {
    schema: owner.schema ?? 'public',
    name: owner.name,
    kind: 'r',
    hasTriggers: false,
    rowSecurity: false,
    key: [],
    columns: [],
    constraints: [],
  }
  const unasked = `there is no table ${quoteName(owner)} yet`
  return deriveForTable(request, stand, asked).map((one) => {
    const { title, expected, counted, fix } = one.derived
    const derived = { title, expected, counted, fix, unasked }
    return precheckOf(request, { ...one, derived }, order, asked, [])
  })
}

function domainPrechecks(request: PrecheckRequest, asked: Asked): Precheck[] {
  const { owner, earlier } = request
  const domain = asked.known.domain(owner, asked.path)
  if (domain === null) return []
  const reads = domain.columns.map(({ schema, table, column }) => ({
    name: { schema, name: table },
    columns: [column],
    known: null,
  }))
  const order = orderOf(earlier, reads, asked.known, asked.path)
  if (order === 'empty') return []
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
