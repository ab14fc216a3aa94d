import { relationName } from '../tree/name.ts'
import { membersOf } from '../tree/node.ts'
import { booleanOption } from '../tree/option.ts'
import { queryEffects } from './dml.ts'
import { effect, type Family, globalRef, objectRef } from './effect.ts'

const LOCK_MODES: readonly string[] = [
  '',
  'ACCESS SHARE',
  'ROW SHARE',
  'ROW EXCLUSIVE',
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'EXCLUSIVE',
  'ACCESS EXCLUSIVE',
]

export const maintenance: Family = {
  VacuumStmt: (fields) => {
    const relations = membersOf(fields.rels, 'VacuumRelation').map(({ relation }) =>
      objectRef('table', relationName(relation)),
    )
    const objects = relations.length === 0 ? [globalRef('database', '')] : relations
    const op = fields.is_vacuumcmd === true ? 'vacuum' : 'analyze'
    const change = booleanOption(fields.options, 'full') ? { change: 'FULL' } : {}
    return objects.map((object) => effect(op, object, change))
  },
  LockStmt: (fields) =>
    membersOf(fields.relations, 'RangeVar').map((relation) =>
      effect('lock', objectRef('table', relationName(relation)), {
        change: LOCK_MODES[fields.mode ?? 0] ?? '',
        ...(relation.inh === true ? {} : { only: true }),
      }),
    ),
  DeclareCursorStmt: (fields) => queryEffects(fields.query),
}
