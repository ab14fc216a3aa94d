import { descendants } from './tree/descendants.ts'
import { fieldsOf, membersOf, readByType, typeOf } from './tree/node.ts'
import type { ByType, SelectStmt, TreeNode } from './tree/types.ts'
import { textOf } from './tree/value.ts'
import type { Node } from './types.ts'

/** What a parse tells of a query before it runs. */
export interface QueryShape {
  /** Top-level ORDER BY. */
  readonly ordered: boolean
  /** Result columns from left to right; null for one whose name only the server knows. */
  readonly columns: readonly (string | null)[]
  /** Others of unknown number may follow `columns`, from a `*`, TABLE or SHOW on. */
  readonly open: boolean
}

/**
 * The shape of a SELECT, VALUES, TABLE, SHOW or WITH … SELECT that only reads; for anything else, in words, why it is none
 * ('it locks rows'). What the functions do that it calls no parse can tell.
 */
export function queryShape(node: Node): QueryShape | string {
  if (typeOf(node) === 'VariableShowStmt') return { ordered: false, columns: [], open: true }
  const select = fieldsOf(node, 'SelectStmt')
  if (select === undefined) return 'it is not a query'
  const change = findChange(node)
  if (change !== null) return change
  return { ordered: select.sortClause !== undefined, ...columnsOf(select) }
}

/** What in a query would write or lock, at any depth. */
function findChange(query: Node): string | null {
  for (const node of descendants(query)) {
    const change = readByType(CHANGES, node)
    if (change != null) return change
  }
  return null
}

const CHANGES: ByType<string | null> = {
  InsertStmt: () => 'it holds an INSERT',
  UpdateStmt: () => 'it holds an UPDATE',
  DeleteStmt: () => 'it holds a DELETE',
  MergeStmt: () => 'it holds a MERGE',
  SelectStmt: changeOfSelect,
}

/** The sides of a UNION are no nodes of their own, so they aren't among the descendants. */
function changeOfSelect({ intoClause, lockingClause, larg, rarg }: SelectStmt): string | null {
  if (intoClause !== undefined) return 'SELECT INTO creates a table'
  if (lockingClause !== undefined) return 'it locks rows (FOR UPDATE, FOR SHARE, …)'
  const sides = [larg, rarg].filter((side) => side !== undefined)
  return sides.map(changeOfSelect).find((change) => change !== null) ?? null
}

function columnsOf({
  larg,
  valuesLists,
  targetList,
}: SelectStmt): Pick<QueryShape, 'columns' | 'open'> {
  // UNION, INTERSECT and EXCEPT take the names of their leftmost query.
  if (larg !== undefined) return columnsOf(larg)
  const [firstRow] = valuesLists ?? []
  if (firstRow !== undefined) {
    const cells = fieldsOf(firstRow, 'List')?.items ?? []
    return { columns: cells.map((_, index) => `column${index + 1}`), open: false }
  }
  const columns: (string | null)[] = []
  for (const { name, val } of membersOf(targetList, 'ResTarget')) {
    if (isStar(val)) return { columns, open: true }
    columns.push(name ?? nameOf(val))
  }
  return { columns, open: false }
}

function isStar(value: TreeNode | undefined): boolean {
  const path =
    fieldsOf(value, 'ColumnRef')?.fields ?? fieldsOf(value, 'A_Indirection')?.indirection ?? []
  return path.some((part) => typeOf(part) === 'A_Star')
}

/** The name of a result column without AS where it is a column's, be it under casts. */
function nameOf(value: TreeNode | undefined): string | null {
  const cast = fieldsOf(value, 'TypeCast')
  if (cast !== undefined) return nameOf(cast.arg)
  return textOf(fieldsOf(value, 'ColumnRef')?.fields?.at(-1))
}
