import { catalogName, readTerm } from '../expression/read.ts'
import { writtenExpression } from '../expression.ts'
import { quoteLiteral } from '../identifier.ts'
import { membersOf } from '../tree/node.ts'
import type { IndexElem, TreeNode } from '../tree/types.ts'
import { textOf } from '../tree/value.ts'
import type { IndexKey } from '../types.ts'

/** A key of an index or an exclusion constraint. */
export function readIndexKey(element: IndexElem): IndexKey {
  const descending = element.ordering === 'SORTBY_DESC'
  const collation = catalogName(element.collation)
  return {
    column: element.name ?? columnInParentheses(element.expr),
    expression: element.name === undefined ? expressionText(element.expr) : null,
    opclass: opclassText(element),
    descending,
    nullsFirst: nullsFirst(element, descending),
    collation: element.collation === undefined ? null : collation,
  }
}

export function columnNames(elements: readonly TreeNode[] | undefined): string[] {
  return membersOf(elements, 'IndexElem').map((element) => element.name ?? '')
}

/** `((a))` is the column a to the server. */
function columnInParentheses(expression: TreeNode | undefined): string | null {
  if (expression === undefined || !('ColumnRef' in expression)) return null
  return textOf(expression.ColumnRef.fields?.at(-1))
}

function expressionText(expression: TreeNode | undefined): string | null {
  if (expression === undefined || readTerm(expression).form === 'column') return null
  return writtenExpression(expression)
}

function opclassText(element: IndexElem): string | null {
  if (element.opclass === undefined) return null
  const options = membersOf(element.opclassopts, 'DefElem').map(
    (option) => `${option.defname}=${quoteLiteral(textOf(option.arg) ?? '')}`,
  )
  const suffix = options.length === 0 ? '' : ` (${options.join(', ')})`
  return catalogName(element.opclass) + suffix
}

function nullsFirst(element: IndexElem, descending: boolean): boolean | null {
  const written = element.nulls_ordering
  if (written === 'SORTBY_NULLS_FIRST') return descending ? null : true
  if (written === 'SORTBY_NULLS_LAST') return descending ? false : null
  return null
}
