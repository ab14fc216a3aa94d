import { isOwned } from '../owned-kind.ts'
import type { Effect, ObjectKind, ObjectRef, QualifiedName } from '../types.ts'

const WITHOUT_SCHEMA: ReadonlySet<ObjectKind> = new Set([
  'schema',
  'event trigger',
  'extension',
  'publication',
  'subscription',
  'cast',
  'role',
  'database',
  'tablespace',
  'foreign server',
  'foreign data wrapper',
  'user mapping',
  'language',
  'access method',
  'transform',
  'large object',
  'parameter',
  'unknown',
])

/**
 * Gives unqualified names their schema where the file's own search path makes it certain: what is created goes into its first schema, what
 * is spoken of is there too when it is the only one. Otherwise the path itself is noted on the effect. "$user" and the system's schemas
 * don't count: nothing can be said of them here.
 */
export function resolveNames(
  effects: readonly Effect[],
  searchPath: readonly string[] | null,
): Effect[] {
  return resolveIn(effects, searchPath, true)
}

/** The elements of CREATE SCHEMA: what they create lies in the schema, what else they name is looked for there first and then elsewhere. */
export function resolveElements(effects: readonly Effect[], schema: string): Effect[] {
  return resolveIn(effects, [schema], false)
}

function resolveIn(
  effects: readonly Effect[],
  searchPath: readonly string[] | null,
  closed: boolean,
): Effect[] {
  if (searchPath === null) return [...effects]
  const schemas = searchPath.filter((schema) => schema !== 'pg_catalog' && !/^pg_temp/.test(schema))
  const [first] = schemas
  if (first === undefined || schemas.includes('$user')) {
    return effects.map((each) => (isOpen(each) ? { ...each, searchPath } : each))
  }
  const only = closed && schemas.length === 1 ? first : null
  const made = new Set(effects.filter(isCreation).map(({ object }) => object.name ?? ''))
  return effects.map((each) => resolveEffect(each, { first, only, made, searchPath, closed }))
}

interface Schemas {
  readonly first: string
  readonly only: string | null
  /** Relations that the statement itself creates without naming a schema. */
  readonly made: ReadonlySet<string>
  readonly searchPath: readonly string[]
  /** Nothing outside the path is searched. */
  readonly closed: boolean
}

function isCreation({ op, object, temporary }: Effect): boolean {
  return (
    op === 'create' &&
    object.schema === null &&
    object.table === undefined &&
    !WITHOUT_SCHEMA.has(object.kind) &&
    temporary !== true
  )
}

function isOpen({ object, temporary }: Effect): boolean {
  return object.schema === null && !WITHOUT_SCHEMA.has(object.kind) && temporary !== true
}

function resolveEffect(each: Effect, schemas: Schemas): Effect {
  if (each.temporary === true) return each
  const object = resolveObject(each.object, schemas, isCreation(each) || each.op === 'replace')
  const resolved: Effect = {
    ...each,
    object,
    ...(each.uses === undefined
      ? {}
      : { uses: each.uses.map((used) => resolveUse(used, schemas)) }),
    ...(each.partition === undefined ? {} : { partition: resolveName(each.partition, schemas) }),
    ...(each.constraint?.references
      ? {
          constraint: {
            ...each.constraint,
            references: {
              ...each.constraint.references,
              table: resolveName(each.constraint.references.table, schemas),
            },
          },
        }
      : {}),
  }
  return isOpen(resolved) && schemas.closed
    ? { ...resolved, searchPath: schemas.searchPath }
    : resolved
}

function resolveObject(object: ObjectRef, schemas: Schemas, creating: boolean): ObjectRef {
  if (object.table !== undefined) {
    const table = resolveName(object.table, schemas)
    // Objects that belong to a table are found where the table is.
    const ownSchema = isOwned(object.kind) || object.schema === null
    return { ...object, table, schema: ownSchema ? table.schema : object.schema }
  }
  if (object.schema !== null || WITHOUT_SCHEMA.has(object.kind)) return object
  const inFirst = creating || schemas.made.has(object.name ?? '')
  return { ...object, schema: inFirst ? schemas.first : schemas.only }
}

/** Functions and types without a schema may be the server's own: pg_catalog comes before every path. */
function resolveUse(used: ObjectRef, schemas: Schemas): ObjectRef {
  if (used.kind === 'function' || used.kind === 'type') return used
  return resolveObject(used, schemas, false)
}

function resolveName(name: QualifiedName, { first, only, made }: Schemas): QualifiedName {
  if (name.schema !== null) return name
  return { ...name, schema: made.has(name.name) ? first : only }
}
