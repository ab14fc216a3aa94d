import { relationName } from '../tree/name.ts'
import { typeOf } from '../tree/node.ts'
import type { Effect, ObjectRef, QualifiedName } from '../types.ts'
import { functionEffects } from './dml.ts'
import { effect, type Family, objectRef, unknown } from './effect.ts'
import { temporaryOf } from './persistence.ts'
import { referencesIn } from './references.ts'
import { selectInto } from './select-into.ts'

export const views: Family = {
  ViewStmt: (fields) => {
    const name = relationName(fields.view)
    const uses = referencesIn(fields.query).filter((used) => !isItself(used, name))
    return [
      effect(fields.replace === true ? 'replace' : 'create', objectRef('view', name), {
        ...(uses.length === 0 ? {} : { uses }),
        ...temporaryOf(fields.view),
      }),
    ]
  },

  CreateTableAsStmt: (fields) => {
    const kind = fields.objtype === 'OBJECT_MATVIEW' ? 'materialized view' : 'table'
    const made = selectInto(fields.into, fields.query, kind, fields.if_not_exists === true)
    if (typeOf(fields.query) === 'ExecuteStmt') return [...made, unknown('EXECUTE')]
    return [...made, ...callsWhenFilled(fields.into?.skipData, fields.query)]
  },

  RefreshMatViewStmt: (fields) => [
    effect('refresh', objectRef('materialized view', relationName(fields.relation)), {
      ...(fields.concurrent === true ? { change: 'CONCURRENTLY' } : {}),
      ...(fields.skipData === true ? { change: 'WITH NO DATA' } : {}),
    }),
  ],
}

/** A recursive view mentions itself. */
function isItself(used: ObjectRef, name: QualifiedName): boolean {
  return used.kind === 'table' && used.name === name.name && used.schema === name.schema
}

function callsWhenFilled(skipData: boolean | undefined, query: unknown): readonly Effect[] {
  return skipData === true ? [] : functionEffects(query)
}
