import { OUTCOMES, OUTPUTS } from './outcomes.ts'
import type { CommandName, SettingName } from './settings-table.ts'
import { COMMANDS, namesForCommand, SETTING_NAMES, settingOf } from './settings-table.ts'

const PURPOSES: Readonly<Record<CommandName, string>> = {
  plan: 'Show what a deployment would do: steps, expectations, hazards. Changes nothing.',
  deploy: 'Run each pending migration, verify it, and undo it when it fails.',
  verify: 'Check that everything that was applied is still true. Changes nothing.',
  rollback: 'Undo the last migration, or what --to, --only or --last-run says.',
}

/** Help of the command line; of one command with its flags, else of the whole. Plain text, 100 columns. */
export function helpText(command?: CommandName): string {
  if (command === undefined) {
    const commands = COMMANDS.map((name) => `  ${name.padEnd(10)}${PURPOSES[name]}`)
    return [
      'pg-airlock: an executable PostgreSQL deployment runbook',
      '',
      'Usage: pg-airlock <command> [--flag value | --flag=value …]',
      '',
      'Commands:',
      ...commands,
      '',
      'pg-airlock <command> --help lists the flags of a command; --version prints the version.',
      '',
    ].join('\n')
  }
  const flags = namesForCommand(command).flatMap((name) => flagHelp(name))
  return [
    `Usage: pg-airlock ${command} [--flag value | --flag=value …]`,
    '',
    PURPOSES[command],
    '',
    ...flags,
    '',
    'Exit codes: 0 as asked, 1 refused by a gate, failed or rolled back, 2 can’t be run as given,',
    '3 a person has to look, 130 cancelled.',
    '',
  ].join('\n')
}

function flagHelp(name: SettingName): readonly string[] {
  const setting = settingOf(name)
  const value =
    setting.kind === 'boolean'
      ? ''
      : setting.kind === 'choice'
        ? ` ${(setting.choices ?? []).join('|')}`
        : setting.kind === 'duration'
          ? ' DURATION'
          : ' TEXT'
  const isOff = setting.default === undefined || setting.kind === 'boolean'
  const text = `${setting.description}${isOff ? '' : ` Default: ${setting.default}.`}`
  return [
    `  --${name}${value}`,
    ...wrap(text.replaceAll('`', ''), 92).map((line) => `      ${line}`),
  ]
}

/** The README's table of settings. */
export function settingsTable(): string {
  const rows = SETTING_NAMES.map((name) => {
    const setting = settingOf(name)
    const choices = setting.choices ? ` One of ${codes(setting.choices)}.` : ''
    const text =
      setting.choices && name !== 'command' ? setting.description + choices : setting.description
    const places =
      setting.scope === 'target' ? 'file, target' : setting.scope === 'file' ? 'file' : ''
    return [
      `\`${name}\``,
      setting.default === undefined ? '' : `\`${setting.default}\``,
      places,
      text,
    ]
  })
  return table(['Name', 'Default', 'Also in airlock.yml', 'Meaning'], rows)
}

/** The README's table of outputs. */
export function outputsTable(): string {
  return table(
    ['Output', 'Meaning'],
    Object.entries(OUTPUTS).map(([name, meaning]) => [`\`${name}\``, meaning]),
  )
}

/** The README's table of exit codes and outcomes. */
export function outcomeTable(): string {
  const rows = OUTCOMES.map(({ exitCode, outcomes, when, meaning }) => [
    String(exitCode),
    `${codes(outcomes)}${when === undefined ? '' : ` (${when})`}`,
    meaning,
  ])
  return table(['Exit code', 'Outcome', 'Meaning'], rows)
}

/**
 * action.yml. Only `command` has a default in it: the runner hands defaults over like inputs, and they would override
 * what airlock.yml says.
 */
export function actionYaml(): string {
  const inputs = SETTING_NAMES.flatMap((name) => {
    const setting = settingOf(name)
    const choices = setting.choices ? ` One of ${setting.choices.join(', ')}.` : ''
    const fallback =
      setting.default === undefined || name === 'command' ? '' : ` Default: ${setting.default}.`
    return [
      `  ${name}:`,
      `    description: ${JSON.stringify(`${setting.description}${choices}${fallback}`)}`,
      '    required: false',
      ...(name === 'command' ? [`    default: ${setting.default}`] : []),
    ]
  })
  const outputs = Object.entries(OUTPUTS).flatMap(([name, description]) => [
    `  ${name}:`,
    `    description: ${JSON.stringify(description)}`,
  ])
  return [
    'name: pg-airlock',
    'description: Runs a PostgreSQL deployment runbook - migrations under timeouts, verified, reported, rolled back on failure',
    'branding:',
    '  icon: database',
    '  color: blue',
    'inputs:',
    ...inputs,
    'outputs:',
    ...outputs,
    'runs:',
    '  using: node24',
    '  main: dist/main.js',
    '',
  ].join('\n')
}

function codes(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ')
}

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows]
  return lines
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`
    } else {
      lines.push(word)
    }
  }
  return lines
}
