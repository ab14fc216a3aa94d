import { quoteIdentifier, quoteName } from '../identifier.ts'
import { listedName } from '../tree/name.ts'
import { fieldsOf, membersOf, readByType } from '../tree/node.ts'
import { typeWords } from '../tree/type-name.ts'
import type { ByType, FieldsOf, FuncCall, TreeNode } from '../tree/types.ts'
import { textOf, textsOf } from '../tree/value.ts'
import { readConstant, typedLiteral } from './literal.ts'
import { readOperator } from './operator.ts'
import { junction, NULL_TERM, type Term, term } from './term.ts'

/** Reads an expression of the parse tree. What it doesn't know (subqueries, XML, JSON constructors) becomes an opaque term. */
export function readTerm(node: TreeNode | undefined): Term {
  return node === undefined ? NULL_TERM : (readByType(READERS, node) ?? opaque(node))
}

function readTerms(nodes: readonly TreeNode[] | undefined): Term[] {
  return (nodes ?? []).map(readTerm)
}

const READERS: ByType<Term> = {
  A_Const: readConstant,
  A_Expr: (fields) => readOperator(readTerm, fields),
  BoolExpr: readBoolean,
  ColumnRef: readColumn,
  ParamRef: ({ number = '' }) => term('word', `$${number}`),
  TypeCast: ({ typeName, arg }) => typedLiteral(typeWords(typeName), readTerm(arg)),
  FuncCall: readCall,
  NamedArgExpr: ({ name = '', arg }) => term('named', name, [readTerm(arg)]),
  CoalesceExpr: ({ args }) => term('call', 'COALESCE', readTerms(args)),
  MinMaxExpr: ({ op, args }) =>
    term('call', op === 'IS_LEAST' ? 'LEAST' : 'GREATEST', readTerms(args)),
  NullTest: ({ nulltesttype, arg }) =>
    term('test', nulltesttype === 'IS_NOT_NULL' ? 'IS NOT NULL' : 'IS NULL', [readTerm(arg)]),
  BooleanTest: ({ booltesttype = 'IS_TRUE', arg }) =>
    term('test', booltesttype.replaceAll('_', ' '), [readTerm(arg)]),
  SQLValueFunction: readValueFunction,
  A_ArrayExpr: ({ elements }) => term('array', '', readTerms(elements)),
  RowExpr: ({ args }) => term('row', '', readTerms(args)),
  List: ({ items }) => term('list', '', readTerms(items)),
  CaseExpr: readCase,
  CollateClause: ({ collname, arg }) => term('collate', catalogName(collname), [readTerm(arg)]),
  A_Indirection: readIndirection,
}

/** Its own schema pg_catalog is never printed by the server; any other schema is kept as written. */
export function catalogName(parts: readonly TreeNode[] | undefined): string {
  const { schema, name } = listedName(parts)
  return quoteName({ schema: schema === 'pg_catalog' ? null : schema, name })
}

function readBoolean(fields: FieldsOf<'BoolExpr'>): Term {
  const parts = readTerms(fields.args)
  if (fields.boolop === 'NOT_EXPR') return term('not', '', parts)
  return junction(fields.boolop === 'OR_EXPR' ? 'or' : 'and', parts)
}

/**
 * `"T".a` and `a` are the same column where an expression may speak of one table only (CHECK, DEFAULT, index, policy); a trigger's
 * condition tells OLD and NEW apart.
 */
function readColumn({ fields = [] }: FieldsOf<'ColumnRef'>): Term {
  const parts = fields.map((field) =>
    fieldsOf(field, 'A_Star') === undefined ? quoteIdentifier(textOf(field) ?? '') : '*',
  )
  const kept = parts[0] === 'old' || parts[0] === 'new' ? parts : parts.slice(-1)
  return term('column', kept.join('.'))
}

function readCall(fields: FuncCall): Term {
  const special =
    fields.agg_order ??
    fields.agg_filter ??
    fields.over ??
    fields.agg_distinct ??
    fields.agg_within_group
  if (special !== undefined) return opaque({ FuncCall: fields })
  const name = catalogName(fields.funcname)
  const args = readTerms(fields.args)
  if (fields.agg_star === true) return term('call', name, [term('word', '*')])
  const last = args.at(-1)
  if (fields.func_variadic !== true || last === undefined) return term('call', name, args)
  return term('call', `${name} VARIADIC`, args)
}

function readValueFunction(fields: FieldsOf<'SQLValueFunction'>): Term {
  const op = (fields.op ?? '').replace(/^SVFOP_/, '')
  const precise = /_N$/.test(op)
  const name = op.replace(/_N$/, '')
  return term('word', precise ? `${name}(${fields.typmod ?? 0})` : name)
}

function readCase(fields: FieldsOf<'CaseExpr'>): Term {
  const branches = membersOf(fields.args, 'CaseWhen').flatMap((branch) => [
    readTerm(branch.expr),
    readTerm(branch.result),
  ])
  const operand = fields.arg === undefined ? [] : [readTerm(fields.arg)]
  const otherwise = fields.defresult === undefined ? NULL_TERM : readTerm(fields.defresult)
  return term('case', operand.length === 1 ? 'operand' : '', [...operand, ...branches, otherwise])
}

function readIndirection(fields: FieldsOf<'A_Indirection'>): Term {
  return (fields.indirection ?? []).reduce((value, step) => {
    const indices = fieldsOf(step, 'A_Indices')
    if (indices === undefined)
      return term('field', textsOf([step]).map(quoteIdentifier)[0] ?? '*', [value])
    if (indices.is_slice !== true) return term('subscript', '', [value, readTerm(indices.uidx)])
    const bounds = [indices.lidx, indices.uidx].map((bound) =>
      bound === undefined ? term('word', '') : readTerm(bound),
    )
    return term('subscript', ':', [value, ...bounds])
  }, readTerm(fields.arg))
}

function opaque(node: TreeNode): Term {
  const text = JSON.stringify(node, (key, value) =>
    /location$|_(start|end)$|^list_(start|end)$/.test(key) ? undefined : value,
  )
  return term('opaque', `«${text}»`)
}
