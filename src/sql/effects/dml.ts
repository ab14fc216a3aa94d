import { descendants, descendantsOf } from '../tree/descendants.ts'
import { listedName, relationName } from '../tree/name.ts'
import { membersOf, readByType } from '../tree/node.ts'
import type { ByType, FuncCall, RangeVar, TreeNode, WithClause } from '../tree/types.ts'
import { constantText } from '../tree/value.ts'
import type { Effect, ObjectRef } from '../types.ts'
import { effect, type Family, objectRef, unknown } from './effect.ts'
import { isHarmlessFunction, SEQUENCE_FUNCTIONS } from './harmless-functions.ts'
import { referencesIn } from './references.ts'
import { selectInto } from './select-into.ts'

export const dml: Family = {
  InsertStmt: (fields) => changing('insert', fields.relation, fields),
  UpdateStmt: (fields) => changing('update', fields.relation, fields),
  DeleteStmt: (fields) => changing('delete', fields.relation, fields),
  MergeStmt: (fields) => changing('merge', fields.relation, fields),
  SelectStmt: (fields) =>
    fields.intoClause === undefined
      ? queryEffects(fields)
      : [...selectInto(fields.intoClause, fields), ...queryEffects(fields)],
  TruncateStmt: (fields) =>
    membersOf(fields.relations, 'RangeVar').map((relation) =>
      effect('truncate', tableRef(relation), {
        ...(fields.behavior === 'DROP_CASCADE' ? { cascade: true } : {}),
        ...(fields.restart_seqs === true ? { change: 'RESTART IDENTITY' } : {}),
        ...onlyOf(relation),
      }),
    ),
  CopyStmt: (fields) => {
    const program = fields.is_program === true ? [unknown('COPY … PROGRAM')] : []
    if (fields.query !== undefined) return [...queryEffects(fields.query), ...program]
    const op = fields.is_from === true ? 'copy' : 'read'
    return [effect(op, tableRef(fields.relation)), ...program]
  },
}

/** The statement's own change, then those of its WITH queries, then what its functions may do. */
function changing(
  op: 'insert' | 'update' | 'delete' | 'merge',
  relation: RangeVar | undefined,
  fields: { readonly withClause?: WithClause },
): readonly Effect[] {
  const target = tableRef(relation)
  const { relation: _target, ...rest } = fields as { readonly relation?: unknown }
  const uses = referencesIn(rest).filter((used) => !sameObject(used, target))
  const own = effect(op, target, { ...(uses.length === 0 ? {} : { uses }), ...onlyOf(relation) })
  return [own, ...nestedChanges(rest), ...functionEffects(rest)]
}

/** What a query reads, the data-modifying statements of its WITH queries, and its calls of functions that may change something. */
export function queryEffects(query: unknown): readonly Effect[] {
  const reads = referencesIn(query)
    .filter(({ kind }) => kind === 'table')
    .map((table) => effect('read', table))
  return [...reads, ...nestedChanges(query), ...functionEffects(query)]
}

function nestedChanges(part: unknown): Effect[] {
  const found: Effect[] = []
  for (const node of descendants(part)) {
    const change = readByType(NESTED, node)
    if (change !== undefined) found.push(change)
  }
  return found
}

const NESTED: ByType<Effect> = {
  InsertStmt: ({ relation }) => effect('insert', tableRef(relation)),
  UpdateStmt: ({ relation }) => effect('update', tableRef(relation)),
  DeleteStmt: ({ relation }) => effect('delete', tableRef(relation)),
  MergeStmt: ({ relation }) => effect('merge', tableRef(relation)),
}

/** Calls that the parse can't see through; nextval() and setval() change the sequence that they name. */
export function functionEffects(part: unknown): Effect[] {
  const found = new Map<string, Effect>()
  for (const call of descendantsOf(part, 'FuncCall')) {
    const made = callEffect(call)
    if (made !== null) found.set(JSON.stringify(made), made)
  }
  return [...found.values()]
}

function callEffect(call: FuncCall): Effect | null {
  const { schema, name } = listedName(call.funcname)
  if (isHarmlessFunction({ schema, name })) return null
  if (SEQUENCE_FUNCTIONS.has(name) && (schema === null || schema === 'pg_catalog')) {
    const sequence = sequenceArgument(call.args?.[0])
    if (sequence !== null) return effect('set', sequence, { change: name })
  }
  const text = schema === null ? name : `${schema}.${name}`
  return unknown(`function call ${text}()`, objectRef('function', { schema, name }))
}

/** 'public."Some_seq"', with or without ::regclass; null for an expression such as pg_get_serial_sequence(…). */
function sequenceArgument(argument: TreeNode | undefined): ObjectRef | null {
  const text = constantText(argument)
  if (text === null) return null
  const parts = [...text.matchAll(/"((?:[^"]|"")*)"|([^."\s]+)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain?.toLowerCase() ?? '',
  )
  return objectRef('sequence', { schema: parts.at(-2) ?? null, name: parts.at(-1) ?? '' })
}

function tableRef(relation: RangeVar | undefined): ObjectRef {
  return objectRef('table', relationName(relation))
}

function onlyOf(relation: RangeVar | undefined): Partial<Effect> {
  return relation?.inh === true ? {} : { only: true }
}

function sameObject(one: ObjectRef, other: ObjectRef): boolean {
  return one.kind === other.kind && one.schema === other.schema && one.name === other.name
}
