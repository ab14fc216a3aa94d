import { compareTerms, type Sameness } from './expression/compare.ts'
import { printTerm } from './expression/print.ts'
import { readTerm } from './expression/read.ts'
import { parseExpression } from './fragment.ts'
import type { TreeNode } from './tree/types.ts'

export type { Sameness } from './expression/compare.ts'

/** An expression in one spelling, with every cast that was written: what definitions of effects hold, so that compareExpressions can be exact. */
export function writtenExpression(node: TreeNode | undefined): string {
  return printTerm(readTerm(node))
}

/**
 * Compares an expression as written with the server's deparse of a stored one (pg_get_expr, pg_get_constraintdef, pg_get_indexdef), which has
 * casts added to constants and to text. Where the texts can't decide the answer is 'unknown'.
 */
export function compareExpressions(written: string, stored: string): Sameness {
  const [one, other] = [parseExpression(written), parseExpression(stored)]
  if (one === null || other === null) return 'unknown'
  return compareTerms(readTerm(one), readTerm(other))
}
