import type { Effect } from '../../sql/types.ts'

const suffixes: Readonly<Record<string, string>> = {
  'primary key': 'pkey',
  unique: 'key',
  'foreign key': 'fkey',
  exclude: 'excl',
}

/**
 * The name that the server gives to an unnamed constraint or index when it is free, as
 * ChooseRelationName() makes it: 'table_a_b_key'. Null where that isn't certain: names of more than
 * 63 bytes are cut, and a CHECK is named after the columns that it happens to mention.
 */
export function defaultName({ object, constraint, index }: Effect): string | null {
  const { table } = object
  if (table === undefined) return null
  const columns = constraint?.columns ?? index?.keys.map(({ column }) => column ?? 'expr') ?? []
  const suffix = constraint === undefined ? 'idx' : suffixes[constraint.type]
  if (suffix === undefined || (index === undefined && constraint === undefined)) return null
  const middle = constraint?.type === 'primary key' ? [] : [...columns]
  if (new Set(middle).size !== middle.length) return null
  const name = [table.name, ...middle, suffix].join('_')
  return new TextEncoder().encode(name).length <= 63 ? name : null
}
