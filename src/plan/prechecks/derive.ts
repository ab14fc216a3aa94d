import { parseConstraintDefinition } from '../../sql/catalog-definition.ts'
import type { ConstraintDefinition } from '../../sql/types.ts'
import { checkCheck } from './check.ts'
import { domainCheck } from './domain.ts'
import { exclusionCheck } from './exclusion.ts'
import { foreignKeyCheck } from './foreign-key.ts'
import { notNullCheck, requiredColumnCheck } from './not-null.ts'
import { typeCheck } from './type.ts'
import type {
  Derived,
  KnownDomain,
  KnownObjects,
  KnownRelation,
  PrecheckId,
  PrecheckRequest,
} from './types.ts'
import { keysOfConstraint, keysOfIndex, uniqueCheck } from './unique.ts'

/** What the server that is asked can do, and where names are looked up. */
export interface Asked {
  readonly known: KnownObjects
  readonly path: readonly string[]
  readonly serverMajor: number
}

export interface DerivedFor {
  readonly id: PrecheckId
  readonly derived: Derived
  /** The referenced table of a foreign key; null where it isn't there. */
  readonly referenced?: KnownRelation | null
}

const ids: Readonly<Record<ConstraintDefinition['type'], PrecheckId>> = {
  'primary key': 'data.unique',
  unique: 'data.unique',
  'foreign key': 'data.foreign-key',
  check: 'data.check',
  exclude: 'data.exclusion',
  'not null': 'data.not-null',
}

/** The constraint that a demand is about, from the file or from the catalog. Null: it is about none, or the catalog has none of that name. */
export function constraintOf(
  { demand }: PrecheckRequest,
  owner: Pick<KnownRelation | KnownDomain, 'constraints'> | null,
): ConstraintDefinition | null {
  if (demand.kind === 'constraint') return demand.constraint
  if (demand.kind !== 'validate') return null
  const found = owner?.constraints.find(({ name }) => name === demand.name)
  return found === undefined || found.valid ? null : parseConstraintDefinition(found.definition)
}

/** The questions that one demand on a table's rows comes to. */
export function deriveForTable(
  request: PrecheckRequest,
  table: KnownRelation,
  asked: Asked,
): DerivedFor[] {
  const { demand, effect } = request
  const only = effect.only === true
  switch (demand.kind) {
    case 'index':
      return [{ id: 'data.unique', derived: uniqueCheck(keysOfIndex(demand.index), table) }]
    case 'set not null':
      return [{ id: 'data.not-null', derived: notNullCheck([demand.column], table, only) }]
    case 'required column':
      return [{ id: 'data.not-null', derived: requiredColumnCheck(demand.column, table, only) }]
    case 'type':
      return [{ id: 'data.type', derived: typeCheck(demand, table, only, asked.serverMajor) }]
    default: {
      const constraint = constraintOf(request, table)
      return constraint === null ? [] : forConstraint(request, constraint, table, asked)
    }
  }
}

function forConstraint(
  { demand, effect }: PrecheckRequest,
  constraint: ConstraintDefinition,
  table: KnownRelation,
  asked: Asked,
): DerivedFor[] {
  const id = ids[constraint.type]
  const name = 'name' in demand ? demand.name : null
  const only = effect.only === true
  switch (constraint.type) {
    case 'foreign key': {
      const target = constraint.references?.table
      const referenced = target === undefined ? null : asked.known.relation(target, asked.path)
      return [{ id, referenced, derived: foreignKey(constraint, table, referenced) }]
    }
    case 'check':
      return [{ id, derived: checkCheck(constraint, name, table, only) }]
    case 'exclude':
      return [{ id, derived: exclusionCheck(constraint, name, table) }]
    case 'not null':
      return [
        { id, derived: notNullCheck(constraint.columns, table, only || constraint.noInherit) },
      ]
    default:
      return uniqueConstraint(constraint, table)
  }
}

function foreignKey(
  constraint: ConstraintDefinition,
  table: KnownRelation,
  referenced: KnownRelation | null,
): Derived {
  if (referenced !== null) return foreignKeyCheck(constraint, table, referenced)
  const { name = '', schema = null } = constraint.references?.table ?? {}
  const unknown = { ...table, schema: schema ?? 'public', name, key: [] }
  const unasked = `there is no table ${name} yet`
  return unaskedOf(foreignKeyCheck(constraint, table, unknown), unasked)
}

/** A primary key demands two things: no duplicates, and no NULL. */
function uniqueConstraint(constraint: ConstraintDefinition, table: KnownRelation): DerivedFor[] {
  const { columns, type, usingIndex, period } = constraint
  const nulls: DerivedFor[] =
    type === 'primary key' && columns.length > 0
      ? [{ id: 'data.not-null', derived: notNullCheck(columns, table, false) }]
      : []
  // The index is there already, and says itself whether its values are unique.
  if (usingIndex !== null) return nulls
  const derived = uniqueCheck(keysOfConstraint(constraint), table)
  if (period !== true) return [{ id: 'data.unique', derived }, ...nulls]
  const unasked = unaskedOf(derived, 'WITHOUT OVERLAPS is not asked for')
  return [{ id: 'data.unique', derived: unasked }, ...nulls]
}

/** The same in words, but not asked. */
export function unaskedOf({ title, expected, counted, fix }: Derived, unasked: string): Derived {
  return { title, expected, counted, fix, unasked }
}

/** The same of a domain's columns. */
export function deriveForDomain(request: PrecheckRequest, domain: KnownDomain): DerivedFor[] {
  const { demand } = request
  const id = 'data.domain'
  if (demand.kind === 'set not null') return [{ id, derived: domainCheck(null, null, domain) }]
  const constraint = constraintOf(request, domain)
  if (constraint?.type !== 'check') return []
  const name = 'name' in demand ? demand.name : null
  return [{ id, derived: domainCheck(constraint.expression ?? 'true', name, domain) }]
}
