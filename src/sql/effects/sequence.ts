import { nameOfParts, relationName } from '../tree/name.ts'
import { fieldsOf, membersOf } from '../tree/node.ts'
import { optionOf } from '../tree/option.ts'
import type { TreeNode } from '../tree/types.ts'
import { textsOf } from '../tree/value.ts'
import type { Effect } from '../types.ts'
import { effect, type Family, objectRef } from './effect.ts'
import { temporaryOf } from './persistence.ts'

export const sequences: Family = {
  CreateSeqStmt: (fields) => [
    effect('create', objectRef('sequence', relationName(fields.sequence)), {
      ifNotExists: fields.if_not_exists === true,
      ...ownedBy(fields.options),
      ...temporaryOf(fields.sequence),
    }),
  ],

  AlterSeqStmt: (fields) => {
    const names = membersOf(fields.options, 'DefElem').map(({ defname = '' }) => defname)
    return [
      effect('alter', objectRef('sequence', relationName(fields.sequence)), {
        ifExists: fields.missing_ok === true,
        change: names.join(', ').replaceAll('_', ' ').toUpperCase(),
        ...ownedBy(fields.options),
      }),
    ]
  },
}

/** OWNED BY table.column; OWNED BY NONE has one part only. */
function ownedBy(options: readonly TreeNode[] | undefined): Partial<Effect> {
  const owner = optionOf(options, 'owned_by')
  const parts = textsOf(fieldsOf(owner?.arg, 'List')?.items)
  return parts.length < 2 ? {} : { uses: [objectRef('table', nameOfParts(parts.slice(0, -1)))] }
}
