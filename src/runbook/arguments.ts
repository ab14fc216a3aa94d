import { Refusal } from '../report/refusal.ts'
import { suggestion } from './nearest.ts'
import type { Given } from './settings.ts'
import type { CommandName, SettingName } from './settings-table.ts'
import { COMMANDS, isSettingName, SETTING_NAMES, settingOf } from './settings-table.ts'

/** What the command line asks for. */
export interface Arguments {
  /** undefined when none is named: help is shown then. */
  readonly command: CommandName | undefined
  /** Flags by the name of their setting, `command` included. */
  readonly given: Given
  readonly help: boolean
  readonly version: boolean
}

/** Settings that may be given as flags: all but the command, which is the first word. */
export const FLAGS: readonly SettingName[] = SETTING_NAMES.filter((name) => name !== 'command')

/**
 * Reads `<command> [--flag value | --flag=value]`. A boolean flag alone is true; `--flag=false` switches it off.
 *
 * @param argv what follows the program's name
 * @throws Refusal for an unknown or repeated command or flag, or a flag without its value
 */
export function parseArguments(argv: readonly string[]): Arguments {
  const given: Record<string, string> = {}
  let command: CommandName | undefined
  let help = false
  let version = false
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? ''
    if (word === '--help' || word === '-h' || (word === 'help' && command === undefined)) {
      help = true
    } else if (word === '--version') {
      version = true
    } else if (word.startsWith('-')) {
      const { name, value, used } = readFlag(word, argv[index + 1])
      if (given[name] !== undefined) throw repeated(name)
      given[name] = value
      index += used
    } else {
      command = readCommand(word, command)
    }
  }
  if (command !== undefined) given.command = command
  return { command, given, help, version }
}

/** What can be read of arguments that were refused: `report` and `summary` say where even that is told, the URLs what to hide. */
export function readableFlags(argv: readonly string[]): Given {
  const given: Record<string, string> = {}
  for (const [index, word] of argv.entries()) {
    for (const name of ['report', 'summary', 'database-url', 'staging-url'] as const) {
      const value = word === `--${name}` ? argv[index + 1] : undefined
      if (value !== undefined && !value.startsWith('--')) given[name] = value
      if (word.startsWith(`--${name}=`)) given[name] = word.slice(name.length + 3)
    }
  }
  return given
}

function readFlag(
  word: string,
  next: string | undefined,
): { readonly name: SettingName; readonly value: string; readonly used: 0 | 1 } {
  const equals = word.indexOf('=')
  const flag = equals < 0 ? word : word.slice(0, equals)
  const name = flag.replace(/^--/, '')
  if (!flag.startsWith('--') || !isSettingName(name) || name === 'command') throw unknownFlag(flag)
  if (equals >= 0) return { name, value: word.slice(equals + 1), used: 0 }
  if (settingOf(name).kind === 'boolean') {
    const isWritten = next === 'true' || next === 'false'
    return { name, value: isWritten ? next : 'true', used: isWritten ? 1 : 0 }
  }
  if (next === undefined || next.startsWith('--')) {
    throw new Refusal({
      what: `--${name} has no value`,
      why: `It takes one: ${settingOf(name).description}`,
      fix: `Write --${name} value, or --${name}=value.`,
    })
  }
  return { name, value: next, used: 1 }
}

function readCommand(word: string, command: CommandName | undefined): CommandName {
  const found = COMMANDS.find((each) => each === word)
  if (found !== undefined && command === undefined) return found
  throw new Refusal({
    what:
      command === undefined
        ? `"${word}" is not a command`
        : `"${word}" comes after the command ${command}`,
    why:
      command === undefined
        ? `The commands are ${COMMANDS.join(', ')}.`
        : 'A command takes only flags, each beginning with --.',
    fix:
      command === undefined
        ? suggestion(word, COMMANDS)
        : 'Put a value with blanks into quotes, or remove the word.',
  })
}

/** The flag alone is named: its value might be a secret. */
function unknownFlag(flag: string): Refusal {
  return new Refusal({
    what: `${flag} is not a flag`,
    why: 'A flag that is not understood would silently do nothing.',
    fix: suggestion(
      `--${flag.replace(/^-+/, '')}`,
      FLAGS.map((name) => `--${name}`),
    ),
  })
}

function repeated(name: string): Refusal {
  return new Refusal({
    what: `--${name} is given twice`,
    why: 'Only one value can hold.',
    fix: 'Keep one of them.',
  })
}
