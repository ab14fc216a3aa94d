import { roleName } from '../tree/name.ts'
import { membersOf } from '../tree/node.ts'
import type { Effect, ObjectRef } from '../types.ts'
import { effect, type Family, globalRef } from './effect.ts'
import { objectOf } from './object.ts'

export const drops: Family = {
  DropStmt: (fields) =>
    (fields.objects ?? []).map((object) =>
      dropped(objectOf(fields.removeType, object), fields.missing_ok, {
        ...(fields.behavior === 'DROP_CASCADE' ? { cascade: true } : {}),
        ...(fields.concurrent === true ? { change: 'CONCURRENTLY' } : {}),
      }),
    ),
  DropRoleStmt: (fields) =>
    membersOf(fields.roles, 'RoleSpec').map((role) =>
      dropped(globalRef('role', roleName(role)), fields.missing_ok),
    ),
  DropdbStmt: (fields) => [dropped(globalRef('database', fields.dbname), fields.missing_ok)],
  DropTableSpaceStmt: (fields) => [
    dropped(globalRef('tablespace', fields.tablespacename), fields.missing_ok),
  ],
  DropSubscriptionStmt: (fields) => [
    dropped(globalRef('subscription', fields.subname), fields.missing_ok),
  ],
  DropUserMappingStmt: (fields) => [
    dropped(
      globalRef('user mapping', `${roleName(fields.user)} on ${fields.servername ?? ''}`),
      fields.missing_ok,
    ),
  ],
  DropOwnedStmt: (fields) =>
    membersOf(fields.roles, 'RoleSpec').map((role) =>
      effect('unknown', globalRef('role', roleName(role)), {
        reason: `DROP OWNED BY ${roleName(role)}`,
        ...(fields.behavior === 'DROP_CASCADE' ? { cascade: true } : {}),
      }),
    ),
}

function dropped(
  object: ObjectRef,
  ifExists: boolean | undefined,
  more: Partial<Effect> = {},
): Effect {
  return effect('drop', object, { ifExists: ifExists === true, ...more })
}
