import { fieldsOf } from '../tree/node.ts'
import type { FieldsOf } from '../tree/types.ts'
import type { AlterCommand } from './alter-command.ts'
import { constraintEffects } from './column.ts'
import { effect, memberRef } from './effect.ts'

export const constraintCommands: Readonly<Record<string, AlterCommand>> = {
  AT_AddConstraint: (command, target) =>
    constraintEffects(fieldsOf(command.def, 'Constraint') ?? {}, target.name, { creating: false }),
  AT_DropConstraint: (command, target) => [
    effect('drop', memberRef('constraint', target.name, command.name ?? '')),
  ],
  AT_ValidateConstraint: (command, target) => [
    effect('validate', memberRef('constraint', target.name, command.name ?? '')),
  ],
  AT_AlterConstraint: (command, target) => {
    const fields = fieldsOf(command.def, 'ATAlterConstraint') ?? {}
    return [
      effect('alter', memberRef('constraint', target.name, fields.conname ?? ''), {
        change: attributeWords(fields),
      }),
    ]
  },
}

/** The attributes after the statement, in the server's words. */
function attributeWords(fields: FieldsOf<'ATAlterConstraint'>): string {
  const words: string[] = []
  if (fields.alterDeferrability === true) {
    words.push(fields.deferrable === true ? 'DEFERRABLE' : 'NOT DEFERRABLE')
    words.push(fields.initdeferred === true ? 'INITIALLY DEFERRED' : 'INITIALLY IMMEDIATE')
  }
  if (fields.alterEnforceability === true) {
    words.push(fields.is_enforced === true ? 'ENFORCED' : 'NOT ENFORCED')
  }
  if (fields.alterInheritability === true) {
    words.push(fields.noinherit === true ? 'NO INHERIT' : 'INHERIT')
  }
  return words.join(' ')
}
