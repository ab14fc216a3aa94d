/** Where a setting may be given: every one as action input and as flag, some in airlock.yml and in its targets too. */
export type SettingKind = 'text' | 'duration' | 'boolean' | 'choice'

export interface Setting {
  readonly kind: SettingKind
  readonly choices?: readonly string[]
  /** As one would write it; absent: nothing. */
  readonly default?: string
  /** One or two sentences, in Markdown that also reads as plain text. */
  readonly description: string
  /** 'run': of one run only, so input or flag. 'file': also in airlock.yml. 'target': also in its targets. */
  readonly scope: 'run' | 'file' | 'target'
  /** Commands that it serves; absent: all. */
  readonly commands?: readonly CommandName[]
  /** May hold a password: `${ENV}` is substituted, and it is masked everywhere. */
  readonly secret?: true
}

export const COMMANDS = ['plan', 'deploy', 'verify', 'rollback'] as const

export type CommandName = (typeof COMMANDS)[number]

/**
 * Every setting, once. action.yml, the command line and its help, airlock.yml with its JSON Schema and the README's table
 * come from here or are tested against it. The order is the order in which people read them.
 */
export const SETTINGS = {
  command: {
    kind: 'choice',
    choices: COMMANDS,
    default: 'deploy',
    scope: 'run',
    description:
      'What to do: `plan` shows what would happen, `deploy` migrates, `verify` checks what was applied, `rollback` undoes.',
  },
  'database-url': {
    kind: 'text',
    scope: 'target',
    secret: true,
    description:
      'Connection URL of the target. Without it `DATABASE_URL`, else the `PG*` variables of libpq are used.',
  },
  'staging-url': {
    kind: 'text',
    scope: 'target',
    secret: true,
    commands: ['plan', 'deploy'],
    description:
      'Connection URL of staging, which the target must resemble: versions of the server and of extensions are compared.',
  },
  migrations: {
    kind: 'text',
    default: 'migrations',
    scope: 'target',
    description: 'Folder of the migrations.',
  },
  config: {
    kind: 'text',
    default: 'airlock.yml',
    scope: 'run',
    description: 'The runbook file. The default is read only if it is there.',
  },
  target: {
    kind: 'text',
    scope: 'file',
    description: 'Name of the target in the runbook file whose settings apply.',
  },
  role: {
    kind: 'text',
    scope: 'target',
    description:
      'Role to become (`SET ROLE`) for the migrations, so that it owns what they create.',
  },
  to: {
    kind: 'text',
    scope: 'run',
    commands: ['plan', 'deploy', 'rollback'],
    description:
      'The version to end at: `rollback` undoes every newer migration, `plan` and `deploy` apply no newer one.',
  },
  only: {
    kind: 'text',
    scope: 'run',
    commands: ['rollback'],
    description:
      'Roll back this version alone; refused when a later migration needs what it created.',
  },
  'last-run': {
    kind: 'boolean',
    default: 'false',
    scope: 'run',
    commands: ['rollback'],
    description: 'Roll back everything that the last run applied.',
  },
  'on-failure': {
    kind: 'choice',
    choices: ['rollback', 'stop'],
    default: 'rollback',
    scope: 'target',
    commands: ['deploy'],
    description: 'When a migration fails: undo it, or stop and leave what Postgres has kept.',
  },
  undo: {
    kind: 'choice',
    choices: ['migration', 'run'],
    default: 'migration',
    scope: 'target',
    commands: ['deploy'],
    description:
      'What a failure undoes: the failed migration, or everything that this run applied.',
  },
  'out-of-order': {
    kind: 'choice',
    choices: ['refuse', 'allow'],
    default: 'refuse',
    scope: 'target',
    commands: ['plan', 'deploy'],
    description:
      'A pending migration that is older than the newest applied one: refuse or apply it.',
  },
  'fail-on-warning': {
    kind: 'boolean',
    default: 'false',
    scope: 'target',
    commands: ['deploy'],
    description: 'A WARNING that the server sends while a migration runs makes it fail.',
  },
  'forbid-deletes': {
    kind: 'boolean',
    default: 'false',
    scope: 'target',
    commands: ['deploy'],
    description: 'A migration that deletes rows fails, unless it declares `allow=data-loss`.',
  },
  'allow-data-loss': {
    kind: 'boolean',
    default: 'false',
    scope: 'target',
    commands: ['deploy', 'rollback'],
    description: 'Undoing may drop what holds data and go past committed row changes.',
  },
  'lock-timeout': {
    kind: 'duration',
    default: '2s',
    scope: 'target',
    description:
      'How long a transaction, or a statement outside one, may wait for locks in all before it gets out of the way and tries again.',
  },
  'statement-timeout': {
    kind: 'duration',
    default: '5min',
    scope: 'target',
    description: 'How long one statement may run.',
  },
  'idle-in-transaction-timeout': {
    kind: 'duration',
    default: '10min',
    scope: 'target',
    description: 'How long a transaction may stay open with nothing running in it.',
  },
  'concurrent-timeout': {
    kind: 'duration',
    default: '30min',
    scope: 'target',
    description:
      'Replaces lock and statement timeout for `CONCURRENTLY`, `VALIDATE CONSTRAINT` and `VACUUM`, which wait and scan without blocking.',
  },
  'block-timeout': {
    kind: 'duration',
    default: '5s',
    scope: 'target',
    commands: ['deploy', 'rollback'],
    description: 'How long a lock that a migration holds may keep the application waiting.',
  },
  'retry-timeout': {
    kind: 'duration',
    default: '2min',
    scope: 'target',
    commands: ['deploy', 'rollback'],
    description:
      'How long a migration goes on trying after a lock timeout, a deadlock or a serialization failure, pauses included.',
  },
  'run-lock-timeout': {
    kind: 'duration',
    default: '1min',
    scope: 'target',
    commands: ['deploy', 'rollback'],
    description: 'How long to wait for another run on the same database to end.',
  },
  'plan-digest': {
    kind: 'text',
    scope: 'run',
    commands: ['deploy'],
    description:
      'The digest that `plan` printed: `deploy` refuses to run anything but what was approved then.',
  },
  report: {
    kind: 'text',
    scope: 'target',
    description:
      'Where to write the JSON report. The action writes it to a temporary file by default, the command line only when asked.',
  },
  summary: {
    kind: 'text',
    scope: 'target',
    description:
      "Where to write the summary in Markdown, besides the job's summary. Default as for `report`.",
  },
} as const satisfies Readonly<Record<string, Setting>>

export type SettingName = keyof typeof SETTINGS

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[]

/** The setting of that name, as the common type. */
export function settingOf(name: SettingName): Setting {
  return SETTINGS[name]
}

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name)
}

/** Names that may stand in airlock.yml itself, or in one of its targets. */
export function namesInFile(scope: 'file' | 'target'): readonly SettingName[] {
  return SETTING_NAMES.filter((name) => {
    const allowed = settingOf(name).scope
    return allowed === 'target' || (scope === 'file' && allowed === 'file')
  })
}

/** Names that make sense for a command, `command` itself left out. */
export function namesForCommand(command: CommandName): readonly SettingName[] {
  return SETTING_NAMES.filter(
    (name) => name !== 'command' && (settingOf(name).commands?.includes(command) ?? true),
  )
}
