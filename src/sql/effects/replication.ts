import { relationName } from '../tree/name.ts'
import { membersOf } from '../tree/node.ts'
import { optionOf } from '../tree/option.ts'
import type { FieldsOf, TreeNode } from '../tree/types.ts'
import { textOf, textsOf } from '../tree/value.ts'
import type { ObjectRef } from '../types.ts'
import { effect, type Family, globalRef, objectRef } from './effect.ts'
import { referencesIn } from './references.ts'

const ACTIONS: Readonly<Record<string, string>> = {
  AP_AddObjects: 'ADD',
  AP_DropObjects: 'DROP',
  AP_SetObjects: 'SET',
}

/** A connection string holds a password: it is never part of an effect. */
export const replication: Family = {
  CreatePublicationStmt: (fields) => {
    const uses = publishedObjects(fields.pubobjects)
    return [
      effect('create', globalRef('publication', fields.pubname), {
        ...(uses.length === 0 ? {} : { uses }),
        ...(fields.for_all_tables === true ? { change: 'FOR ALL TABLES' } : {}),
      }),
    ]
  },
  AlterPublicationStmt: (fields) => {
    const uses = publishedObjects(fields.pubobjects)
    const change = uses.length === 0 ? 'SET OPTIONS' : (ACTIONS[fields.action ?? ''] ?? 'SET')
    return [
      effect('alter', globalRef('publication', fields.pubname), {
        change,
        ...(uses.length === 0 ? {} : { uses }),
      }),
    ]
  },
  CreateSubscriptionStmt: (fields) => [
    effect('create', globalRef('subscription', fields.subname), {
      change: `PUBLICATION ${textsOf(fields.publication).join(', ')}`,
    }),
  ],
  AlterSubscriptionStmt: (fields) => [
    effect('alter', globalRef('subscription', fields.subname), {
      change: subscriptionChange(fields),
    }),
  ],
}

function subscriptionChange({ kind, options }: FieldsOf<'AlterSubscriptionStmt'>): string {
  const words = (kind ?? '').replace('ALTER_SUBSCRIPTION_', '').replaceAll('_', ' ')
  if (words !== 'ENABLED') return words
  return textOf(optionOf(options, 'enabled')?.arg) === 'true' ? 'ENABLE' : 'DISABLE'
}

function publishedObjects(objects: readonly TreeNode[] | undefined): ObjectRef[] {
  return membersOf(objects, 'PublicationObjSpec').flatMap((object) => {
    const table = object.pubtable
    if (table === undefined)
      return object.name === undefined ? [] : [globalRef('schema', object.name)]
    return [objectRef('table', relationName(table.relation)), ...referencesIn(table.whereClause)]
  })
}
