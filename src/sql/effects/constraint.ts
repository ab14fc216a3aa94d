import { operatorText } from '../expression/operator.ts'
import { writtenExpression } from '../expression.ts'
import { relationName } from '../tree/name.ts'
import { fieldsOf } from '../tree/node.ts'
import type { Constraint } from '../tree/types.ts'
import { textsOf } from '../tree/value.ts'
import type { ConstraintDefinition } from '../types.ts'
import { readIndexKey } from './index-key.ts'

const TYPES: Readonly<Record<string, ConstraintDefinition['type']>> = {
  CONSTR_PRIMARY: 'primary key',
  CONSTR_UNIQUE: 'unique',
  CONSTR_FOREIGN: 'foreign key',
  CONSTR_CHECK: 'check',
  CONSTR_EXCLUSION: 'exclude',
  CONSTR_NOTNULL: 'not null',
}

const ACTIONS: Readonly<Record<string, string>> = {
  a: 'NO ACTION',
  r: 'RESTRICT',
  c: 'CASCADE',
  n: 'SET NULL',
  d: 'SET DEFAULT',
}

const MATCHES: Readonly<Record<string, string>> = { s: 'SIMPLE', f: 'FULL', p: 'PARTIAL' }

/** Where a constraint is written: beside its column, or in a table just being created, whose constraints are valid from the start. */
export interface ConstraintPlace {
  readonly column?: string
  readonly creating?: boolean
}

/** A constraint's definition; null for what is no constraint of the catalog (DEFAULT, IDENTITY, GENERATED, NULL, attributes). */
export function readConstraint(
  fields: Constraint,
  { column, creating = false }: ConstraintPlace = {},
): ConstraintDefinition | null {
  const type = TYPES[fields.contype ?? '']
  if (type === undefined) return null
  const mayBeUnenforced = type === 'check' || type === 'foreign key'
  const enforced = !mayBeUnenforced || fields.is_enforced === true
  return {
    type,
    columns: columnsOf(fields, type, column),
    include: textsOf(fields.including),
    nullsNotDistinct: fields.nulls_not_distinct === true,
    references: type === 'foreign key' ? readReferences(fields) : null,
    deferrable: fields.deferrable === true || fields.initdeferred === true,
    initiallyDeferred: fields.initdeferred === true,
    expression: type === 'check' ? writtenExpression(fields.raw_expr) : null,
    valid: enforced && (creating || fields.skip_validation !== true),
    enforced,
    noInherit: fields.is_no_inherit === true,
    usingIndex: fields.indexname ?? null,
    ...(fields.fk_del_set_cols === undefined
      ? {}
      : { onDeleteColumns: textsOf(fields.fk_del_set_cols) }),
    ...(fields.without_overlaps === true || fields.fk_with_period === true ? { period: true } : {}),
    ...(type === 'exclude' ? { exclusion: readExclusion(fields) } : {}),
  }
}

function columnsOf(
  fields: Constraint,
  type: ConstraintDefinition['type'],
  column: string | undefined,
): string[] {
  const written = textsOf(type === 'foreign key' ? fields.fk_attrs : fields.keys)
  return written.length === 0 && column !== undefined && type !== 'check' ? [column] : written
}

function readReferences(fields: Constraint): ConstraintDefinition['references'] {
  return {
    table: relationName(fields.pktable),
    columns: textsOf(fields.pk_attrs),
    onDelete: ACTIONS[fields.fk_del_action ?? 'a'] ?? 'NO ACTION',
    onUpdate: ACTIONS[fields.fk_upd_action ?? 'a'] ?? 'NO ACTION',
    match: MATCHES[fields.fk_matchtype ?? 's'] ?? 'SIMPLE',
  }
}

/** An exclusion is a list of pairs: an index element and its operator. */
function readExclusion(fields: Constraint): NonNullable<ConstraintDefinition['exclusion']> {
  const elements = (fields.exclusions ?? []).flatMap((pair) => {
    const [element, operator] = fieldsOf(pair, 'List')?.items ?? []
    const key = fieldsOf(element, 'IndexElem')
    if (key === undefined) return []
    return [{ key: readIndexKey(key), operator: operatorText(fieldsOf(operator, 'List')?.items) }]
  })
  return {
    method: fields.access_method ?? 'gist',
    elements,
    predicate: fields.where_clause === undefined ? null : writtenExpression(fields.where_clause),
  }
}
