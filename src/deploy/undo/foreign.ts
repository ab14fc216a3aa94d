import { changesBetween } from '../../observe/difference.ts'
import type { Fingerprint, FingerprintObject } from '../../observe/types.ts'
import type { PlannedMigration } from '../../plan/types.ts'
import { isOwned } from '../../sql/owned-kind.ts'
import type { Effect } from '../../sql/types.ts'

export interface Compared {
  /** Of the objects that the migrations speak of, or may have touched. */
  readonly difference: readonly string[]
  /** What others changed meanwhile. */
  readonly foreign: readonly string[]
}

/**
 * The difference of two fingerprints, parted by whose it is: what the migrations' effects speak of (with all that belongs to the same tables
 * and their partitions) is theirs, the rest is foreign. Where effects are not known by name (EXECUTE, CASCADE, a whole schema), all is theirs.
 */
export function compareFingerprints(
  migrations: readonly PlannedMigration[],
  before: Fingerprint,
  after: Fingerprint,
): Compared {
  const effects = migrations.flatMap(effectsOf)
  const changes = changesBetween(before, after)
  const isOurs = effects.some(isUnbounded) ? () => true : ownership(effects, [before, after])
  const linesOf = (ours: boolean) =>
    changes.filter(({ object }) => isOurs(object) === ours).flatMap(({ lines }) => lines)
  return { difference: linesOf(true), foreign: linesOf(false) }
}

function effectsOf({ script, rollback }: PlannedMigration): Effect[] {
  const statements = [...script.statements, ...(rollback?.script.statements ?? [])]
  return statements.flatMap(({ effects }) => effects)
}

const wide: ReadonlySet<string> = new Set([
  'unknown',
  'schema',
  'database',
  'role',
  'extension',
  'foreign server',
  'foreign data wrapper',
  'language',
  'publication',
])

/** May it have changed objects that it doesn't name? */
function isUnbounded({ op, object, cascade }: Effect): boolean {
  if (op === 'set' || op === 'read') return false
  return op === 'unknown' || cascade === true || wide.has(object.kind)
}

type Name = readonly [schema: string | null, name: string]

function ownership(
  effects: readonly Effect[],
  pictures: readonly Fingerprint[],
): (object: FingerprintObject) => boolean {
  const names = effects.flatMap(namesOf)
  const family = new Set<string>()
  const isNamed = (schema: string | null, name: string) =>
    family.has(JSON.stringify([schema, name])) ||
    names.some(([ours, other]) => other === name && (ours === null || ours === schema))
  // Partitions and children change with their parents; grandchildren need another turn.
  for (let grown = true; grown; ) {
    const size = family.size
    for (const object of pictures.flatMap(({ objects }) => [...objects.values()])) {
      const parents = parentsOf(object, pictures)
      if (!parents.some(({ schema, name }) => isNamed(schema, name))) continue
      family.add(JSON.stringify([object.schema, object.name]))
    }
    grown = family.size > size
  }
  return ({ kind, schema, name, table }) =>
    (table !== undefined && isNamed(schema, table)) || (!isOwned(kind) && isNamed(schema, name))
}

function namesOf({ object, to, partition, op }: Effect): Name[] {
  const own: Name[] =
    object.name === null || isOwned(object.kind) ? [] : [[object.schema, object.name]]
  if (object.table !== undefined) own.push([object.table.schema, object.table.name])
  if (partition !== undefined) own.push([partition.schema, partition.name])
  if (op === 'rename' && to !== undefined && !isOwned(object.kind)) own.push([object.schema, to])
  if (op === 'set schema' && to !== undefined && object.name !== null) own.push([to, object.name])
  return own
}

function parentsOf(
  { attributes, kind }: FingerprintObject,
  pictures: readonly Fingerprint[],
): FingerprintObject[] {
  const { inherits } = attributes
  if (inherits === undefined || kind !== 'table') return []
  const identities = inherits.replaceAll(' (detach pending)', '').split(', ')
  return identities.flatMap((identity) =>
    pictures.flatMap(({ objects }) => objects.get(`table ${identity}`) ?? []),
  )
}
