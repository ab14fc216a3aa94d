import type { PlannedMigration } from '../../plan/types.ts'
import type { Effect, ObjectKind, QualifiedName } from '../../sql/types.ts'

/** A table to be counted, its name as a script or airlock.yml has it. */
export interface WantedTable extends QualifiedName {
  /** Schemas that the file itself set; absent: those of the session. */
  readonly searchPath?: readonly string[]
}

/** What leaves rows and their meaning alone. */
const harmless: ReadonlySet<Effect['op']> = new Set([
  'read',
  'set',
  'lock',
  'grant',
  'revoke',
  'comment',
  'analyze',
  'vacuum',
])

const holders: ReadonlySet<ObjectKind> = new Set(['table', 'materialized view'])
const members: ReadonlySet<ObjectKind> = new Set([
  'column',
  'constraint',
  'trigger',
  'policy',
  'rule',
  'index',
])

/**
 * The tables that the migrations touch, each once, in the order of the plan; those that they make themselves among them, since only the
 * catalog tells which are there already. What EXECUTE and function calls touch is not known.
 */
export function touchedTables(planned: readonly PlannedMigration[]): WantedTable[] {
  const found = new Map<string, WantedTable>()
  for (const effect of planned.flatMap(({ script }) =>
    script.statements.flatMap(({ effects }) => effects),
  )) {
    if (harmless.has(effect.op) || effect.temporary === true) continue
    for (const table of tablesOf(effect)) {
      const wanted: WantedTable =
        effect.searchPath === undefined || table.schema !== null
          ? table
          : { ...table, searchPath: effect.searchPath }
      found.set(JSON.stringify([wanted.schema, wanted.name, wanted.searchPath]), wanted)
    }
  }
  return [...found.values()]
}

function tablesOf({ object, partition }: Effect): QualifiedName[] {
  const { kind, schema, name, table } = object
  const own = holders.has(kind) && name !== null ? [{ schema, name }] : []
  const owner = members.has(kind) && table !== undefined ? [plain(table)] : []
  return [...own, ...owner, ...(partition === undefined ? [] : [plain(partition)])]
}

const plain = ({ schema, name }: QualifiedName): QualifiedName => ({ schema, name })
