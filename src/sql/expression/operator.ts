import { quoteIdentifier } from '../identifier.ts'
import { descendantsOf } from '../tree/descendants.ts'
import { fieldsOf } from '../tree/node.ts'
import type { FieldsOf, TreeNode } from '../tree/types.ts'
import { textsOf } from '../tree/value.ts'
import { junction, type Term, term } from './term.ts'

/** Reads an operand; handed in, for operands hold operators again. */
export type ReadTerm = (node: TreeNode | undefined) => Term

/** Operators, and what the grammar or the analysis turns into them: IN, LIKE, BETWEEN, IS DISTINCT FROM, NULLIF, SIMILAR TO. */
export function readOperator(readTerm: ReadTerm, fields: FieldsOf<'A_Expr'>): Term {
  const name = operatorText(fields.name)
  switch (fields.kind) {
    case 'AEXPR_IN':
      return readIn(readTerm, fields, name)
    case 'AEXPR_OP_ANY':
      return term('any', name, [readTerm(fields.lexpr), readTerm(fields.rexpr)])
    case 'AEXPR_OP_ALL':
      return term('all', name, [readTerm(fields.lexpr), readTerm(fields.rexpr)])
    case 'AEXPR_DISTINCT':
      return distinct(readTerm, fields)
    case 'AEXPR_NOT_DISTINCT':
      return notDistinct(readTerm, fields)
    case 'AEXPR_NULLIF':
      return term('call', 'NULLIF', [readTerm(fields.lexpr), readTerm(fields.rexpr)])
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN':
    case 'AEXPR_BETWEEN_SYM':
    case 'AEXPR_NOT_BETWEEN_SYM':
      return readBetween(readTerm, fields)
    default:
      return readPlain(readTerm, fields, name)
  }
}

/** OPERATOR(pg_catalog.=) is =; an operator of another schema keeps it. */
export function operatorText(parts: readonly TreeNode[] | undefined): string {
  const names = textsOf(parts)
  const name = names.at(-1) ?? ''
  const schema = names.at(-2)
  return schema === undefined || schema === 'pg_catalog'
    ? name
    : `OPERATOR(${quoteIdentifier(schema)}.${name})`
}

function readPlain(readTerm: ReadTerm, fields: FieldsOf<'A_Expr'>, name: string): Term {
  const right = readTerm(fields.rexpr)
  if (fields.lexpr === undefined) return term('operator', name, [right])
  const left = readTerm(fields.lexpr)
  const rows =
    left.form === 'row' && right.form === 'row' && left.parts.length === right.parts.length
  // make_row_comparison_op(): = of rows is AND of =, <> is OR of <>; the others stay comparisons of rows.
  if (rows && (name === '=' || name === '<>')) {
    const pairs = left.parts.map((part, i) =>
      term('operator', name, [part, right.parts[i] ?? part]),
    )
    return junction(name === '=' ? 'and' : 'or', pairs)
  }
  return term('operator', name, [left, right])
}

/** transformAExprIn(): several values without columns become one array, the rest one comparison each. */
function readIn(readTerm: ReadTerm, fields: FieldsOf<'A_Expr'>, name: string): Term {
  const left = readTerm(fields.lexpr)
  const items = fieldsOf(fields.rexpr, 'List')?.items ?? []
  const plain = items.filter((item) => !mentionsColumn(item))
  const negated = name === '<>'
  if (plain.length < 2 || left.form === 'row') {
    return junction(negated ? 'and' : 'or', comparisons(readTerm, name, left, items))
  }
  const array = term(negated ? 'all' : 'any', name, [left, term('array', '', plain.map(readTerm))])
  const others = comparisons(readTerm, name, left, items.filter(mentionsColumn))
  return junction(negated ? 'and' : 'or', [array, ...others])
}

function comparisons(
  readTerm: ReadTerm,
  name: string,
  left: Term,
  items: readonly TreeNode[],
): Term[] {
  return items.map((item) => term('operator', name, [left, readTerm(item)]))
}

function mentionsColumn(node: TreeNode): boolean {
  return descendantsOf(node, 'ColumnRef').next().done !== true
}

function readBetween(readTerm: ReadTerm, fields: FieldsOf<'A_Expr'>): Term {
  const value = readTerm(fields.lexpr)
  const [low, high] = (fieldsOf(fields.rexpr, 'List')?.items ?? []).map(readTerm)
  if (low === undefined || high === undefined) return term('opaque', '«BETWEEN»')
  const within = (from: Term, to: Term) =>
    junction('and', [term('operator', '>=', [value, from]), term('operator', '<=', [value, to])])
  const outside = (from: Term, to: Term) =>
    junction('or', [term('operator', '<', [value, from]), term('operator', '>', [value, to])])
  switch (fields.kind) {
    case 'AEXPR_NOT_BETWEEN':
      return outside(low, high)
    case 'AEXPR_BETWEEN_SYM':
      return junction('or', [within(low, high), within(high, low)])
    case 'AEXPR_NOT_BETWEEN_SYM':
      return junction('and', [outside(low, high), outside(high, low)])
    default:
      return within(low, high)
  }
}

/** The analysis turns IS DISTINCT FROM NULL into IS NOT NULL. */
function distinct(readTerm: ReadTerm, fields: FieldsOf<'A_Expr'>): Term {
  const tested = operandBesideNull(readTerm, fields)
  if (tested !== null) return term('test', 'IS NOT NULL', [tested])
  return term('operator', 'IS DISTINCT FROM', [readTerm(fields.lexpr), readTerm(fields.rexpr)])
}

function notDistinct(readTerm: ReadTerm, fields: FieldsOf<'A_Expr'>): Term {
  const tested = operandBesideNull(readTerm, fields)
  if (tested !== null) return term('test', 'IS NULL', [tested])
  return term('not', '', [distinct(readTerm, fields)])
}

function operandBesideNull(readTerm: ReadTerm, fields: FieldsOf<'A_Expr'>): Term | null {
  if (fieldsOf(fields.rexpr, 'A_Const')?.isnull === true) return readTerm(fields.lexpr)
  if (fieldsOf(fields.lexpr, 'A_Const')?.isnull === true) return readTerm(fields.rexpr)
  return null
}
