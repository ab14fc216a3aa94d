import { catalogName } from '../expression/read.ts'
import { writtenExpression } from '../expression.ts'
import { listedName } from '../tree/name.ts'
import { membersOf } from '../tree/node.ts'
import { SERIAL_TYPES, typeWords } from '../tree/type-name.ts'
import type { ColumnDef, Constraint } from '../tree/types.ts'
import type { ColumnDefinition, ConstraintDefinition, Effect, QualifiedName } from '../types.ts'
import { readConstraint } from './constraint.ts'
import { effect, memberRef, objectRef } from './effect.ts'
import { referencesIn } from './references.ts'

/** How the column comes into being: with its table, or added to one (with IF NOT EXISTS). */
export interface ColumnPlace {
  readonly creating: boolean
  readonly ifNotExists: boolean
  /** Columns of a primary key written elsewhere in the statement are NOT NULL too. */
  readonly keyColumns?: ReadonlySet<string>
}

/** The column itself, the sequence behind serial and identity, and its constraints. */
export function columnEffects(
  column: ColumnDef,
  table: QualifiedName,
  place: ColumnPlace,
): readonly Effect[] {
  const name = column.colname ?? ''
  const { ifNotExists } = place
  const definition = readColumn(column, place.keyColumns ?? new Set())
  const uses = referencesIn([
    column.typeName && { typeName: column.typeName },
    expressionsOf(column),
  ])
  const created = effect('create', memberRef('column', table, name), {
    column: definition,
    ifNotExists,
    ...(uses.length === 0 ? {} : { uses }),
  })
  const sequence =
    serialType(column) !== null || definition.identity !== null
      ? [
          effect('create', memberRef('sequence', table, null), {
            change: `OWNED BY ${name}`,
            ifNotExists,
          }),
        ]
      : []
  const constraints = withAttributes(membersOf(column.constraints, 'Constraint')).flatMap((each) =>
    constraintEffects(each, table, { column: name, creating: place.creating, ifNotExists }),
  )
  return [created, ...sequence, ...constraints]
}

export function readColumn(
  column: ColumnDef,
  keyColumns: ReadonlySet<string> = new Set(),
): ColumnDefinition {
  const constraints = membersOf(column.constraints, 'Constraint')
  const has = (type: string) => constraints.find(({ contype }) => contype === type)
  const identity = has('CONSTR_IDENTITY')
  const generated = has('CONSTR_GENERATED')
  const serial = serialType(column)
  const value = has('CONSTR_DEFAULT') ?? generated
  const notNull = has('CONSTR_NOTNULL') ?? has('CONSTR_PRIMARY') ?? identity ?? serial ?? undefined
  return {
    type: serial ?? typeWords(column.typeName),
    notNull: notNull !== undefined || keyColumns.has(column.colname ?? ''),
    default: value?.raw_expr === undefined ? null : writtenExpression(value.raw_expr),
    identity: identity === undefined ? null : identityOf(identity.generated_when),
    generated:
      generated === undefined ? null : generated.generated_kind === 'v' ? 'virtual' : 'stored',
    collation: column.collClause === undefined ? null : catalogName(column.collClause.collname),
  }
}

export function identityOf(generatedWhen: string | undefined): 'always' | 'by default' {
  return generatedWhen === 'd' ? 'by default' : 'always'
}

function serialType(column: ColumnDef): string | null {
  const { schema, name } = listedName(column.typeName?.names)
  if (schema !== null || column.typeName?.arrayBounds !== undefined) return null
  return SERIAL_TYPES.get(name) ?? null
}

function expressionsOf(column: ColumnDef): unknown[] {
  return membersOf(column.constraints, 'Constraint')
    .filter(({ contype }) => contype === 'CONSTR_DEFAULT' || contype === 'CONSTR_GENERATED')
    .map(({ raw_expr }) => raw_expr)
}

/** DEFERRABLE, INITIALLY DEFERRED and NOT ENFORCED follow a column's constraint as nodes of their own. */
function withAttributes(constraints: readonly Constraint[]): Constraint[] {
  const result: Constraint[] = []
  for (const each of constraints) {
    const attribute = ATTRIBUTES[each.contype ?? '']
    const previous = result.at(-1)
    if (attribute === undefined) result.push(each)
    else if (previous !== undefined) result[result.length - 1] = { ...previous, ...attribute }
  }
  return result
}

const ATTRIBUTES: Readonly<Record<string, Partial<Constraint>>> = {
  CONSTR_ATTR_DEFERRABLE: { deferrable: true },
  CONSTR_ATTR_NOT_DEFERRABLE: { deferrable: false },
  CONSTR_ATTR_DEFERRED: { deferrable: true, initdeferred: true },
  CONSTR_ATTR_IMMEDIATE: { initdeferred: false },
  CONSTR_ATTR_ENFORCED: { is_enforced: true },
  CONSTR_ATTR_NOT_ENFORCED: { is_enforced: false, skip_validation: true },
}

/**
 * A constraint of a table. A column's unnamed NOT NULL is told by its column alone: only PostgreSQL 18 has a constraint for it, under a
 * name that nobody wrote.
 */
export function constraintEffects(
  fields: Constraint,
  table: QualifiedName,
  place: { readonly column?: string; readonly creating: boolean; readonly ifNotExists?: boolean },
): readonly Effect[] {
  const constraint = readConstraint(fields, place)
  if (constraint === null) return []
  const unnamed = fields.conname === undefined
  if (constraint.type === 'not null' && unnamed && place.column !== undefined) return []
  return [
    effect('create', memberRef('constraint', table, fields.conname ?? null), {
      constraint,
      ifNotExists: place.ifNotExists ?? false,
      ...usesOf(constraint, fields),
    }),
  ]
}

function usesOf(constraint: ConstraintDefinition, fields: Constraint): Partial<Effect> {
  const target =
    constraint.references === null ? [] : [objectRef('table', constraint.references.table)]
  const index =
    constraint.usingIndex === null
      ? []
      : [{ kind: 'index', schema: null, name: constraint.usingIndex } as const]
  const uses = [...target, ...index, ...referencesIn([fields.raw_expr, fields.where_clause])]
  return uses.length === 0 ? {} : { uses }
}
