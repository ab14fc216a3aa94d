import { createHash } from 'node:crypto'
import { checksum } from '../runbook/checksum.ts'
import type { Settings } from '../runbook/types.ts'
import type { PlannedMigration, Step } from './types.ts'

/** What is put to a reviewer: a migration, and whether it runs from its beginning or goes on where an earlier run stopped. */
export interface DigestedMigration {
  readonly planned: Pick<
    PlannedMigration,
    'version' | 'name' | 'checksum' | 'files' | 'directives' | 'steps' | 'rollback'
  >
  readonly action: string
}

/** Which database it is: the cluster's system identifier (host and port where the role may not read it) and the database's name. */
export interface DigestedTarget {
  readonly systemIdentifier?: string
  readonly host: string
  readonly port: number
  readonly database: string
}

/** The settings that change what runs, or what is undone; timeouts only change how long it waits. */
export const digestedSettings = {
  role: 'role',
  onFailure: 'on-failure',
  undo: 'undo',
  failOnWarning: 'fail-on-warning',
  forbidDeletes: 'forbid-deletes',
  allowDataLoss: 'allow-data-loss',
} as const satisfies Partial<Record<keyof Settings, string>>

export type DigestedSettings = Pick<Settings, keyof typeof digestedSettings>

/** Said before everything else, and raised when what is digested changes. */
const edition = 'airlock1'

/**
 * One line of text that stands for exactly what would run: `airlock1.<SHA-256 of all>.<target>.<settings>.<version>=<hash>,…` (`none` where nothing
 * is pending). The SHA-256 decides; the short hashes (8 hex digits) are there so that a difference can be named. The same on every platform:
 * line endings, a byte order mark and paths don't count.
 */
export function planDigest(
  pending: readonly DigestedMigration[],
  target: DigestedTarget,
  settings: DigestedSettings,
): string {
  const parts = {
    target: hashOf(identityOf(target)),
    settings: hashOf(Object.keys(digestedSettings).map((key) => settingOf(settings, key))),
    migrations: pending.map((one) => [one.planned.version, hashOf(contentOf(one))] as const),
  }
  const list = parts.migrations.map(([version, hash]) => `${version}=${hash.slice(0, 8)}`)
  return [
    edition,
    hashOf([edition, parts]),
    parts.target.slice(0, 8),
    parts.settings.slice(0, 8),
    list.length === 0 ? 'none' : list.join(','),
  ].join('.')
}

function identityOf({ systemIdentifier, host, port, database }: DigestedTarget): readonly string[] {
  return [systemIdentifier ?? `${host}:${port}`, database]
}

function settingOf(settings: DigestedSettings, key: string): string {
  const value = settings[key as keyof DigestedSettings]
  return value === undefined ? '' : String(value)
}

/** Everything of a migration that runs: its scripts by their checksums, and its steps by their statements. */
function contentOf({ planned, action }: DigestedMigration): readonly unknown[] {
  const { version, name, files, directives, steps, rollback } = planned
  return [
    [version, name, action],
    planned.checksum,
    files.rollback === undefined ? null : checksum(files.rollback.text),
    files.verify === undefined ? null : checksum(files.verify.text),
    steps.map(stepOf),
    rollback?.steps.map(stepOf) ?? null,
    directives.rollback?.reason ?? null,
  ]
}

function stepOf({ kind, budget, statements, begin, ownTransaction, rollsBack }: Step): unknown[] {
  const texts = statements.map(({ statement: { text, copyData } }) => [
    checksum(text),
    copyData === null ? null : checksum(copyData),
  ])
  return [kind, budget, ownTransaction, begin ?? null, rollsBack ?? false, texts]
}

function hashOf(content: unknown): string {
  return createHash('sha256').update(JSON.stringify(content), 'utf8').digest('hex')
}
