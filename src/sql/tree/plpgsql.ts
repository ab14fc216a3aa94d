import type { Node } from '../types.ts'

/** The fields of PL/pgSQL's nodes that are read here; libpg-query declares none, and each type of node has some of them. */
export interface PlpgsqlFields {
  readonly action?: Node | readonly Node[]
  readonly argquery?: Node
  readonly body?: readonly Node[]
  readonly case_when_list?: readonly Node[]
  readonly cond?: Node
  readonly conditions?: readonly Node[]
  readonly condname?: string
  readonly cursor_explicit_expr?: Node
  readonly datums?: readonly Node[]
  readonly default_val?: Node
  readonly dynquery?: Node
  readonly else_body?: readonly Node[]
  readonly else_stmts?: readonly Node[]
  readonly elsif_list?: readonly Node[]
  readonly exc_list?: readonly Node[]
  readonly exceptions?: Node
  readonly elog_level?: number
  readonly expr?: Node
  readonly fields?: readonly { readonly name?: string }[]
  readonly into?: boolean
  readonly lineno?: number
  readonly lower?: Node
  readonly message?: Node
  readonly params?: readonly Node[]
  readonly parseMode?: number
  /** The text of an expression; a statement's expression. */
  readonly query?: string | Node
  readonly sqlstmt?: Node
  readonly step?: Node
  readonly stmts?: readonly Node[]
  readonly t_expr?: Node
  readonly target?: Node
  readonly then_body?: readonly Node[]
  readonly upper?: Node
}

/** A function's action is one block, a handler's a list. */
export type PlpgsqlList = PlpgsqlFields['action']

export function nodesIn(list: PlpgsqlList): readonly Node[] {
  if (list === undefined) return []
  return isList(list) ? list : [list]
}

function isList(list: Node | readonly Node[]): list is readonly Node[] {
  return Array.isArray(list)
}

/** The fields of a statement of whatever type. */
export function anyFields(statement: Node): PlpgsqlFields {
  return (Object.values(statement)[0] ?? {}) as PlpgsqlFields
}
