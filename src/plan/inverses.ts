import { quoteIdentifier } from '../sql/identifier.ts'
import type { Effect, ObjectRef, QualifiedName } from '../sql/types.ts'
import { inverseOfColumn, inverseOfPartition, inverseOfValidate } from './inverses/alter.ts'
import { invertCreate } from './inverses/create.ts'
import { invertDrop, invertReplace } from './inverses/drop.ts'
import { grantStatements } from './inverses/grant.ts'
import { type Inverting, type InvertOptions, plain, push, stays } from './inverses/inverting.ts'
import { Lives } from './inverses/lives.ts'
import type {
  InverseStatement,
  Irreversible,
  LookBefore,
  ObjectBefore,
} from './inverses/object-before.ts'
import {
  alterPrefix,
  commentStatement,
  enableStatement,
  renameStatement,
  rowSecurityStatement,
} from './inverses/statement.ts'
import { describeObject } from './object-words.ts'
import { changesRows } from './row-changes.ts'

export type { InvertOptions } from './inverses/inverting.ts'
export type {
  InverseStatement,
  Irreversible,
  LookBefore,
  ObjectBefore,
} from './inverses/object-before.ts'

export interface Inversion {
  /** In the order in which they must run: newest effect first. */
  readonly statements: readonly InverseStatement[]
  /** What stays as it is now, and why. */
  readonly irreversible: readonly Irreversible[]
  /** What would be lost if it holds data, of the statements above. */
  readonly dataLoss: readonly NonNullable<InverseStatement['holdsData']>[]
  /** Tables whose committed row changes stay. */
  readonly dataKept: readonly { readonly table: QualifiedName; readonly op: Effect['op'] }[]
}

/**
 * The SQL that takes effects back, newest first, touching only what they made: an object that was
 * there before isn't dropped, one that was made and dropped again isn't spoken of.
 * @param effects of the steps that ran, in the order they ran.
 * @param before looks an object up in the catalog as it was before the first of them.
 */
export function invert(
  effects: readonly Effect[],
  before: LookBefore,
  options: InvertOptions = {},
): Inversion {
  const inverting: Inverting = { lives: new Lives(before), inverses: [], irreversible: [], options }
  for (const effect of effects) {
    if (effect.temporary !== true) invertEffect(inverting, effect)
  }
  const statements = inverting.inverses
    .filter(({ life }) => life?.ended !== true)
    .reverse()
    .flatMap((inverse) => inverse.statements())
  return {
    statements,
    irreversible: inverting.irreversible,
    dataLoss: statements.flatMap(({ holdsData }) => holdsData ?? []),
    dataKept: effects.flatMap(keptRows),
  }
}

function keptRows({ op, object, temporary }: Effect): Inversion['dataKept'] {
  if (!changesRows(op) || object.name === null || temporary === true) return []
  return [{ table: { schema: object.schema, name: object.name }, op }]
}

type Invert = (inverting: Inverting, effect: Effect) => void

const inverters: Readonly<Partial<Record<Effect['op'], Invert>>> = {
  create: invertCreate,
  replace: invertReplace,
  drop: invertDrop,
  rename: invertRename,
  'set schema': invertSetSchema,
  'set owner': invertOwner,
  alter: invertAlter,
  validate: invertAlter,
  attach: invertAlter,
  detach: invertAlter,
  enable: invertEnable,
  disable: invertEnable,
  comment: invertComment,
  grant: invertGrant,
  revoke: invertGrant,
  unknown: invertUnknown,
}

function invertEffect(inverting: Inverting, effect: Effect): void {
  inverters[effect.op]?.(inverting, effect)
}

function invertRename(inverting: Inverting, effect: Effect): void {
  const { lives } = inverting
  const { object, to } = effect
  if (to === undefined || object.name === null) return
  const isNew = lives.isNew(object) || lives.belongsToNew(object)
  const from = object.name
  if (!isNew && effect.ifExists && lives.lookBefore(object) === null) return
  lives.rename(object, { ...object, name: to })
  if (isNew) return
  const sql = renameStatement(object, to, from)
  push(inverting, object, sql, `${describeObject(object)} was renamed`)
}

function invertSetSchema(inverting: Inverting, effect: Effect): void {
  const { lives } = inverting
  const { object, to } = effect
  if (to === undefined) return
  const isNew = lives.isNew(object)
  const home = object.schema ?? lives.lookBefore(object)?.schema ?? null
  lives.rename(object, { ...object, schema: to })
  if (isNew) return
  const prefix = alterPrefix({ ...object, schema: to })
  const sql =
    prefix === null || home === null ? null : `${prefix} SET SCHEMA ${quoteIdentifier(home)}`
  push(inverting, object, sql, `${describeObject(object)} was moved to another schema`)
}

function invertOwner(inverting: Inverting, { object }: Effect): void {
  restore(inverting, object, 'owner', (before) => {
    const prefix = alterPrefix(object)
    const { owner } = before.attributes
    return prefix === null || owner === undefined
      ? null
      : `${prefix} OWNER TO ${quoteIdentifier(owner)}`
  })
}

function invertComment(inverting: Inverting, { object }: Effect): void {
  restore(inverting, object, 'comment', ({ attributes }) =>
    commentStatement(object, attributes.comment),
  )
}

function invertEnable(inverting: Inverting, { object, change }: Effect): void {
  restore(inverting, object, 'state', ({ attributes }) =>
    object.kind === 'table'
      ? rowSecurityStatement(object, change ?? '', attributes)
      : enableStatement(object, attributes.enabled),
  )
}

function restore(
  inverting: Inverting,
  object: ObjectRef,
  what: string,
  sqlOf: (before: ObjectBefore) => string | null,
): void {
  const { lives } = inverting
  if (lives.isNew(object) || lives.belongsToNew(object)) return
  const before = lives.lookBefore(object)
  const sql = before == null ? null : sqlOf(before)
  push(inverting, object, sql, `the ${what} of ${describeObject(object)} was changed`)
}

function invertAlter(inverting: Inverting, effect: Effect): void {
  const { lives, inverses, irreversible } = inverting
  const { object } = effect
  if (lives.isNew(object) || lives.belongsToNew(object)) return
  const before = lives.lookBefore(object)
  if (before === null && effect.ifExists) return
  const inverse = inverseOfAlter(lives, effect, before ?? undefined)
  inverses.push({ life: null, statements: () => inverse.statements })
  irreversible.push(...inverse.irreversible)
}

function inverseOfAlter(
  lives: Lives,
  effect: Effect,
  before: ObjectBefore | undefined,
): Pick<Inversion, 'statements' | 'irreversible'> {
  const { op, object, column, partition, change } = effect
  if (op === 'validate') return inverseOfValidate(object, before, lives.isDomain(object.table))
  if (op === 'attach' || op === 'detach') {
    if (partition === undefined || lives.isNew({ kind: 'table', ...partition })) return nothing
    return inverseOfPartition(object, partition, op, lives)
  }
  if (object.kind === 'column' && column !== undefined && before !== undefined) {
    return inverseOfColumn(object, column, before)
  }
  const why = `no inverse is derived for ${change ?? 'ALTER'} of ${describeObject(object)}`
  return { statements: [], irreversible: [{ object, why }] }
}

const nothing: Pick<Inversion, 'statements' | 'irreversible'> = { statements: [], irreversible: [] }

function invertGrant(inverting: Inverting, effect: Effect): void {
  const { lives, inverses } = inverting
  const { object } = effect
  if (lives.isNew(object) || lives.belongsToNew(object)) return
  const before = grantable(object)
    .map((one) => lives.lookBefore(one))
    .find((found) => found != null)
  const sql = before === undefined || before === null ? null : grantStatements(effect, before)
  const why = `the privileges of ${describeObject(object)} were changed`
  if (sql === null) stays(inverting, object, why)
  else inverses.push({ life: null, statements: () => sql.map((one) => plain(one, why)) })
}

/** GRANT … ON TABLE speaks of views and sequences too. */
function grantable(object: ObjectRef): readonly ObjectRef[] {
  if (object.kind !== 'table') return [object]
  const kinds = ['table', 'view', 'materialized view', 'foreign table', 'sequence'] as const
  return kinds.map((kind) => ({ ...object, kind }))
}

function invertUnknown(inverting: Inverting, { object, reason }: Effect): void {
  stays(inverting, object, `what ${reason ?? 'the statement'} changed isn't known`)
}
