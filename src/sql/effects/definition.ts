import { listedName, nameOfParts, relationName } from '../tree/name.ts'
import { fieldsOf, membersOf } from '../tree/node.ts'
import { optionOf } from '../tree/option.ts'
import { typeWords } from '../tree/type-name.ts'
import type { FieldsOf, TreeNode } from '../tree/types.ts'
import { textOf, textsOf } from '../tree/value.ts'
import type { ObjectRef } from '../types.ts'
import { effect, type Family, globalRef, objectRef } from './effect.ts'
import { definitionUses, routineRef } from './function.ts'
import { kindOfType } from './object-kind.ts'
import { referencesIn } from './references.ts'

/** CREATE of kinds that are defined by a list of options, and the rarer ALTERs of the same. */
export const definitions: Family = {
  DefineStmt: (fields) => {
    const uses = definitionUses(fields.definition)
    return [
      effect(fields.replace === true ? 'replace' : 'create', definedObject(fields), {
        ifNotExists: fields.if_not_exists === true,
        ...(uses.length === 0 ? {} : { uses }),
        ...partOfTextSearch(fields.kind),
      }),
    ]
  },
  CreateStatsStmt: (fields) => {
    const tables = membersOf(fields.relations, 'RangeVar').map(relationName)
    const [table] = tables
    const parts = textsOf(fields.defnames)
    // Without a name one is made up, in the schema of its table.
    const object: ObjectRef =
      parts.length === 0
        ? {
            kind: 'statistics',
            schema: table?.schema ?? null,
            name: null,
            ...(table ? { table } : {}),
          }
        : objectRef('statistics', nameOfParts(parts))
    const uses = [...tables.map((name) => objectRef('table', name)), ...referencesIn(fields.exprs)]
    return [effect('create', object, { ifNotExists: fields.if_not_exists === true, uses })]
  },
  AlterStatsStmt: (fields) => [
    effect('alter', objectRef('statistics', listedName(fields.defnames)), {
      change: 'SET STATISTICS',
      to: textOf(fields.stxstattarget) ?? 'DEFAULT',
      ifExists: fields.missing_ok === true,
    }),
  ],
  CreateCastStmt: (fields) => {
    const name = `${typeWords(fields.sourcetype)} as ${typeWords(fields.targettype)}`
    const uses = fields.func === undefined ? [] : [routineRef('function', fields.func)]
    return [effect('create', globalRef('cast', name), uses.length === 0 ? {} : { uses })]
  },
  CreateConversionStmt: (fields) => [
    effect('create', objectRef('conversion', listedName(fields.conversion_name)), {
      uses: [objectRef('function', listedName(fields.func_name))],
    }),
  ],
  CreateTransformStmt: (fields) => {
    const name = `for ${typeWords(fields.type_name)} language ${fields.lang ?? ''}`
    const functions = [fields.fromsql, fields.tosql].filter((each) => each !== undefined)
    const uses = functions.map((each) => routineRef('function', each))
    const op = fields.replace === true ? 'replace' : 'create'
    return [effect(op, globalRef('transform', name), { uses })]
  },
  CreateOpClassStmt: (fields) => [
    effect('create', objectRef('operator class', listedName(fields.opclassname)), {
      change: `USING ${fields.amname ?? ''}`,
    }),
  ],
  CreateOpFamilyStmt: (fields) => [
    effect('create', objectRef('operator family', listedName(fields.opfamilyname)), {
      change: `USING ${fields.amname ?? ''}`,
    }),
  ],
  AlterOpFamilyStmt: (fields) => [
    effect('alter', objectRef('operator family', listedName(fields.opfamilyname)), {
      change: fields.isDrop === true ? 'DROP' : 'ADD',
    }),
  ],
  AlterOperatorStmt: (fields) => [
    effect('alter', routineRef('operator', fields.opername), {
      change: `SET (${names(fields.options)})`,
    }),
  ],
  AlterCollationStmt: (fields) => [
    effect('alter', objectRef('collation', listedName(fields.collname)), {
      change: 'REFRESH VERSION',
    }),
  ],
  AlterTSDictionaryStmt: (fields) => [
    effect('alter', objectRef('text search', listedName(fields.dictname)), {
      change: `DICTIONARY (${names(fields.options)})`,
    }),
  ],
  AlterTSConfigurationStmt: (fields) => [
    effect('alter', objectRef('text search', listedName(fields.cfgname)), {
      change: `CONFIGURATION ${(fields.kind ?? '').replace('ALTER_TSCONFIG_', '').replaceAll('_', ' ')}`,
    }),
  ],
  CreateAmStmt: (fields) => [
    effect('create', globalRef('access method', fields.amname), {
      uses: [objectRef('function', listedName(fields.handler_name))],
    }),
  ],
  CreatePLangStmt: (fields) => [
    effect(fields.replace === true ? 'replace' : 'create', globalRef('language', fields.plname), {
      uses: [fields.plhandler, fields.plinline, fields.plvalidator]
        .filter((parts) => parts !== undefined)
        .map((parts) => objectRef('function', listedName(parts))),
    }),
  ],
}

/** Aggregates are known by their arguments, operators by the types at their sides. */
function definedObject(fields: FieldsOf<'DefineStmt'>): ObjectRef {
  const kind = kindOfType(fields.kind)
  const ref = objectRef(kind, listedName(fields.defnames))
  if (kind === 'operator') {
    const sides = ['leftarg', 'rightarg'].map((side) =>
      typeWords(fieldsOf(optionOf(fields.definition, side)?.arg, 'TypeName')),
    )
    return { ...ref, arguments: sides.map((side) => (side === '' ? 'none' : side)) }
  }
  if (kind !== 'aggregate') return ref
  if (fields.oldstyle === true) {
    const base = fieldsOf(optionOf(fields.definition, 'basetype')?.arg, 'TypeName')
    const any = textsOf(base?.names).at(-1)?.toLowerCase() === 'any'
    return { ...ref, arguments: any || base === undefined ? [] : [typeWords(base)] }
  }
  const parameters = membersOf(fieldsOf(fields.args?.[0], 'List')?.items, 'FunctionParameter')
  return { ...ref, arguments: parameters.map(({ argType }) => typeWords(argType)) }
}

function partOfTextSearch(type: string | undefined): { readonly change?: string } {
  const part = /^OBJECT_TS(CONFIGURATION|DICTIONARY|PARSER|TEMPLATE)$/.exec(type ?? '')?.[1]
  return part === undefined ? {} : { change: part }
}

function names(options: readonly TreeNode[] | undefined): string {
  return membersOf(options, 'DefElem')
    .map(({ defname }) => defname ?? '')
    .join(', ')
}
