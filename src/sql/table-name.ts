import { parseSql, SyntaxFailure } from './parser.ts'
import { fieldsOf } from './tree/node.ts'
import type { QualifiedName } from './types.ts'

/**
 * A table's name as one writes it in SQL: `Recipe` is recipe, `"Recipe"` is Recipe, a schema may stand before it. Null for anything else,
 * a list, an alias or a catalog's name among it.
 */
export function parseTableName(text: string): QualifiedName | null {
  const range = fieldsOf(onlyFrom(text), 'RangeVar')
  if (range === undefined || range.alias !== undefined || range.catalogname !== undefined)
    return null
  const { schemaname, relname, inh } = range
  if (relname === undefined || inh !== true) return null
  return { schema: schemaname ?? null, name: relname }
}

/** What the name becomes in a SELECT without anything else. */
function onlyFrom(text: string): unknown {
  try {
    const [statement, ...others] = parseSql(`SELECT FROM ${text}`)
    const select = fieldsOf(statement?.node, 'SelectStmt')
    if (select === undefined || others.length > 0) return undefined
    const { fromClause, limitOption: _always, op: _none, ...more } = select
    return fromClause?.length === 1 && Object.keys(more).length === 0 ? fromClause[0] : undefined
  } catch (error) {
    if (error instanceof SyntaxFailure) return undefined
    throw error
  }
}
