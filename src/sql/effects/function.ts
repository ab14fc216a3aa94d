import { listedName } from '../tree/name.ts'
import { fieldsOf, membersOf } from '../tree/node.ts'
import { typeWords } from '../tree/type-name.ts'
import type { FieldsOf, ObjectWithArgs, TreeNode } from '../tree/types.ts'
import { textOf } from '../tree/value.ts'
import type { ObjectKind, ObjectRef } from '../types.ts'
import { effect, type Family, objectRef } from './effect.ts'
import { kindOfType } from './object-kind.ts'
import { referencesIn, typeReference } from './references.ts'

export const functions: Family = {
  CreateFunctionStmt: (fields) => {
    const kind = fields.is_procedure === true ? 'procedure' : 'function'
    const parameters = membersOf(fields.parameters, 'FunctionParameter')
    const uses = referencesIn([
      fields.parameters,
      { returnType: fields.returnType },
      fields.sql_body,
    ])
    return [
      effect(
        fields.replace === true ? 'replace' : 'create',
        {
          ...objectRef(kind, listedName(fields.funcname)),
          arguments: inputTypes(parameters),
        },
        uses.length === 0 ? {} : { uses },
      ),
    ]
  },

  AlterFunctionStmt: (fields) => {
    const kind = kindOfType(fields.objtype)
    const names = membersOf(fields.actions, 'DefElem').map(({ defname }) => defname ?? '')
    const change = names.join(', ').toUpperCase()
    return [effect('alter', routineRef(kind, fields.func), { change })]
  },
}

type Parameter = FieldsOf<'FunctionParameter'>

/** The types that identify a routine (proargtypes): OUT parameters and TABLE columns don't, of procedures neither. */
function inputTypes(parameters: readonly Parameter[]): string[] {
  return parameters
    .filter(({ mode }) => mode !== 'FUNC_PARAM_TABLE' && mode !== 'FUNC_PARAM_OUT')
    .map(({ argType }) => typeWords(argType))
}

/** A routine as DROP, ALTER, COMMENT and GRANT name it; without a list of arguments `arguments` is left out. */
export function routineRef(kind: ObjectKind, routine: ObjectWithArgs | undefined): ObjectRef {
  const ref = objectRef(kind, listedName(routine?.objname))
  if (routine?.args_unspecified === true) return ref
  return { ...ref, arguments: (routine?.objargs ?? []).map(argumentText) }
}

/** The missing side of a unary operator is an empty node. */
function argumentText(node: TreeNode): string {
  const typeName = fieldsOf(node, 'TypeName')
  return typeName === undefined ? (textOf(node) ?? 'none') : typeWords(typeName)
}

/** What an aggregate's definition names: its functions and its state type. */
export function definitionUses(definition: readonly TreeNode[] | undefined): ObjectRef[] {
  return membersOf(definition, 'DefElem').flatMap(({ defname = '', arg }) => {
    const typeName = fieldsOf(arg, 'TypeName')
    const list = fieldsOf(arg, 'List')?.items
    const used = typeName?.names ?? list
    if (used === undefined) return []
    if (!/func$|^procedure$|^function$|^(restrict|join)$/.test(defname)) {
      const type = typeReference(typeName)
      return type === null ? [] : [type]
    }
    return [objectRef('function', listedName(used))]
  })
}
