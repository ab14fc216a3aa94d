import { relationName, roleName } from '../tree/name.ts'
import { membersOf } from '../tree/node.ts'
import type { TreeNode } from '../tree/types.ts'
import type { ObjectRef } from '../types.ts'
import { effect, type Family, globalRef, memberRef, objectRef } from './effect.ts'
import { referencesIn } from './references.ts'

export const policies: Family = {
  CreatePolicyStmt: (fields) => {
    const table = relationName(fields.table)
    const kind = fields.permissive === true ? 'PERMISSIVE' : 'RESTRICTIVE'
    return [
      effect('create', memberRef('policy', table, fields.policy_name ?? ''), {
        change: `${kind} FOR ${(fields.cmd_name ?? 'all').toUpperCase()}`,
        uses: [
          objectRef('table', table),
          ...rolesIn(fields.roles),
          ...referencesIn([fields.qual, fields.with_check]),
        ],
      }),
    ]
  },

  AlterPolicyStmt: (fields) => {
    const words = [
      fields.roles === undefined ? '' : 'TO',
      fields.qual === undefined ? '' : 'USING',
      fields.with_check === undefined ? '' : 'WITH CHECK',
    ].filter((word) => word !== '')
    const uses = [...rolesIn(fields.roles), ...referencesIn([fields.qual, fields.with_check])]
    return [
      effect('alter', memberRef('policy', relationName(fields.table), fields.policy_name ?? ''), {
        change: words.join(', '),
        ...(uses.length === 0 ? {} : { uses }),
      }),
    ]
  },

  RuleStmt: (fields) => {
    const table = relationName(fields.relation)
    const kind = fields.instead === true ? 'INSTEAD' : 'ALSO'
    const event = (fields.event ?? '').replace(/^CMD_/, '')
    return [
      effect(
        fields.replace === true ? 'replace' : 'create',
        memberRef('rule', table, fields.rulename ?? ''),
        {
          change: `ON ${event} DO ${kind}`,
          enabled: 'O',
          uses: [objectRef('table', table), ...referencesIn([fields.whereClause, fields.actions])],
        },
      ),
    ]
  },
}

function rolesIn(roles: readonly TreeNode[] | undefined): ObjectRef[] {
  return membersOf(roles, 'RoleSpec')
    .filter(({ roletype }) => roletype === 'ROLESPEC_CSTRING')
    .map((role) => globalRef('role', roleName(role)))
}
