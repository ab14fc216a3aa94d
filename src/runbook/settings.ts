import type { Place } from '../report/refusal.ts'
import { Refusal } from '../report/refusal.ts'
import type { AirlockFile, FileSettings } from './airlock-file.ts'
import { parseTimeout } from './duration.ts'
import { fillIn } from './environment-text.ts'
import { suggestion } from './nearest.ts'
import type { SettingName } from './settings-table.ts'
import { COMMANDS, SETTING_NAMES, settingOf } from './settings-table.ts'
import type { Settings } from './types.ts'
import { parseVersion } from './version.ts'

/** Inputs of the action or flags of the command line, as text. An empty one counts as missing. */
export type Given = Readonly<Record<string, string | undefined>>

export interface SettingSources {
  readonly given: Given
  /** null where there is no runbook file. */
  readonly airlock: AirlockFile | null
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Which file to read as the runbook, and whether its absence is to be refused. */
export function runbookFile(given: Given): { readonly path: string; readonly required: boolean } {
  const path = present(given.config)
  return { path: path ?? settingOf('config').default ?? '', required: path !== undefined }
}

/**
 * All settings of a run: input or flag > target's override > file > default. Pure; durations in milliseconds.
 *
 * @throws Refusal for a value that can't be read, a target that isn't there, a missing environment variable of the chosen
 * target, and settings that contradict each other
 */
export function resolveSettings(sources: SettingSources): Settings {
  const values = collect(sources)
  const command = readChoice('command', COMMANDS, values)
  const settings: Settings = {
    command,
    databaseUrl: readUrl('database-url', values, sources.env) ?? present(sources.env.DATABASE_URL),
    stagingUrl: serves('staging-url', command)
      ? readUrl('staging-url', values, sources.env)
      : undefined,
    migrations: text('migrations', values) ?? 'migrations',
    target: text('target', values),
    role: text('role', values),
    to: readVersion('to', values),
    only: readVersion('only', values),
    lastRun: readBoolean('last-run', values),
    onFailure: readChoice('on-failure', ['rollback', 'stop'], values),
    undo: readChoice('undo', ['migration', 'run'], values),
    outOfOrder: readChoice('out-of-order', ['refuse', 'allow'], values),
    failOnWarning: readBoolean('fail-on-warning', values),
    forbidDeletes: readBoolean('forbid-deletes', values),
    allowDataLoss: readBoolean('allow-data-loss', values),
    lockTimeout: readTimeout('lock-timeout', values),
    statementTimeout: readTimeout('statement-timeout', values),
    idleInTransactionTimeout: readTimeout('idle-in-transaction-timeout', values),
    concurrentTimeout: readTimeout('concurrent-timeout', values),
    blockTimeout: readTimeout('block-timeout', values),
    retryTimeout: readTimeout('retry-timeout', values),
    runLockTimeout: readTimeout('run-lock-timeout', values),
    planDigest: text('plan-digest', values),
    report: text('report', values),
    summary: text('summary', values),
  }
  refuseContradictions(settings, values)
  return settings
}

type Origin = 'given' | 'target' | 'file' | 'default'

interface Value {
  readonly text: string
  readonly origin: Origin
  readonly where?: Place
  readonly excerpt?: string
}

type Values = ReadonlyMap<SettingName, Value>

function collect({ given, airlock }: SettingSources): Values {
  const values = new Map<SettingName, Value>()
  for (const name of SETTING_NAMES) {
    const { default: text } = settingOf(name)
    if (text !== undefined) values.set(name, { text, origin: 'default' })
  }
  const layer = (settings: FileSettings, origin: Origin): void => {
    for (const name of SETTING_NAMES) {
      const value = settings[name]
      if (value !== undefined) values.set(name, { ...value, origin })
    }
  }
  if (airlock !== null) layer(airlock.settings, 'file')
  const givenTarget = present(given.target)
  if (givenTarget !== undefined) values.set('target', { text: givenTarget, origin: 'given' })
  const target = values.get('target')
  if (target !== undefined) layer(targetSettings(target, airlock), 'target')
  for (const name of SETTING_NAMES) {
    const text = present(given[name])
    if (text !== undefined) values.set(name, { text, origin: 'given' })
  }
  return values
}

function targetSettings(target: Value, airlock: AirlockFile | null): FileSettings {
  const settings = airlock?.targets.get(target.text)
  if (settings !== undefined) return settings
  const names = [...(airlock?.targets.keys() ?? [])]
  throw new Refusal({
    ...blame(target),
    what: `There is no target "${target.text}"`,
    why:
      airlock === null
        ? 'Targets are described in airlock.yml, and no such file was found.'
        : names.length === 0
          ? `${airlock.path} describes no targets.`
          : `${airlock.path} describes ${names.join(', ')}.`,
    fix:
      names.length === 0
        ? `Add it to airlock.yml, for instance: targets: { ${target.text}: { database-url: \${DATABASE_URL} } }, or leave target out.`
        : suggestion(target.text, names),
  })
}

/** What a command doesn't use need not be there: a secret of the deployment is no business of `verify`. */
function serves(name: SettingName, command: Settings['command']): boolean {
  return settingOf(name).commands?.includes(command) ?? true
}

/** The chosen URL with its `${ENV}` filled in; undefined where none is written. */
function readUrl(name: SettingName, values: Values, env: SettingSources['env']) {
  const value = values.get(name)
  if (value === undefined || value.origin === 'given') return value?.text
  return fillIn(value.text, env, {
    name,
    ...blame(value),
    otherwise: `give ${name} as an input`,
  }).text
}

function text(name: SettingName, values: Values): string | undefined {
  return values.get(name)?.text
}

function readTimeout(name: SettingName, values: Values): number {
  const value = values.get(name) ?? { text: '', origin: 'default' }
  return parseTimeout(value.text, { name, ...blame(value) })
}

function readBoolean(name: SettingName, values: Values): boolean {
  const value = values.get(name)
  const written = value?.text.toLowerCase()
  if (value === undefined || written === 'false') return false
  if (written === 'true') return true
  throw new Refusal({
    ...blame(value),
    what: `${name} is "${value.text}"`,
    why: 'It has to be true or false.',
    fix: `Write ${name}: true or ${name}: false.`,
  })
}

function readChoice<Choice extends string>(
  name: SettingName,
  choices: readonly Choice[],
  values: Values,
): Choice {
  const value = values.get(name) ?? { text: '', origin: 'default' }
  const choice = choices.find((each) => each === value.text)
  if (choice !== undefined) return choice
  throw new Refusal({
    ...blame(value),
    what: `${name} is "${value.text}"`,
    why: `It has to be one of ${choices.join(', ')}.`,
    fix: suggestion(value.text, choices),
  })
}

function readVersion(name: SettingName, values: Values): string | undefined {
  const value = values.get(name)
  if (value === undefined || parseVersion(value.text) !== null) return value?.text
  throw new Refusal({
    ...blame(value),
    what: `${name} is "${value.text}", which is not a version`,
    why: 'A version is what a migration file begins with: digits, in groups parted by . or _.',
    fix: 'Write the version alone, such as 20250115120000, without the name of the migration.',
  })
}

function refuseContradictions(settings: Settings, values: Values): void {
  const chosen = (
    [
      ['to', settings.to !== undefined],
      ['only', settings.only !== undefined],
      ['last-run', settings.lastRun],
    ] as const
  ).flatMap(([name, isGiven]) => (isGiven ? [name] : []))
  const [first, second] = chosen
  const unfit = chosen.find((name) => !settingOf(name).commands?.includes(settings.command))
  if (unfit !== undefined) {
    const served = settingOf(unfit).commands ?? []
    throw new Refusal({
      what: `${unfit} is given with the command ${settings.command}`,
      why: `Only ${served.join(', ')} ${served.length === 1 ? 'does' : 'do'} something with it.`,
      fix: `Remove ${unfit}, or set command to ${served.join(' or ')}.`,
    })
  }
  if (first !== undefined && second !== undefined) {
    throw new Refusal({
      what: `${chosen.join(' and ')} are given together`,
      why: 'Each of them says alone what to roll back.',
      fix: 'Keep one. Without any, the last migration is rolled back.',
    })
  }
  const onFailure = values.get('on-failure')
  const undo = values.get('undo')
  if (
    settings.onFailure === 'stop' &&
    undo?.origin !== 'default' &&
    undo?.origin === onFailure?.origin
  ) {
    throw new Refusal({
      ...(onFailure && blame(onFailure)),
      what: `on-failure is stop, and undo is ${settings.undo}`,
      why: 'With stop nothing is undone, so undo would mean nothing.',
      fix: 'Remove undo, or set on-failure to rollback.',
    })
  }
  if (settings.report !== undefined && settings.report === settings.summary) {
    throw new Refusal({
      what: `report and summary are both ${settings.report}`,
      why: 'One would overwrite the other.',
      fix: 'Give each a path of its own.',
    })
  }
}

function blame(value: Value): { readonly where?: Place; readonly excerpt?: string } {
  return value.where === undefined
    ? {}
    : { where: value.where, ...(value.excerpt !== undefined && { excerpt: value.excerpt }) }
}

function present(text: string | undefined): string | undefined {
  const trimmed = text?.trim()
  return trimmed === '' ? undefined : trimmed
}
