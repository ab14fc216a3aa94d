import { parseSql, SyntaxFailure } from './parser.ts'
import { fieldsOf } from './tree/node.ts'
import type { TreeNode } from './tree/types.ts'
import type { Node } from './types.ts'

/** The only statement of a text; null when it is no SQL, empty, or several. */
export function parseStatement(text: string): Node | null {
  try {
    const [first, ...more] = parseSql(text)
    return first === undefined || more.length > 0 ? null : first.node
  } catch (error) {
    if (error instanceof SyntaxFailure) return null
    throw error
  }
}

/** The tree of a text that is one expression and nothing more, as a server's deparse or the condition of an IF; else null. */
export function parseExpression(text: string): TreeNode | null {
  const select = fieldsOf(parseStatement(`SELECT ${text}\n`), 'SelectStmt')
  const { fromClause, whereClause, targetList = [] } = select ?? {}
  const [target, ...more] = targetList
  const value = fieldsOf(target, 'ResTarget')
  const isWhole = more.length === 0 && fromClause === undefined && whereClause === undefined
  return isWhole && value?.name === undefined ? (value?.val ?? null) : null
}
