import { listedName, relationName } from '../tree/name.ts'
import { fieldsOf, membersOf } from '../tree/node.ts'
import { optionOf } from '../tree/option.ts'
import { textsOf } from '../tree/value.ts'
import type { Effect, QualifiedName } from '../types.ts'
import { readColumn } from './column.ts'
import { effect, type Family, memberRef, objectRef } from './effect.ts'
import { definitionUses } from './function.ts'
import { referencesIn } from './references.ts'

export const types: Family = {
  CompositeTypeStmt: (fields) => {
    const name = relationName(fields.typevar)
    const uses = referencesIn(fields.coldeflist)
    const attributes = membersOf(fields.coldeflist, 'ColumnDef').map((attribute) =>
      effect('create', memberRef('column', name, attribute.colname ?? ''), {
        column: readColumn(attribute),
      }),
    )
    const created = effect('create', objectRef('type', name), {
      change: 'COMPOSITE',
      ...(uses.length === 0 ? {} : { uses }),
    })
    return [created, ...attributes]
  },

  CreateEnumStmt: (fields) => {
    const name = listedName(fields.typeName)
    const values = textsOf(fields.vals).map((value) =>
      effect('create', memberRef('enum value', name, value)),
    )
    return [effect('create', objectRef('type', name), { change: 'ENUM' }), ...values]
  },

  /** Its multirange type has a name that the server makes up, unless it is given one. */
  CreateRangeStmt: (fields) => {
    const name = listedName(fields.typeName)
    const multirange = optionOf(fields.params, 'multirange_type_name')
    const named = fieldsOf(multirange?.arg, 'TypeName')
    const uses = definitionUses(fields.params)
    const created = effect('create', objectRef('type', name), {
      change: 'RANGE',
      ...(uses.length === 0 ? {} : { uses }),
    })
    const second: QualifiedName | null = named === undefined ? null : listedName(named.names)
    return second === null
      ? [created]
      : [created, effect('create', objectRef('type', second), { change: 'MULTIRANGE' })]
  },

  AlterEnumStmt: (fields) => {
    const name = listedName(fields.typeName)
    if (fields.oldVal !== undefined) {
      const to = fields.newVal ?? ''
      return [effect('rename', memberRef('enum value', name, fields.oldVal), { to })]
    }
    return [
      effect('create', memberRef('enum value', name, fields.newVal ?? ''), {
        ifNotExists: fields.skipIfNewValExists === true,
        ...neighbour(fields.newValNeighbor, fields.newValIsAfter),
      }),
    ]
  },

  AlterTypeStmt: (fields) => {
    const names = membersOf(fields.options, 'DefElem').map(({ defname }) => defname)
    const change = `SET (${names.join(', ')})`
    return [effect('alter', objectRef('type', listedName(fields.typeName)), { change })]
  },
}

function neighbour(value: string | undefined, after: boolean | undefined): Partial<Effect> {
  return value === undefined ? {} : { to: value, change: after === true ? 'AFTER' : 'BEFORE' }
}
