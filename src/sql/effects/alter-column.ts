import { catalogName } from '../expression/read.ts'
import { writtenExpression } from '../expression.ts'
import { fieldsOf, membersOf } from '../tree/node.ts'
import { optionOf } from '../tree/option.ts'
import { typeWords } from '../tree/type-name.ts'
import type { AlterTableCmd } from '../tree/types.ts'
import { textOf } from '../tree/value.ts'
import type { ColumnDefinition, Effect } from '../types.ts'
import type { AlterCommand, AlterTarget } from './alter-command.ts'
import { columnEffects, identityOf } from './column.ts'
import { effect, memberRef } from './effect.ts'
import { referencesIn } from './references.ts'

/** Commands on columns of tables and attributes of composite types. */
export const columnCommands: Readonly<Record<string, AlterCommand>> = {
  AT_AddColumn: (command, target) =>
    columnEffects(fieldsOf(command.def, 'ColumnDef') ?? {}, target.name, {
      creating: false,
      ifNotExists: command.missing_ok === true,
    }),
  AT_DropColumn: (command, target) => [effect('drop', columnRef(command, target))],
  AT_ColumnDefault: (command, target) =>
    command.def === undefined
      ? [altered(command, target, 'DROP DEFAULT', { default: null })]
      : [
          withUses(
            altered(command, target, 'SET DEFAULT', { default: writtenExpression(command.def) }),
            command.def,
          ),
        ],
  AT_SetNotNull: (command, target) => [altered(command, target, 'SET NOT NULL', { notNull: true })],
  AT_DropNotNull: (command, target) => [
    altered(command, target, 'DROP NOT NULL', { notNull: false }),
  ],
  AT_AlterColumnType: alterType,
  AT_SetExpression: (command, target) => [
    withUses(
      altered(command, target, 'SET EXPRESSION', { default: writtenExpression(command.def) }),
      command.def,
    ),
  ],
  AT_DropExpression: (command, target) => [
    altered(command, target, 'DROP EXPRESSION', { generated: null, default: null }),
  ],
  AT_AddIdentity: (command, target) => {
    const when = fieldsOf(command.def, 'Constraint')?.generated_when
    const identity = identityOf(when)
    return [
      altered(command, target, 'ADD GENERATED AS IDENTITY', { identity }),
      effect('create', memberRef('sequence', target.name, null), {
        change: `OWNED BY ${command.name ?? ''}`,
      }),
    ]
  },
  AT_SetIdentity: (command, target) => [
    altered(command, target, 'SET GENERATED', changedIdentity(command)),
  ],
  AT_DropIdentity: (command, target) => [
    altered(command, target, 'DROP IDENTITY', { identity: null }),
  ],
  AT_SetStatistics: (command, target) => [
    { ...altered(command, target, 'SET STATISTICS'), to: textOf(command.def) ?? 'DEFAULT' },
  ],
  AT_SetStorage: (command, target) => [
    { ...altered(command, target, 'SET STORAGE'), to: textOf(command.def) ?? '' },
  ],
  AT_SetCompression: (command, target) => [
    { ...altered(command, target, 'SET COMPRESSION'), to: textOf(command.def) ?? '' },
  ],
  AT_SetOptions: (command, target) => [altered(command, target, 'SET OPTIONS')],
  AT_ResetOptions: (command, target) => [altered(command, target, 'RESET OPTIONS')],
  AT_AlterColumnGenericOptions: (command, target) => [altered(command, target, 'OPTIONS')],
}

function columnRef(command: AlterTableCmd, target: AlterTarget) {
  // ALTER INDEX … ALTER COLUMN 2 SET STATISTICS knows its column by number.
  return memberRef('column', target.name, command.name ?? String(command.num ?? ''))
}

function altered(
  command: AlterTableCmd,
  target: AlterTarget,
  change: string,
  column?: Partial<ColumnDefinition>,
): Effect {
  const definition = column === undefined ? {} : { column }
  return effect('alter', columnRef(command, target), { change, ...definition })
}

function withUses(made: Effect, ...parts: readonly unknown[]): Effect {
  const uses = referencesIn(parts)
  return uses.length === 0 ? made : { ...made, uses }
}

function alterType(command: AlterTableCmd, target: AlterTarget): Effect[] {
  const column = fieldsOf(command.def, 'ColumnDef')
  const collation =
    column?.collClause === undefined ? null : catalogName(column.collClause.collname)
  const made = altered(command, target, 'TYPE', { type: typeWords(column?.typeName), collation })
  const using =
    column?.raw_default === undefined ? {} : { using: writtenExpression(column.raw_default) }
  return [withUses({ ...made, ...using }, { typeName: column?.typeName }, column?.raw_default)]
}

/** SET GENERATED names the new way by its character code; other options speak of the sequence. */
function changedIdentity(command: AlterTableCmd): Partial<ColumnDefinition> | undefined {
  const options = fieldsOf(command.def, 'List')?.items
  const generated = optionOf(options, 'generated')
  if (generated === undefined) return undefined
  const [code] = membersOf(generated.arg === undefined ? [] : [generated.arg], 'Integer')
  return { identity: identityOf(String.fromCharCode(code?.ival ?? 97)) }
}
