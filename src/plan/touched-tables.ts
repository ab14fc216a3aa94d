import type { Place } from '../report/refusal.ts'
import { isOwned } from '../sql/owned-kind.ts'
import { privilegedParts } from '../sql/privileged.ts'
import type { Effect, QualifiedName, Statement } from '../sql/types.ts'
import { effectPath, type NameContext, schemasOf } from './effect-path.ts'
import { Ours } from './privileges/ours.ts'
import { type PlannedIdentity, ReplicaIdentities } from './replica-identities.ts'
import type { PlannedMigration } from './types.ts'

/** A table that the plan changes, and how. */
export interface TouchedTable {
  readonly table: QualifiedName
  /** Schemas that it may be in, first things first: its own, or the search path. */
  readonly schemas: readonly string[]
  /** 'UPDATE', 'DELETE': rows change in a way that needs a replica identity. 'ADD', 'REMOVE', 'ALTER': its columns, or the table itself. */
  readonly how: 'UPDATE' | 'DELETE' | 'ADD' | 'REMOVE' | 'ALTER'
  /** Null where nothing may skip it; else what makes it uncertain. */
  readonly doubt: string | null
  /** What earlier statements of the plan do about its replica identity. */
  readonly identity: PlannedIdentity
  /** The plan makes it, or makes it unless it is there. */
  readonly created: boolean
  readonly statement: string
  readonly where: Place
}

/** Each table and way of change once, with the first statement; tables that the plan itself creates are among them. */
export function touchedTables(
  pending: readonly Pick<PlannedMigration, 'steps'>[],
  context: NameContext,
): readonly TouchedTable[] {
  const found = new Map<string, TouchedTable>()
  const identities = new ReplicaIdentities()
  const ours = new Ours()
  for (const { statement } of pending.flatMap(({ steps }) =>
    steps.flatMap((step) => step.statements),
  )) {
    for (const effect of statement.effects) {
      const path = effectPath(effect, context)
      const table = tableOf(effect)
      for (const how of table === null ? [] : changesOf(effect, statement)) {
        if (table === null) continue
        const schemas = schemasOf(table, effect, context)
        const identity = identities.of(table)
        const doubt = doubtOf(effect, statement)
        const key = JSON.stringify([schemas, table.name, how, identity])
        const known = found.get(key)
        if (known !== undefined && (known.doubt === null || doubt !== null)) continue
        const created =
          (how === 'ADD' && effect.object.kind === 'table') ||
          ours.has({ kind: 'table', ...table }, path) !== null
        const { kind, where } = statement
        found.set(key, { table, schemas, how, doubt, identity, created, statement: kind, where })
      }
      identities.follow(effect)
      ours.follow(effect, path)
    }
  }
  return [...found.values()]
}

function doubtOf({ op, guarded }: Effect, { node }: Statement): string | null {
  if (guarded) return 'it stands behind a condition or a handler, which may skip it'
  return op === 'merge' && privilegedParts(node).rows.length === 0
    ? 'which commands its MERGE has isn’t derived'
    : null
}

function tableOf({ object, temporary }: Effect): QualifiedName | null {
  if (temporary === true) return null
  if (object.kind === 'table') return { schema: object.schema, name: object.name ?? '' }
  return isOwned(object.kind) && object.kind !== 'enum value' ? (object.table ?? null) : null
}

/** Constraints, triggers and the like stay on their own side; columns and tables are what both sides must have. */
function changesOf(
  { op, object, change, column }: Effect,
  { node }: Statement,
): readonly TouchedTable['how'][] {
  if (op === 'update') return ['UPDATE']
  if (op === 'delete') return ['DELETE']
  if (op === 'merge') return merged(privilegedParts(node).rows.map(({ privilege }) => privilege))
  if (object.kind !== 'table' && object.kind !== 'column') return []
  if (op === 'create') return ['ADD']
  if (op === 'drop') return ['REMOVE']
  if (op === 'rename' || op === 'set schema') return ['ALTER']
  return op === 'alter' && change === 'TYPE' && column !== undefined ? ['ALTER'] : []
}

/** The commands that it really has; both where it is hidden in a body. */
function merged(privileges: readonly string[]): readonly TouchedTable['how'][] {
  const both = ['UPDATE', 'DELETE'] as const
  return privileges.length === 0 ? both : both.filter((how) => privileges.includes(how))
}
