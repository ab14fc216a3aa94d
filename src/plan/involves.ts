import type { Effect } from '../sql/types.ts'

interface Definitions {
  readonly constraint?: Effect['constraint']
  readonly index?: Effect['index']
  readonly trigger?: Effect['trigger']
}

/** True when a definition names the column, in its lists or in an expression's text. */
export function involves({ constraint, index, trigger }: Definitions, column: string): boolean {
  const lists = [
    ...(constraint?.columns ?? []),
    ...(constraint?.include ?? []),
    ...(index?.keys.map((key) => key.column) ?? []),
    ...(index?.include ?? []),
    ...(trigger?.columns ?? []),
  ]
  return lists.includes(column) || expressionsOf({ constraint, index }).includes(column)
}

/** All expression texts of a definition, joined. */
export function expressionsOf({ constraint, index }: Omit<Definitions, 'trigger'>): string {
  const keys = index?.keys.map(({ expression }) => expression) ?? []
  return [constraint?.expression, index?.predicate, ...keys].join('\n')
}
