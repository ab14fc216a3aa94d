import type { Effect, QualifiedName, Statement } from '../sql/types.ts'
import { lockedTables, lockKey } from './locked-tables.ts'
import { describeObject } from './object-words.ts'
import type { PlannedMigration } from './types.ts'

/** Something big that the plan writes anew beside what is there until its transaction ends. */
export interface Build {
  /** 'index': a new one on a table; 'rewrite': the table with its indexes once more; 'reindex': an index, or all of a table. */
  readonly kind: 'index' | 'rewrite' | 'reindex'
  /** The table, or for a reindex the index. */
  readonly relation: QualifiedName
  /** Key and included columns of an index; expressions are counted. */
  readonly columns: readonly string[]
  readonly expressions: number
  /** In words: 'index i on t', 'rewrite of t: TYPE of column t.a'. */
  readonly what: string
  /** Where the file itself has set the search path that the name is looked up on. */
  readonly searchPath?: readonly string[]
  /** That the relation is not found means nothing. */
  readonly mayBeAbsent: boolean
}

type OneBuild = Omit<Build, 'searchPath' | 'mayBeAbsent'>

/** What the pending migrations build or rewrite of relations that were there before. Small where they are new: those are left out. */
export function builds(pending: readonly Pick<PlannedMigration, 'script'>[]): readonly Build[] {
  const before = new Map(
    lockedTables(pending).map((each) => [lockKey(each.relation, each.searchPath), each]),
  )
  return pending
    .flatMap(({ script }) => script.statements)
    .flatMap((statement) =>
      statement.effects.flatMap((effect) =>
        buildOf(effect, statement).flatMap((build) => {
          const locked = before.get(lockKey(build.relation, effect.searchPath))
          if (locked === undefined) return []
          const { searchPath, mayBeAbsent } = locked
          return [{ ...build, mayBeAbsent, ...(searchPath === undefined ? {} : { searchPath }) }]
        }),
      ),
    )
}

function buildOf(effect: Effect, statement: Statement): OneBuild[] {
  const { object, op, index, constraint } = effect
  if (op === 'reindex') return reindexed(effect)
  if (op === 'create' && index !== undefined && object.table !== undefined) {
    const columns = index.keys.flatMap(({ column }) => (column === null ? [] : [column]))
    return [
      {
        kind: 'index',
        relation: object.table,
        columns: [...columns, ...index.include],
        expressions: index.keys.length - columns.length,
        what: describeObject(object),
      },
    ]
  }
  if (op === 'create' && constraint !== undefined && object.table !== undefined) {
    if (!INDEXED.has(constraint.type) || constraint.usingIndex !== null) return []
    return [
      {
        kind: 'index',
        relation: object.table,
        columns: [...constraint.columns, ...constraint.include],
        expressions: constraint.exclusion?.elements.length ?? 0,
        what: `index of ${describeObject(object)}`,
      },
    ]
  }
  const why = rewriteOf(effect, statement)
  const relation = object.table ?? nameOf(effect)
  if (why === null || relation === null) return []
  const what = `rewrite for ${why} ${describeObject(object)}`
  return [{ kind: 'rewrite', relation, columns: [], expressions: 0, what }]
}

const INDEXED: ReadonlySet<string> = new Set(['primary key', 'unique', 'exclude'])

function nameOf({ object: { schema, name } }: Effect): QualifiedName | null {
  return name === null || name === '' ? null : { schema, name }
}

function reindexed(effect: Effect): OneBuild[] {
  const relation = nameOf(effect)
  const { kind } = effect.object
  if (relation === null || (kind !== 'table' && kind !== 'index')) return []
  const what = `REINDEX of ${describeObject(effect.object)}`
  return [{ kind: 'reindex', relation, columns: [], expressions: 0, what }]
}

const RELATION_REWRITES: ReadonlySet<string> = new Set([
  'SET LOGGED',
  'SET UNLOGGED',
  'SET ACCESS METHOD',
  'SET TABLESPACE',
])

/** Which change makes Postgres write the whole table anew, or may: whether a change of type does, only the types tell. Null: none. */
export function rewriteOf(
  { op, object, change, column }: Effect,
  { effects }: Statement,
): string | null {
  if (op === 'cluster') return 'CLUSTER of'
  if (op === 'vacuum' && change === 'FULL') return 'VACUUM FULL of'
  if (op === 'refresh' && change !== 'WITH NO DATA') return 'REFRESH of'
  if (op === 'alter' && change !== undefined) {
    const rewrites =
      object.kind === 'column'
        ? change === 'TYPE' || change === 'SET EXPRESSION'
        : RELATION_REWRITES.has(change)
    return rewrites ? `${change} of` : null
  }
  if (op !== 'create' || object.kind !== 'column' || column === undefined) return null
  const numbered = effects.some(
    (other) => other.object.kind === 'sequence' && other.change === `OWNED BY ${object.name ?? ''}`,
  )
  const filled = numbered || column.generated === 'stored' || isVolatile(column.default ?? null)
  return filled ? 'ADD COLUMN of' : null
}

/** Since 11 a default is stored once if it is the same for all rows: constants, and functions that are not volatile. */
const STABLE =
  /^(?:now|current_timestamp|current_date|localtimestamp|localtime|transaction_timestamp|statement_timestamp|current_setting|current_user)$/i

function isVolatile(expression: string | null): boolean {
  if (expression === null) return false
  const code = expression
    .replaceAll(/'(?:[^']|'')*'/g, "''")
    .replaceAll(/::\s*[\w. ]+\([^)]*\)/g, '')
  const calls = [...code.matchAll(/([a-z_]\w*)\s*\(/gi)].map(([, name]) => name ?? '')
  return calls.some((name) => !STABLE.test(name) && name.toUpperCase() !== 'ARRAY')
}
