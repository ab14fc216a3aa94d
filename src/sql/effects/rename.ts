import { nameOfParts, relationName, roleName } from '../tree/name.ts'
import { fieldsOf, membersOf } from '../tree/node.ts'
import type { FieldsOf } from '../tree/types.ts'
import { textsOf } from '../tree/value.ts'
import type { Effect } from '../types.ts'
import { effect, type Family, globalRef, memberRef, objectRef, unknown } from './effect.ts'
import { objectOf, objectOrRelation } from './object.ts'
import { kindOfType } from './object-kind.ts'

export const renames: Family = {
  RenameStmt: (fields) => [
    effect('rename', renamed(fields), {
      to: fields.newname ?? '',
      ifExists: fields.missing_ok === true,
      ...(fields.behavior === 'DROP_CASCADE' ? { cascade: true } : {}),
    }),
  ],

  AlterObjectSchemaStmt: (fields) => [
    effect('set schema', objectOrRelation(fields.objectType, fields.relation, fields.object), {
      to: fields.newschema ?? '',
      ifExists: fields.missing_ok === true,
    }),
  ],

  AlterOwnerStmt: (fields) => [
    effect('set owner', objectOrRelation(fields.objectType, fields.relation, fields.object), {
      to: roleName(fields.newowner),
    }),
  ],

  /** Whose objects these are is known to the server only. */
  ReassignOwnedStmt: (fields) =>
    membersOf(fields.roles, 'RoleSpec').map((role) =>
      unknown(`REASSIGN OWNED BY ${roleName(role)}`, globalRef('role', roleName(role))),
    ),

  AlterObjectDependsStmt: (fields) => [
    effect('alter', objectOrRelation(fields.objectType, fields.relation, fields.object), {
      change: fields.remove === true ? 'NO DEPENDS ON EXTENSION' : 'DEPENDS ON EXTENSION',
      to: fields.extname?.sval ?? '',
      uses: [globalRef('extension', fields.extname?.sval)],
    }),
  ],
}

/** Members are named by their relation and `subname`, schemas, roles and databases by `subname` alone. */
function renamed(fields: FieldsOf<'RenameStmt'>): Effect['object'] {
  const kind = kindOfType(fields.renameType)
  if (fields.renameType === 'OBJECT_DOMCONSTRAINT') {
    const domain = nameOfParts(textsOf(fieldsOf(fields.object, 'List')?.items))
    return memberRef(kind, domain, fields.subname ?? '')
  }
  if (fields.relation !== undefined) {
    const relation = relationName(fields.relation)
    return fields.subname === undefined
      ? objectRef(kind, relation)
      : memberRef(kind, relation, fields.subname)
  }
  return fields.object === undefined
    ? globalRef(kind, fields.subname)
    : objectOf(fields.renameType, fields.object)
}
