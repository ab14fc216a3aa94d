import type { ConstraintDefinition, Effect } from '../../sql/types.ts'

interface Definitions extends Pick<Effect, 'object'> {
  readonly constraint?: Effect['constraint'] | undefined
  readonly index?: Effect['index'] | undefined
}

const suffixes: Readonly<Record<ConstraintDefinition['type'], string>> = {
  'primary key': 'pkey',
  unique: 'key',
  'foreign key': 'fkey',
  exclude: 'excl',
  check: 'check',
  'not null': 'not_null',
}

/**
 * The name that the server gives to an unnamed constraint or index when it is free, as
 * ChooseRelationName() makes it: 'table_a_b_key'. Null where that isn't certain: names of more than
 * 63 bytes are cut, and a CHECK is named after the columns that it happens to mention.
 */
export function defaultName({ object, constraint, index }: Definitions): string | null {
  const { table } = object
  if (table === undefined || (index === undefined && constraint === undefined)) return null
  if (constraint?.type === 'check' || constraint?.type === 'not null') return null
  const columns = constraint?.columns ?? index?.keys.map(({ column }) => column ?? 'expr') ?? []
  const suffix = constraint === undefined ? 'idx' : suffixes[constraint.type]
  const middle = constraint?.type === 'primary key' ? [] : [...columns]
  if (new Set(middle).size !== middle.length) return null
  const name = [table.name, ...middle, suffix].join('_')
  return new TextEncoder().encode(name).length <= 63 ? name : null
}

/**
 * True when the server may have given this name: it ends in the suffix of the kind, and in a number where the name was taken. What comes before
 * is cut where it is long, and is that of the table and columns as they were called then.
 */
export function maybeDefaultName(name: string, { constraint }: Definitions): boolean {
  const suffix = constraint === undefined ? 'idx' : suffixes[constraint.type]
  return new RegExp(`_${suffix}\\d*$`).test(name)
}
