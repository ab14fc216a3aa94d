import { relationName } from '../tree/name.ts'
import { fieldsOf } from '../tree/node.ts'
import type { AlterTableCmd, ObjectType } from '../tree/types.ts'
import type { Effect } from '../types.ts'
import { columnCommands } from './alter-column.ts'
import type { AlterCommand, AlterTarget } from './alter-command.ts'
import { constraintCommands } from './alter-constraint.ts'
import { relationCommands } from './alter-relation.ts'
import { effect, type Family, globalRef, objectRef, unknown } from './effect.ts'
import { kindOfType } from './object-kind.ts'

const COMMANDS: Readonly<Record<string, AlterCommand>> = {
  ...columnCommands,
  ...constraintCommands,
  ...relationCommands,
}

export const alterTable: Family = {
  AlterTableStmt: (fields) => {
    const target = { kind: kindOfType(fields.objtype), name: relationName(fields.relation) }
    const flags = {
      ...(fields.missing_ok === true ? { ifExists: true } : {}),
      // A composite type is parsed as a relation without descendants; ONLY means something for tables.
      ...(fields.relation?.inh !== true && target.kind !== 'type' ? { only: true } : {}),
    }
    return (fields.cmds ?? []).flatMap((node) => {
      const command = fieldsOf(node, 'AlterTableCmd') ?? {}
      return commandEffects(command, target).map((each) => ({ ...each, ...flags }))
    })
  },

  AlterTableMoveAllStmt: (fields) => [
    effect('alter', globalRef('tablespace', fields.orig_tablespacename), {
      change: `MOVE ALL ${plural(fields.objtype)} TO`,
      to: fields.new_tablespacename ?? '',
    }),
  ],
}

function commandEffects(command: AlterTableCmd, target: AlterTarget): readonly Effect[] {
  const read = COMMANDS[command.subtype ?? '']
  const effects =
    read === undefined
      ? [unknown(`ALTER TABLE: ${command.subtype}`, objectRef(target.kind, target.name))]
      : read(command, target)
  const cascade = command.behavior === 'DROP_CASCADE' ? { cascade: true } : {}
  const ifExists = command.missing_ok === true && !addsColumn(command) ? { ifExists: true } : {}
  return effects.map((each) => ({ ...each, ...ifExists, ...cascade }))
}

/** On ADD COLUMN the same flag means IF NOT EXISTS. */
function addsColumn({ subtype }: AlterTableCmd): boolean {
  return subtype === 'AT_AddColumn'
}

function plural(type: ObjectType | undefined): string {
  const kind = kindOfType(type)
  return kind === 'index' ? 'INDEXES' : `${kind.toUpperCase()}S`
}
