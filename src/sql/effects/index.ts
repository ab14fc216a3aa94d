import { writtenExpression } from '../expression.ts'
import { relationName } from '../tree/name.ts'
import { membersOf } from '../tree/node.ts'
import { booleanOption } from '../tree/option.ts'
import type { FieldsOf } from '../tree/types.ts'
import type { IndexDefinition } from '../types.ts'
import { effect, type Family, globalRef, memberRef, objectRef } from './effect.ts'
import { columnNames, readIndexKey } from './index-key.ts'
import { referencesIn } from './references.ts'

export const indexes: Family = {
  IndexStmt: (fields) => {
    const table = relationName(fields.relation)
    const expressions = membersOf(fields.indexParams, 'IndexElem').map(({ expr }) => expr)
    return [
      effect('create', memberRef('index', table, fields.idxname ?? null), {
        ifNotExists: fields.if_not_exists === true,
        index: readIndex(fields),
        uses: [objectRef('table', table), ...referencesIn([expressions, fields.whereClause])],
        ...(fields.relation?.inh === true ? {} : { only: true }),
      }),
    ]
  },

  ReindexStmt: (fields) => {
    const change = booleanOption(fields.params, 'concurrently') ? { change: 'CONCURRENTLY' } : {}
    const relation = relationName(fields.relation)
    switch (fields.kind) {
      case 'REINDEX_OBJECT_INDEX':
        return [effect('reindex', objectRef('index', relation), change)]
      case 'REINDEX_OBJECT_TABLE':
        return [effect('reindex', objectRef('table', relation), change)]
      case 'REINDEX_OBJECT_SCHEMA':
        return [effect('reindex', globalRef('schema', fields.name), change)]
      default:
        return [effect('reindex', globalRef('database', fields.name), change)]
    }
  },

  ClusterStmt: (fields) => {
    if (fields.relation === undefined) return [effect('cluster', globalRef('database', ''))]
    const to = fields.indexname === undefined ? {} : { to: fields.indexname }
    return [effect('cluster', objectRef('table', relationName(fields.relation)), to)]
  },
}

export function readIndex(fields: FieldsOf<'IndexStmt'>): IndexDefinition {
  return {
    method: fields.accessMethod ?? 'btree',
    unique: fields.unique === true,
    nullsNotDistinct: fields.nulls_not_distinct === true,
    keys: membersOf(fields.indexParams, 'IndexElem').map(readIndexKey),
    include: columnNames(fields.indexIncludingParams),
    predicate: fields.whereClause === undefined ? null : writtenExpression(fields.whereClause),
    concurrently: fields.concurrent === true,
  }
}
