import { descendants, descendantsOf } from './tree/descendants.ts'
import { fieldsOf, readByType, typeOf } from './tree/node.ts'
import type { A_Expr, ByType, TreeNode } from './tree/types.ts'
import { textOf, textsOf } from './tree/value.ts'
import type { Node } from './types.ts'

/** The `$n` that a statement's own query text refers to; none for the bodies of functions and PREPARE. */
export function parameterNumbers(node: Node): ReadonlySet<number> {
  const type = typeOf(node)
  if (type === 'CreateFunctionStmt' || type === 'PrepareStmt') return new Set()
  return new Set([...descendantsOf(node, 'ParamRef')].map(({ number = 0 }) => number))
}

/**
 * Whether a WHERE of the statement holds `key > $1 AND key <= $2`, both as conjuncts; for a key of
 * several columns the row comparison `(a, b) > ($1, $2) AND (a, b) <= ($3, $4)`.
 */
export function holdsKeyRange(node: Node, key: readonly string[]): boolean {
  return startOfRange(node, key) !== null
}

/** 'UPDATE', 'DELETE' or 'INSERT … SELECT' when the statement can be walked in key ranges, else null. */
export function walkableKind(node: Node): 'UPDATE' | 'DELETE' | 'INSERT' | null {
  const kinds: ByType<'UPDATE' | 'DELETE' | 'INSERT' | null> = {
    UpdateStmt: () => 'UPDATE',
    DeleteStmt: () => 'DELETE',
    InsertStmt: ({ selectStmt }) => {
      const select = fieldsOf(selectStmt, 'SelectStmt')
      return select !== undefined && select.valuesLists === undefined ? 'INSERT' : null
    },
  }
  return readByType(kinds, node) ?? null
}

/**
 * The same statement with `key >= $1` in place of `key > $1`: the first range of a walk starts at the lowest key itself, and not every
 * type has a value below its lowest. `node` is the tree of `text` parsed alone.
 */
export function withInclusiveStart(text: string, node: Node, key: readonly string[]): string {
  const at = startOfRange(node, key)?.location
  return at === undefined ? text : `${text.slice(0, at)}>=${text.slice(at + 1)}`
}

/** The comparison `key > $1` of a WHERE that holds the whole range. */
function startOfRange(node: Node, key: readonly string[]): A_Expr | null {
  for (const one of descendants(node)) {
    const conjuncts = conjunctsOf(readByType(WHERE, one))
    const low = conjuncts.find((part) => compares(part, '>', key, 1))
    const high = conjuncts.some((part) => compares(part, '<=', key, key.length + 1))
    if (low !== undefined && high) return low
  }
  return null
}

const WHERE: ByType<TreeNode | undefined> = {
  UpdateStmt: ({ whereClause }) => whereClause,
  DeleteStmt: ({ whereClause }) => whereClause,
  SelectStmt: ({ whereClause }) => whereClause,
}

/** The comparisons that a condition joins by AND. */
function conjunctsOf(condition: TreeNode | undefined): readonly A_Expr[] {
  const junction = fieldsOf(condition, 'BoolExpr')
  if (junction?.boolop === 'AND_EXPR') return (junction.args ?? []).flatMap(conjunctsOf)
  const comparison = fieldsOf(condition, 'A_Expr')
  return comparison === undefined ? [] : [comparison]
}

function compares(
  { kind, name, lexpr, rexpr }: A_Expr,
  operator: string,
  key: readonly string[],
  firstParameter: number,
): boolean {
  // OPERATOR(pg_catalog.>) is another spelling, whose place is not that of the sign.
  if (kind !== 'AEXPR_OP' || textsOf(name).join('.') !== operator) return false
  const columns = rowOf(lexpr).map(columnName)
  const parameters = rowOf(rexpr).map(parameterNumber)
  return (
    columns.length === key.length &&
    parameters.length === key.length &&
    columns.every((column, index) => column === key[index]) &&
    parameters.every((number, index) => number === firstParameter + index)
  )
}

function rowOf(value: TreeNode | undefined): readonly (TreeNode | undefined)[] {
  const row = fieldsOf(value, 'RowExpr')
  return row === undefined ? [value] : (row.args ?? [])
}

function columnName(value: TreeNode | undefined): string | null {
  return textOf(fieldsOf(value, 'ColumnRef')?.fields?.at(-1))
}

function parameterNumber(value: TreeNode | undefined): number | null {
  const cast = fieldsOf(value, 'TypeCast')
  if (cast !== undefined) return parameterNumber(cast.arg)
  return fieldsOf(value, 'ParamRef')?.number ?? null
}
