import { writtenExpression } from '../expression.ts'
import { fieldsOf } from '../tree/node.ts'
import type { FieldsOf, TreeNode } from '../tree/types.ts'

/** A partition's bound in words as pg_get_expr(relpartbound) has them: 'FOR VALUES IN (1)', 'DEFAULT'. */
export function partitionBound(bound: FieldsOf<'PartitionBoundSpec'>): string {
  if (bound.is_default === true) return 'DEFAULT'
  switch (bound.strategy) {
    case 'h':
      return `FOR VALUES WITH (modulus ${bound.modulus ?? 0}, remainder ${bound.remainder ?? 0})`
    case 'l':
      return `FOR VALUES IN (${values(bound.listdatums)})`
    default:
      return `FOR VALUES FROM (${values(bound.lowerdatums)}) TO (${values(bound.upperdatums)})`
  }
}

/** MINVALUE and MAXVALUE are column references to the grammar. */
function values(nodes: readonly TreeNode[] | undefined): string {
  return (nodes ?? [])
    .map((node) => {
      const text = writtenExpression(node)
      return fieldsOf(node, 'ColumnRef') === undefined ? text : text.toUpperCase()
    })
    .join(', ')
}
