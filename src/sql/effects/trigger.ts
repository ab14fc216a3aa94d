import { writtenExpression } from '../expression.ts'
import { quoteIdentifier } from '../identifier.ts'
import { listedName, relationName } from '../tree/name.ts'
import { membersOf } from '../tree/node.ts'
import type { FieldsOf } from '../tree/types.ts'
import { textsOf } from '../tree/value.ts'
import type { Effect, TriggerDefinition } from '../types.ts'
import { effect, type Family, globalRef, memberRef, objectRef } from './effect.ts'
import { referencesIn } from './references.ts'

export const triggers: Family = {
  CreateTrigStmt: (fields) => {
    const table = relationName(fields.relation)
    const trigger = readTrigger(fields)
    return [
      effect(
        fields.replace === true ? 'replace' : 'create',
        memberRef('trigger', table, fields.trigname ?? ''),
        {
          trigger,
          enabled: 'O',
          uses: [
            objectRef('table', table),
            objectRef('function', trigger.function),
            ...(trigger.from ? [objectRef('table', trigger.from)] : []),
            ...referencesIn(fields.whenClause),
          ],
        },
      ),
    ]
  },

  CreateEventTrigStmt: (fields) => [
    effect('create', globalRef('event trigger', fields.trigname), {
      change: fields.eventname ?? '',
      enabled: 'O',
      uses: [objectRef('function', listedName(fields.funcname))],
    }),
  ],

  AlterEventTrigStmt: (fields) => {
    const enabled = enabledOf(fields.tgenabled)
    return [
      effect(enabled === 'D' ? 'disable' : 'enable', globalRef('event trigger', fields.trigname), {
        enabled,
      }),
    ]
  },
}

function enabledOf(letter: string | undefined): NonNullable<Effect['enabled']> {
  return letter === 'D' || letter === 'R' || letter === 'A' ? letter : 'O'
}

/** Bits of catalog/pg_trigger.h; neither BEFORE nor INSTEAD OF is AFTER. */
const BEFORE = 2
const INSTEAD = 64
const EVENTS: readonly (readonly [number, string])[] = [
  [4, 'INSERT'],
  [8, 'DELETE'],
  [16, 'UPDATE'],
  [32, 'TRUNCATE'],
]

export function readTrigger(fields: FieldsOf<'CreateTrigStmt'>): TriggerDefinition {
  const timing = fields.timing ?? 0
  const events = fields.events ?? 0
  return {
    function: listedName(fields.funcname),
    timing: timing === BEFORE ? 'before' : timing === INSTEAD ? 'instead of' : 'after',
    events: EVENTS.filter(([bit]) => (events & bit) !== 0).map(([, word]) => word),
    forEach: fields.row === true ? 'row' : 'statement',
    columns: textsOf(fields.columns),
    constraint: fields.isconstraint === true,
    when: fields.whenClause === undefined ? null : writtenExpression(fields.whenClause),
    arguments: textsOf(fields.args),
    deferrable: fields.deferrable === true,
    initiallyDeferred: fields.initdeferred === true,
    referencing: membersOf(fields.transitionRels, 'TriggerTransition').map(
      ({ isNew, name }) =>
        `${isNew === true ? 'NEW' : 'OLD'} TABLE AS ${quoteIdentifier(name ?? '')}`,
    ),
    from: fields.constrrel === undefined ? null : relationName(fields.constrrel),
  }
}
