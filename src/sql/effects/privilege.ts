import { quoteIdentifier } from '../identifier.ts'
import { relationName, roleName } from '../tree/name.ts'
import { fieldsOf, membersOf } from '../tree/node.ts'
import type { GrantStmt, TreeNode } from '../tree/types.ts'
import { textOf, textsOf } from '../tree/value.ts'
import type { Effect, ObjectRef } from '../types.ts'
import { effect, type Family, globalRef, objectRef } from './effect.ts'
import { objectOf } from './object.ts'
import { kindOfType } from './object-kind.ts'

export const privileges: Family = {
  GrantStmt: (fields) => {
    const objects = (fields.objects ?? []).map((object) => grantedObject(fields, object))
    return objects.map((object) => grantEffect(fields, object))
  },

  GrantRoleStmt: (fields) => {
    const roles = membersOf(fields.granted_roles, 'AccessPriv').map(({ priv_name }) => priv_name)
    return roles.map((role) =>
      effect(fields.is_grant === true ? 'grant' : 'revoke', globalRef('role', role), {
        change: 'MEMBERSHIP',
        to: roleNames(fields.grantee_roles),
        ...(fields.behavior === 'DROP_CASCADE' ? { cascade: true } : {}),
      }),
    )
  },

  /** Privileges of objects yet to be made, in some schemas or in all of the database. */
  AlterDefaultPrivilegesStmt: (fields) => {
    const action = fields.action ?? {}
    const schemas = optionList(fields.options, 'schemas').map((name) => globalRef('schema', name))
    const objects = schemas.length === 0 ? [globalRef('database', '')] : schemas
    const types = `${kindOfType(action.objtype)}s`.toUpperCase()
    return objects.map((object) => {
      const made = grantEffect(action, object)
      return { ...made, change: `DEFAULT PRIVILEGES ON ${types}: ${made.change}` }
    })
  },
}

function grantedObject(fields: GrantStmt, object: TreeNode): ObjectRef {
  if (fields.targtype === 'ACL_TARGET_ALL_IN_SCHEMA') {
    return globalRef('schema', textOf(object) ?? '')
  }
  const relation = fieldsOf(object, 'RangeVar')
  return relation === undefined
    ? objectOf(fields.objtype, object)
    : objectRef(kindOfType(fields.objtype), relationName(relation))
}

function grantEffect(fields: GrantStmt, object: ObjectRef): Effect {
  const all =
    fields.targtype === 'ACL_TARGET_ALL_IN_SCHEMA'
      ? `ALL ${kindOfType(fields.objtype).toUpperCase()}S: `
      : ''
  return effect(fields.is_grant === true ? 'grant' : 'revoke', object, {
    change: all + privilegeWords(fields),
    to: roleNames(fields.grantees),
    ...(fields.behavior === 'DROP_CASCADE' ? { cascade: true } : {}),
  })
}

/** 'SELECT (a, b), INSERT WITH GRANT OPTION'; none listed is ALL. */
function privilegeWords(fields: GrantStmt): string {
  const words = membersOf(fields.privileges, 'AccessPriv').map(({ priv_name = 'all', cols }) => {
    const columns = textsOf(cols).map(quoteIdentifier).join(', ')
    return priv_name.toUpperCase() + (columns === '' ? '' : ` (${columns})`)
  })
  const listed = words.length === 0 ? 'ALL' : words.join(', ')
  if (fields.grant_option !== true) return listed
  return fields.is_grant === true ? `${listed} WITH GRANT OPTION` : `GRANT OPTION FOR ${listed}`
}

function roleNames(roles: readonly TreeNode[] | undefined): string {
  return membersOf(roles, 'RoleSpec').map(roleName).join(', ')
}

function optionList(options: readonly TreeNode[] | undefined, name: string): string[] {
  return membersOf(options, 'DefElem')
    .filter(({ defname }) => defname === name)
    .flatMap(({ arg }) => textsOf(fieldsOf(arg, 'List')?.items))
}
