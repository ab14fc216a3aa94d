import { listedName, relationName } from '../tree/name.ts'
import { fieldsOf, membersOf } from '../tree/node.ts'
import type { CreateStmt } from '../tree/types.ts'
import { textsOf } from '../tree/value.ts'
import type { Effect, ObjectKind, ObjectRef, QualifiedName } from '../types.ts'
import { columnEffects, constraintEffects } from './column.ts'
import { effect, type Family, objectRef } from './effect.ts'
import { partitionBound } from './partition-bound.ts'
import { temporaryOf } from './persistence.ts'
import { referencesIn } from './references.ts'

export const createTable: Family = {
  CreateStmt: (fields) => createEffects(fields, 'table'),
  CreateForeignTableStmt: (fields) => {
    const [table, ...rest] = createEffects(fields.base ?? {}, 'foreign table')
    if (table === undefined) return rest
    const server: ObjectRef = {
      kind: 'foreign server',
      schema: null,
      name: fields.servername ?? '',
    }
    return [{ ...table, uses: [...(table.uses ?? []), server] }, ...rest]
  },
}

function createEffects(fields: CreateStmt, kind: ObjectKind): readonly Effect[] {
  const name = relationName(fields.relation)
  const ifNotExists = fields.if_not_exists === true
  const temporary = temporaryOf(fields.relation, fields.oncommit)
  const elements = fields.tableElts ?? []
  const keyColumns = notNullColumns(fields)
  const created = effect('create', objectRef(kind, name), { ifNotExists, ...sourcesOf(fields) })
  const members = elements.flatMap((element) => {
    const column = fieldsOf(element, 'ColumnDef')
    if (column !== undefined) {
      return columnEffects(column, name, { creating: true, ifNotExists, keyColumns })
    }
    const constraint = fieldsOf(element, 'Constraint')
    return constraint === undefined
      ? []
      : constraintEffects(constraint, name, { creating: true, ifNotExists })
  })
  return [created, ...members, ...attachment(fields, name)].map((each) => ({
    ...each,
    ...temporary,
  }))
}

/** Columns of a primary key or a NOT NULL constraint (18) that stands apart from them. */
function notNullColumns(fields: CreateStmt): ReadonlySet<string> {
  const keys = membersOf(fields.tableElts, 'Constraint').filter(
    ({ contype }) => contype === 'CONSTR_PRIMARY' || contype === 'CONSTR_NOTNULL',
  )
  return new Set(keys.flatMap(({ keys }) => textsOf(keys)))
}

/** Where columns and constraints come from that the statement itself doesn't name. */
function sourcesOf(fields: CreateStmt): Partial<Effect> {
  const copied = membersOf(fields.tableElts, 'TableLikeClause').map(({ relation }) => relation)
  const inherited = membersOf(fields.inhRelations, 'RangeVar')
  const type =
    fields.ofTypename === undefined ? [] : [objectRef('type', listedName(fields.ofTypename.names))]
  const tables = [...copied, ...inherited].map((source) => objectRef('table', relationName(source)))
  const uses = [...tables, ...type, ...referencesIn(fields.partspec)]
  const words = [
    copied.length > 0 ? 'LIKE' : '',
    fields.partbound !== undefined ? 'PARTITION OF' : inherited.length > 0 ? 'INHERITS' : '',
    fields.ofTypename === undefined ? '' : 'OF',
    fields.partspec === undefined ? '' : 'PARTITION BY',
    fields.relation?.relpersistence === 'u' ? 'UNLOGGED' : '',
  ].filter((word) => word !== '')
  return {
    ...(uses.length === 0 ? {} : { uses }),
    ...(words.length === 0 ? {} : { change: words.join(', ') }),
  }
}

function attachment(fields: CreateStmt, partition: QualifiedName): Effect[] {
  const [parent] = membersOf(fields.inhRelations, 'RangeVar')
  if (fields.partbound === undefined || parent === undefined) return []
  const bound = partitionBound(fields.partbound)
  return [effect('attach', objectRef('table', relationName(parent)), { partition, to: bound })]
}
