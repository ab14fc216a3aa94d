import { listedName, roleName } from '../tree/name.ts'
import { fieldsOf, membersOf } from '../tree/node.ts'
import type { RoleSpec, TreeNode } from '../tree/types.ts'
import type { ObjectRef } from '../types.ts'
import { effect, type Family, globalRef, objectRef, unknown } from './effect.ts'

/** Options of servers and user mappings hold passwords: they are never part of an effect. */
export const foreign: Family = {
  CreateFdwStmt: (fields) => {
    const uses = handlers(fields.func_options)
    return [
      effect(
        'create',
        globalRef('foreign data wrapper', fields.fdwname),
        uses.length === 0 ? {} : { uses },
      ),
    ]
  },
  AlterFdwStmt: (fields) => [
    effect('alter', globalRef('foreign data wrapper', fields.fdwname), { change: 'OPTIONS' }),
  ],
  CreateForeignServerStmt: (fields) => [
    effect('create', globalRef('foreign server', fields.servername), {
      ifNotExists: fields.if_not_exists === true,
      uses: [globalRef('foreign data wrapper', fields.fdwname)],
    }),
  ],
  AlterForeignServerStmt: (fields) => [
    effect('alter', globalRef('foreign server', fields.servername), { change: 'OPTIONS' }),
  ],
  CreateUserMappingStmt: (fields) => [
    effect('create', mapping(fields.user, fields.servername), {
      ifNotExists: fields.if_not_exists === true,
      uses: [globalRef('foreign server', fields.servername)],
    }),
  ],
  AlterUserMappingStmt: (fields) => [
    effect('alter', mapping(fields.user, fields.servername), { change: 'OPTIONS' }),
  ],
  /** Which tables the other side has is known there only. */
  ImportForeignSchemaStmt: (fields) => [
    unknown(
      `IMPORT FOREIGN SCHEMA ${fields.remote_schema ?? ''}`,
      globalRef('schema', fields.local_schema),
    ),
  ],
}

function mapping(user: RoleSpec | undefined, server: string | undefined): ObjectRef {
  return globalRef('user mapping', `${roleName(user)} on ${server ?? ''}`)
}

function handlers(options: readonly TreeNode[] | undefined): ObjectRef[] {
  return membersOf(options, 'DefElem').flatMap(({ arg }) => {
    const parts = fieldsOf(arg, 'List')?.items
    return parts === undefined ? [] : [objectRef('function', listedName(parts))]
  })
}
