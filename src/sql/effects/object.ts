import { listedName, nameOfParts, relationName } from '../tree/name.ts'
import { fieldsOf } from '../tree/node.ts'
import { typeWords } from '../tree/type-name.ts'
import type { RangeVar, TreeNode } from '../tree/types.ts'
import { textOf, textsOf } from '../tree/value.ts'
import type { ObjectRef } from '../types.ts'
import { globalRef, memberRef, objectRef } from './effect.ts'
import { routineRef } from './function.ts'
import { kindOfType } from './object-kind.ts'

/** Types of objects that are named by their table and their own name: 'b.c.a' is a on b.c. */
const MEMBERS: ReadonlySet<string> = new Set([
  'OBJECT_COLUMN',
  'OBJECT_POLICY',
  'OBJECT_RULE',
  'OBJECT_TABCONSTRAINT',
  'OBJECT_TRIGGER',
])

/** The object that DROP, COMMENT, SECURITY LABEL, ALTER … OWNER and the like name, each type in its own way. */
export function objectOf(type: string | undefined, node: TreeNode | undefined): ObjectRef {
  const kind = kindOfType(type)
  const routine = fieldsOf(node, 'ObjectWithArgs')
  if (routine !== undefined) return routineRef(kind, routine)
  const typeName = fieldsOf(node, 'TypeName')
  if (typeName !== undefined) return objectRef(kind, listedName(typeName.names))
  const items = fieldsOf(node, 'List')?.items
  if (items === undefined) return globalRef(kind, textOf(node) ?? '')
  if (type === 'OBJECT_DOMCONSTRAINT') {
    const domain = listedName(fieldsOf(items[0], 'TypeName')?.names)
    return memberRef(kind, domain, textOf(items[1]) ?? '')
  }
  if (type === 'OBJECT_CAST') {
    return globalRef(kind, items.map((item) => typeWords(fieldsOf(item, 'TypeName'))).join(' as '))
  }
  if (type === 'OBJECT_TRANSFORM') {
    const [typeNode, language] = items
    const made = typeWords(fieldsOf(typeNode, 'TypeName'))
    return globalRef(kind, `for ${made} language ${textOf(language) ?? ''}`)
  }
  const parts = textsOf(items)
  if (type === 'OBJECT_OPCLASS' || type === 'OBJECT_OPFAMILY') {
    // The access method stands first: {btree, schema, name}.
    return objectRef(kind, nameOfParts(parts.slice(1)))
  }
  return MEMBERS.has(type ?? '')
    ? memberRef(kind, nameOfParts(parts.slice(0, -1)), parts.at(-1) ?? '')
    : objectRef(kind, nameOfParts(parts))
}

/** As objectOf, for statements that name relations apart from everything else. */
export function objectOrRelation(
  type: string | undefined,
  relation: RangeVar | undefined,
  node: TreeNode | undefined,
): ObjectRef {
  return relation === undefined
    ? objectOf(type, node)
    : objectRef(kindOfType(type), relationName(relation))
}
