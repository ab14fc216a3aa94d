import { roleName } from '../tree/name.ts'
import { membersOf } from '../tree/node.ts'
import type { TreeNode } from '../tree/types.ts'
import { effect, type Family, globalRef } from './effect.ts'
import { settingChange } from './setting.ts'

/** Roles, databases and tablespaces: a password is never part of an effect, only that it changes. */
export const clusterWide: Family = {
  CreateRoleStmt: (fields) => [effect('create', globalRef('role', fields.role))],
  AlterRoleStmt: (fields) => [
    effect('alter', globalRef('role', roleName(fields.role)), {
      change: optionNames(fields.options),
    }),
  ],
  AlterRoleSetStmt: (fields) => [
    effect('alter', globalRef('role', fields.role === undefined ? 'ALL' : roleName(fields.role)), {
      ...settingChange(fields.setstmt),
    }),
  ],
  CreatedbStmt: (fields) => [effect('create', globalRef('database', fields.dbname))],
  AlterDatabaseStmt: (fields) => [
    effect('alter', globalRef('database', fields.dbname), { change: optionNames(fields.options) }),
  ],
  AlterDatabaseSetStmt: (fields) => [
    effect('alter', globalRef('database', fields.dbname), settingChange(fields.setstmt)),
  ],
  AlterDatabaseRefreshCollStmt: (fields) => [
    effect('alter', globalRef('database', fields.dbname), { change: 'REFRESH COLLATION VERSION' }),
  ],
  AlterSystemStmt: (fields) => [
    effect('set', globalRef('parameter', fields.setstmt?.name ?? 'ALL'), {
      ...settingChange(fields.setstmt),
      change: 'ALTER SYSTEM',
    }),
  ],
  CreateTableSpaceStmt: (fields) => [
    effect('create', globalRef('tablespace', fields.tablespacename)),
  ],
  AlterTableSpaceOptionsStmt: (fields) => [
    effect('alter', globalRef('tablespace', fields.tablespacename), {
      change: `${fields.isReset === true ? 'RESET' : 'SET'} (${optionNames(fields.options).toLowerCase()})`,
    }),
  ],
}

function optionNames(options: readonly TreeNode[] | undefined): string {
  return membersOf(options, 'DefElem')
    .map(({ defname = '' }) => defname.toUpperCase())
    .join(', ')
}
