import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { checksReference } from '../src/checks/preflight/reference.ts'
import { parseAirlockFile } from '../src/runbook/airlock-file.ts'
import { airlockReference } from '../src/runbook/airlock-reference.ts'
import { airlockJsonSchema } from '../src/runbook/airlock-schema.ts'
import { parseArguments } from '../src/runbook/arguments.ts'
import { SECTION_NAMES } from '../src/runbook/gates/sections.ts'
import { OUTPUTS } from '../src/runbook/outcomes.ts'
import {
  actionYaml,
  helpText,
  outcomeTable,
  outputsTable,
  settingsTable,
} from '../src/runbook/reference.ts'
import { resolveSettings } from '../src/runbook/settings.ts'
import type { SettingName } from '../src/runbook/settings-table.ts'
import {
  COMMANDS,
  namesForCommand,
  namesInFile,
  SETTING_NAMES,
  settingOf,
} from '../src/runbook/settings-table.ts'

/** The root of the repository, seen from build/__tests__. */
const root = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

interface Action {
  readonly name: string
  readonly description: string
  readonly inputs: Readonly<
    Record<
      string,
      { readonly description: string; readonly required: boolean; readonly default?: string }
    >
  >
  readonly outputs: Readonly<Record<string, unknown>>
  readonly runs: Readonly<Record<string, string>>
}

const action = parse(read('action.yml')) as Action

/** A value other than the default, as one would write it. */
function example(name: SettingName): string {
  const { kind, choices, default: fallback } = settingOf(name)
  if (kind === 'boolean') return 'true'
  if (kind === 'duration') return '7s'
  if (kind === 'choice') return choices?.find((choice) => choice !== fallback) ?? ''
  return name === 'to' || name === 'only' ? '5' : `some-${name}`
}

/** The name in Settings: 'lock-timeout' → 'lockTimeout'. */
function property(name: SettingName): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

describe('the contract of names', () => {
  test('action.yml has each setting as input, described, in the table’s order', () => {
    expect(Object.keys(action.inputs)).toEqual(SETTING_NAMES)
    for (const name of SETTING_NAMES) {
      expect(action.inputs[name]?.description).toContain(settingOf(name).description)
      expect(action.inputs[name]?.required).toBe(false)
    }
    expect(read('action.yml')).toBe(actionYaml())
  })

  test('action.yml gives no default to what airlock.yml may set, for the runner would hand it over as given', () => {
    for (const name of namesInFile('file'))
      expect(action.inputs[name]).not.toHaveProperty('default')
    expect(action.inputs.command?.default).toBe('deploy')
  })

  test('action.yml runs what is bundled, and fits the Marketplace', () => {
    expect(action.runs).toEqual({ using: 'node24', main: 'dist/main.js' })
    expect(action.description.length).toBeLessThanOrEqual(125)
    expect(Object.keys(action.outputs)).toEqual(Object.keys(OUTPUTS))
  })

  test('the settings are those of the contract', () => {
    const contract = [
      ['command', 'deploy'],
      ['database-url'],
      ['staging-url'],
      ['migrations', 'migrations'],
      ['config', 'airlock.yml'],
      ['target'],
      ['role'],
      ['to'],
      ['only'],
      ['last-run', 'false'],
      ['on-failure', 'rollback'],
      ['undo', 'migration'],
      ['out-of-order', 'refuse'],
      ['fail-on-warning', 'false'],
      ['forbid-deletes', 'false'],
      ['allow-data-loss', 'false'],
      ['lock-timeout', '2s'],
      ['statement-timeout', '5min'],
      ['idle-in-transaction-timeout', '10min'],
      ['concurrent-timeout', '30min'],
      ['block-timeout', '5s'],
      ['retry-timeout', '2min'],
      ['run-lock-timeout', '1min'],
      ['plan-digest'],
      ['report'],
      ['summary'],
    ]
    expect(
      SETTING_NAMES.map((name) =>
        [name, settingOf(name).default].filter((part) => part !== undefined),
      ),
    ).toEqual(contract)
  })
})

describe('each setting', () => {
  test.each(SETTING_NAMES.filter((name) => name !== 'command' && name !== 'config'))(
    '%s is read alike as flag and as input',
    (name) => {
      const command =
        name === 'to' || name === 'only' || name === 'last-run' ? 'rollback' : 'deploy'
      const flags = parseArguments([command, `--${name}=${example(name)}`])
      const apart = parseArguments([command, `--${name}`, example(name)])
      const input = { command, [name]: example(name) }
      expect(flags.given).toEqual(input)
      expect(apart.given).toEqual(input)
      const airlock =
        name === 'target' ? parseAirlockFile('a.yml', 'targets: { some-target: {} }') : null
      const settings = resolveSettings({ given: input, airlock, env: {} })
      const defaults = resolveSettings({ given: { command }, airlock: null, env: {} })
      expect(settings).not.toEqual(defaults)
      expect(settings).toHaveProperty(property(name))
    },
  )

  test.each(namesInFile('file').filter((name) => name !== 'target'))(
    '%s is read alike in airlock.yml and in a target of it',
    (name) => {
      const line = `${name}: ${example(name)}`
      const settle = (yaml: string, target?: string) => {
        const given = target === undefined ? {} : { target }
        const airlock = parseAirlockFile('airlock.yml', yaml)
        return { ...resolveSettings({ given, airlock, env: {} }), target: undefined }
      }
      const given = { [name]: example(name) }
      const expected = resolveSettings({ given, airlock: null, env: {} })
      expect(settle(line)).toEqual(expected)
      expect(settle(`targets: { t: { ${line} } }`, 't')).toEqual(expected)
    },
  )

  test.each(SETTING_NAMES)('%s is in the table of the README with its default', (name) => {
    const row = settingsTable()
      .split('\n')
      .find((line) => line.startsWith(`| \`${name}\` |`))
    expect(row).toContain(settingOf(name).description)
    if (settingOf(name).default !== undefined)
      expect(row).toContain(`\`${settingOf(name).default}\``)
  })
})

describe('help', () => {
  test('names every command', () => {
    for (const command of COMMANDS) expect(helpText()).toMatch(new RegExp(`^ {2}${command} `, 'm'))
  })

  test.each(COMMANDS)('of %s names each of its flags, and no line is too long', (command) => {
    const help = helpText(command)
    const flags = [...help.matchAll(/^ {2}--([\w-]+)/gm)].map(([, name]) => name)
    expect(flags).toEqual(namesForCommand(command))
    for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  })

  test('of a command leaves out what serves others only', () => {
    expect(helpText('verify')).not.toContain('--last-run')
    expect(helpText('rollback')).toContain('--last-run')
  })
})

describe('schemas/airlock.schema.json', () => {
  test('is the one that the settings make (node scripts/contract.ts, then npm run format)', () => {
    expect(JSON.parse(read('schemas/airlock.schema.json'))).toEqual(JSON.parse(airlockJsonSchema()))
  })

  test('knows exactly the keys of the file and of a target, each described', () => {
    const schema = JSON.parse(airlockJsonSchema())
    expect(Object.keys(schema.properties)).toEqual([
      ...namesInFile('file'),
      ...SECTION_NAMES,
      'targets',
    ])
    const target = schema.properties.targets.additionalProperties
    expect(Object.keys(target.properties)).toEqual([...namesInFile('target'), ...SECTION_NAMES])
    expect([schema.additionalProperties, target.additionalProperties]).toEqual([false, false])
    for (const property of Object.values<{ description?: string }>(schema.properties)) {
      expect(property.description).toBeTruthy()
    }
  })
})

test('docs/checks.md is the one that the registry makes (npm run contract)', () => {
  expect(read('docs/checks.md')).toBe(checksReference())
})

describe('docs/airlock-yml.md', () => {
  test('is the one that the sections make (npm run contract)', () => {
    expect(read('docs/airlock-yml.md')).toBe(airlockReference())
  })

  test('has a row for each key of each section that the JSON Schema knows, with its meaning', () => {
    const rows = airlockReference()
      .split('\n')
      .filter((line) => line.startsWith('| `'))
    const written = rows.map((row) => /`([^`]+)`/.exec(row)?.[1])
    const { properties } = JSON.parse(airlockJsonSchema())
    const known = SECTION_NAMES.flatMap((name) => keyPaths(properties[name]))
    expect(written).toEqual(known)
    expect(rows.filter((row) => row.endsWith('|  |'))).toEqual([])
  })
})

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
}

/** The paths of all keys below a group, lists marked by []. */
function keyPaths({ properties = {} }: JsonSchema, path = ''): string[] {
  return Object.entries(properties).flatMap(([key, below]) => [
    `${path}${key}`,
    ...keyPaths(below, `${path}${key}.`),
    ...(below.items === undefined ? [] : keyPaths(below.items, `${path}${key}[].`)),
  ])
}

describe('README.md', () => {
  test.each([
    ['settings', settingsTable()],
    ['outputs', outputsTable()],
    ['outcomes', outcomeTable()],
  ])('has the table of %s as generated', (_, table) => {
    expect(read('README.md')).toContain(table)
  })
})
