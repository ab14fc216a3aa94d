import type { Node as TreeNode } from '@pgsql/types'
import type { PlpgsqlFields } from './plpgsql.ts'

/** The parse tree's types; its `Node` is renamed because the one of ../types.ts hides the tree. */
export type {
  A_Const,
  A_Expr,
  AlterTableCmd,
  ColumnDef,
  Constraint,
  CreateStmt,
  FuncCall,
  GrantStmt,
  IndexElem,
  IntoClause,
  Node as TreeNode,
  ObjectType,
  ObjectWithArgs,
  RangeVar,
  RoleSpec,
  SelectStmt,
  SubLink,
  TypeName,
  VariableSetStmt,
  WithClause,
} from '@pgsql/types'

type Union<T> = T extends unknown ? keyof T : never

/** Every node is `{ Type: fields }`: the names of the types, those of PL/pgSQL's own tree included. */
export type NodeType = Union<TreeNode> | `PLpgSQL_${string}`

export type FieldsOf<T extends NodeType> =
  T extends Union<TreeNode> ? Extract<TreeNode, Record<T, unknown>>[T] : PlpgsqlFields

/** A function for each type of node that a reader knows. */
export type ByType<Result, More extends readonly unknown[] = []> = {
  readonly [T in Union<TreeNode>]?: (fields: FieldsOf<T>, ...more: More) => Result
}
