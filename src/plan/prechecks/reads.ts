import type { ConstraintDefinition } from '../../sql/types.ts'
import { mentions } from './check.ts'
import { constraintOf } from './derive.ts'
import type { Read } from './order.ts'
import type { KnownDomain, KnownRelation, PrecheckRequest } from './types.ts'

/** The tables that an answer depends on, and which of their columns. The first is the statement's own. */
export function readsOf(
  request: PrecheckRequest,
  table: KnownRelation,
  referenced: KnownRelation | null = null,
): Read[] {
  const constraint = constraintOf(request, table)
  const columns = constraint === null ? demandColumns(request) : constraintColumns(constraint)
  const written = [...columns, ...mentioned(textsOf(request, constraint), request, table)]
  const own: Read = { name: request.owner, known: table, columns: written }
  const target = constraint?.references
  if (target == null) return [own]
  const theirs = target.columns.length > 0 ? target.columns : (referenced?.key ?? [])
  return [own, { name: target.table, columns: theirs, known: referenced }]
}

/** Every column of a domain. */
export function readsOfDomain({ columns }: KnownDomain): Read[] {
  return columns.map(({ schema, table, column }) => ({
    name: { schema, name: table },
    columns: [column],
    known: null,
  }))
}

/**
 * The columns whose NULL lets a row pass, whatever the others hold: `any` one of them, or only `all` together (MATCH FULL). None where NULL decides
 * nothing: NULLS NOT DISTINCT, an expression over the column, a predicate with it.
 */
export function passingNulls({ demand }: PrecheckRequest): {
  readonly of: 'any' | 'all'
  readonly columns: readonly string[]
} {
  if (demand.kind === 'index') {
    const { keys, nullsNotDistinct } = demand.index
    return {
      of: 'any',
      columns: nullsNotDistinct ? [] : keys.flatMap(({ column }) => column ?? []),
    }
  }
  if (demand.kind !== 'constraint') return { of: 'any', columns: [] }
  const { type, columns, nullsNotDistinct, references } = demand.constraint
  if (type === 'foreign key') {
    return { of: references?.match === 'FULL' ? 'all' : 'any', columns }
  }
  return { of: 'any', columns: type === 'unique' && !nullsNotDistinct ? columns : [] }
}

function constraintColumns({ columns, exclusion }: ConstraintDefinition): readonly string[] {
  return [...columns, ...(exclusion?.elements ?? []).flatMap(({ key }) => key.column ?? [])]
}

function demandColumns({ demand }: PrecheckRequest): readonly string[] {
  if (demand.kind === 'set not null' || demand.kind === 'type') return [demand.column]
  return demand.kind === 'index' ? demand.index.keys.flatMap(({ column }) => column ?? []) : []
}

function textsOf(
  { demand }: PrecheckRequest,
  constraint: ConstraintDefinition | null,
): readonly (string | null | undefined)[] {
  if (demand.kind === 'index') {
    return [demand.index.predicate, ...demand.index.keys.map(({ expression }) => expression)]
  }
  const elements = constraint?.exclusion?.elements ?? []
  return [
    constraint?.expression,
    constraint?.exclusion?.predicate,
    ...elements.map(({ key }) => key.expression),
  ]
}

/** Columns whose names stand in expressions: those that are there, and those that the plan makes first. */
function mentioned(
  texts: readonly (string | null | undefined)[],
  { owner, earlier }: PrecheckRequest,
  table: KnownRelation,
): string[] {
  const text = texts.join(' ').trim()
  if (text === '') return []
  const made = earlier([owner.name]).flatMap(({ effect: { object, to } }) =>
    object.kind === 'column' ? [object.name ?? '', to ?? ''] : [],
  )
  const candidates = [...table.columns.map(({ name }) => name), ...made]
  return candidates.filter((name) => name !== '' && mentions(text, name))
}
