import { quoteIdentifier, quoteName } from '../../sql/identifier.ts'
import type { KnownRelation } from './types.ts'

/** Longer values are cut by the server: a row may hold megabytes. */
const longest = 80

/**
 * Whether a value is NULL, as a constraint has it. IS NULL is also true of a row whose fields are all NULL, and IS NOT NULL only of one without any; to the
 * planner this is the same as IS NULL for every other type.
 */
export const isNull = (expression: string): string => `${expression} IS NOT DISTINCT FROM NULL`
export const isPresent = (expression: string): string => `${expression} IS DISTINCT FROM NULL`

/** A value as a short text to show. */
export const shown = (expression: string): string =>
  `pg_catalog.left((${expression})::pg_catalog.text, ${longest})`

export interface Samples {
  /** The SELECT list. */
  readonly list: string
  readonly labels: readonly string[]
}

/**
 * A SELECT list that tells a row by its primary key (by its ctid where there is none), and then what is wrong with it. Its columns are named s1, s2, …
 */
export function samplesOf(
  { key }: Pick<KnownRelation, 'key'>,
  columns: readonly string[],
  alias?: string,
): Samples {
  const names = [...new Set([...(key.length === 0 ? ['ctid'] : key), ...columns])]
  const of = alias === undefined ? '' : `${alias}.`
  const list = names.map((name, place) => `${shown(of + quoteIdentifier(name))} AS s${place + 1}`)
  return { list: list.join(', '), labels: names.map(quoteIdentifier) }
}

/** FROM what: a plain table without its children, a partitioned one with them. */
export function ownRows({ schema, name, kind }: KnownRelation): string {
  return `${kind === 'p' ? '' : 'ONLY '}${quoteName({ schema, name })}`
}

/** FROM a table and the children that inherit from it, or `only` the table. */
export function allRows(relation: KnownRelation, only: boolean): string {
  return only ? ownRows(relation) : quoteName(relation)
}

/** '"Company"', or '"app"."Company"' outside public: as a person names it. */
export function tableWords({ schema, name }: KnownRelation): string {
  return quoteName({ schema: schema === 'public' ? null : schema, name })
}

export const columnList = (columns: readonly string[]): string =>
  columns.map(quoteIdentifier).join(', ')
