import { digestedSettings } from './digest.ts'

/** A digest taken apart. */
export interface ReadDigest {
  readonly whole: string
  readonly target: string
  readonly settings: string
  /** Short hash by version, in the order in which they would run. */
  readonly migrations: ReadonlyMap<string, string>
}

const PATTERN = /^airlock1\.([0-9a-f]{64})\.([0-9a-f]{8})\.([0-9a-f]{8})\.(none|\S+)$/
const MIGRATION = /^(\d[\d._]*)=([0-9a-f]{8})$/

/** Null for a text that is no digest of this edition: cut off, quoted, or something else. Blanks around it don't count. */
export function readDigest(text: string): ReadDigest | null {
  const [, whole, target, settings, list] = PATTERN.exec(text.trim()) ?? []
  if (whole === undefined || target === undefined || settings === undefined) return null
  const migrations = new Map<string, string>()
  if (list === 'none') return { whole, target, settings, migrations }
  for (const part of (list ?? '').split(',')) {
    const [, version, hash] = MIGRATION.exec(part) ?? []
    if (version === undefined || hash === undefined) return null
    migrations.set(version, hash)
  }
  return { whole, target, settings, migrations }
}

/**
 * What differs between the digest that was approved and that of what would run now, in sentences; empty when they are the same. Both have to be
 * digests: see `readDigest`.
 */
export function differenceOfDigests(approved: ReadDigest, actual: ReadDigest): readonly string[] {
  const sentences = [
    ...(approved.target === actual.target ? [] : ['Approved was another database.']),
    ...(approved.settings === actual.settings
      ? []
      : [
          `Settings differ: at least one of ${Object.values(digestedSettings).join(', ')} is not what it was.`,
        ]),
    ...migrationDifference(approved.migrations, actual.migrations),
  ]
  if (sentences.length > 0 || approved.whole === actual.whole) return sentences
  return ['The digests differ in a part that they do not name.']
}

type Migrations = ReadonlyMap<string, string>

function migrationDifference(approved: Migrations, actual: Migrations): string[] {
  const gone = [...approved.keys()].filter((version) => !actual.has(version))
  const common = [...approved.keys()].filter((version) => actual.has(version))
  const inOrder = [...actual.keys()].filter((version) => approved.has(version))
  return [
    ...gone.map((version) => `${version} was approved and is no longer pending.`),
    ...[...actual].flatMap(([version, hash]) => {
      const before = approved.get(version)
      if (before === undefined) return [`${version} was added: it was not approved.`]
      return before === hash ? [] : [`${version} was changed, or an earlier run has begun it.`]
    }),
    ...(common.join() === inOrder.join() ? [] : ['The order of the migrations was changed.']),
  ]
}
