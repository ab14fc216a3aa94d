import { SearchPathTracker } from '../../sql/search-path.ts'
import type { Effect, QualifiedName } from '../../sql/types.ts'
import { maybeSame, sameName } from '../object-key.ts'
import type { PlannedMigration } from '../types.ts'
import { History } from './history.ts'
import { typesOf } from './type-changes.ts'
import type { Demand, PlannedEffect, PrecheckRequest } from './types.ts'

/**
 * What the pending migrations demand of the rows that are there, statement by statement, in the order of the plan. A constraint that is added NOT VALID
 * is asked where it is validated; one that the plan never validates demands nothing of old rows.
 */
export function precheckRequests(pending: readonly PlannedMigration[]): PrecheckRequest[] {
  const requests: PrecheckRequest[] = []
  const history = new History()
  for (const { version, steps, script } of pending) {
    const paths = searchPaths(script)
    const ran = steps.flatMap(({ statements, rollsBack }) => (rollsBack === true ? [] : statements))
    // Gone when the next migration begins; until then they hide tables of the same name.
    const temporary = new Set<string>()
    for (const { statement } of ran) {
      const { effects, where, kind } = statement
      for (const [place, effect] of effects.entries()) {
        const planned: PlannedEffect = { effect, where, tag: kind }
        const earlier = history.soFar()
        const isNew = ownerIsNew(effect, effects.slice(0, place))
        const made = isNew ? null : demandOf(effect, effects.slice(place + 1), earlier)
        if (made !== null && !isTemporary(made.owner, temporary)) {
          const sources = [effect, ...earlierAddition(effect, earlier)]
          requests.push({
            ...planned,
            ...made,
            version,
            ofDomain: kind === 'ALTER DOMAIN',
            calls: sources.flatMap(callsOf),
            // Any value of the new column's type is missing all the same.
            types: made.demand.kind === 'required column' ? [] : sources.flatMap(typesOf),
            searchPath: paths.get(statement.index) ?? null,
            earlier,
          })
        }
        history.add(planned)
        if (effect.op === 'create' && effect.temporary === true) {
          temporary.add(effect.object.name ?? '')
        }
      }
    }
  }
  return requests
}

function searchPaths({
  statements,
}: PlannedMigration['script']): ReadonlyMap<number, readonly string[] | null> {
  const tracker = new SearchPathTracker()
  return new Map(
    statements.map(({ index, node, transaction }) => {
      const path = tracker.current
      tracker.follow(node, transaction)
      return [index, path]
    }),
  )
}

/** A table that the statement itself makes has no rows, and one that was there before keeps what it had. */
function ownerIsNew({ object: { table } }: Effect, before: readonly Effect[]): boolean {
  if (table === undefined) return false
  return before.some(
    ({ op, object }) =>
      op === 'create' &&
      (object.kind === 'table' || object.kind === 'foreign table' || object.kind === 'domain') &&
      sameName({ schema: object.schema, name: object.name ?? '' }, table),
  )
}

function isTemporary({ schema, name }: QualifiedName, temporary: ReadonlySet<string>): boolean {
  return schema === 'pg_temp' || (schema === null && temporary.has(name))
}

type Made = { readonly owner: QualifiedName; readonly demand: Demand } | null

function demandOf(
  effect: Effect,
  following: readonly Effect[],
  earlier: PrecheckRequest['earlier'],
): Made {
  const { op, object } = effect
  const owner = object.table ?? { schema: object.schema, name: object.name ?? '' }
  const demand =
    object.kind === 'constraint'
      ? constraintDemand(effect, earlier)
      : object.kind === 'index' && op === 'create'
        ? indexDemand(effect)
        : object.kind === 'column'
          ? columnDemand(effect, following)
          : object.kind === 'domain' && effect.change === 'SET NOT NULL'
            ? ({ kind: 'set not null', column: 'value' } as const)
            : null
  return demand === null ? null : { owner, demand }
}

function callsOf({ uses = [] }: Effect): QualifiedName[] {
  return uses.flatMap(({ kind, schema, name }) =>
    kind === 'function' && name !== null ? [{ schema, name }] : [],
  )
}

/** What is validated calls what it called where it was added. */
function earlierAddition(effect: Effect, earlier: PrecheckRequest['earlier']): Effect[] {
  const added = effect.op === 'validate' ? additionOf(effect.object, earlier) : undefined
  return added === undefined ? [] : [added]
}

function additionOf(
  object: Effect['object'],
  earlier: PrecheckRequest['earlier'],
): Effect | undefined {
  return earlier([object.table?.name ?? '']).findLast(
    ({ effect }) =>
      effect.constraint !== undefined &&
      effect.object.kind === 'constraint' &&
      maybeSame(effect.object, object),
  )?.effect
}

function constraintDemand(
  { op, object, constraint }: Effect,
  earlier: PrecheckRequest['earlier'],
): Demand | null {
  const { name } = object
  if (op === 'validate' && name !== null) {
    const added = additionOf(object, earlier)?.constraint
    return added === undefined
      ? { kind: 'validate', name }
      : added.valid
        ? null
        : { kind: 'constraint', name, constraint: added }
  }
  if (op !== 'create' || constraint?.valid !== true) return null
  const known = constraint.usingIndex !== null && constraint.type !== 'primary key'
  return known ? null : { kind: 'constraint', name, constraint }
}

function indexDemand({ object, index, only }: Effect): Demand | null {
  // ON ONLY a partitioned table holds nothing: the partitions' own indexes are attached later.
  if (index?.unique !== true || only === true) return null
  return { kind: 'index', name: object.name, index }
}

function columnDemand(
  { op, object, column, change, using }: Effect,
  following: readonly Effect[],
): Demand | null {
  const { name } = object
  if (name === null) return null
  if (op === 'alter' && change === 'SET NOT NULL') return { kind: 'set not null', column: name }
  if (op === 'alter' && change === 'TYPE' && column?.type !== undefined) {
    return { kind: 'type', column: name, type: column.type, using: using ?? null }
  }
  const filled =
    column?.default != null ||
    column?.identity != null ||
    column?.generated != null ||
    following.some((other) => other.change === `OWNED BY ${name}`)
  if (op !== 'create' || column?.notNull !== true || filled) return null
  return { kind: 'required column', column: name }
}
