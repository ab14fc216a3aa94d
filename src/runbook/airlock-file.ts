import type { Place } from '../report/refusal.ts'
import { Refusal } from '../report/refusal.ts'
import { firstIssue, isRecord, refuseIssue } from './airlock-issue.ts'
import type { Page, Steps } from './airlock-page.ts'
import { placeAt, plainData, readPage, refuseAt, valueOffset } from './airlock-page.ts'
import { airlockSchema } from './airlock-schema.ts'
import { parseTimeout } from './duration.ts'
import { passwordsIn, withoutPasswords } from './secrets.ts'
import type { SettingName } from './settings-table.ts'
import { isSettingName, settingOf } from './settings-table.ts'

/** A value of airlock.yml as text, with the place to blame should it prove wrong later. */
export interface FileValue {
  readonly text: string
  readonly where: Place
  readonly excerpt: string
}

export type FileSettings = Readonly<Partial<Record<SettingName, FileValue>>>

/** airlock.yml, checked but for what needs the environment. */
export interface AirlockFile {
  readonly path: string
  readonly settings: FileSettings
  readonly targets: ReadonlyMap<string, FileSettings>
}

/**
 * Reads airlock.yml. Strict: what it doesn't know it refuses, with the nearest name that it does.
 *
 * @param path as it is to be named in refusals
 * @throws Refusal at file:line:column: YAML that doesn't parse, unknown or repeated keys, wrong types, a password, `${…}`
 * anywhere but in database-url
 */
export function parseAirlockFile(path: string, source: string): AirlockFile {
  try {
    return readFile(path, source)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    // A URL may stand where something else belongs, and would be quoted.
    const { what, fix } = error.parts
    throw new Refusal({ ...error.parts, what: withoutPasswords(what), fix: withoutPasswords(fix) })
  }
}

function readFile(path: string, source: string): AirlockFile {
  const page = readPage(path, source)
  const value = plainData(page)
  const judged = airlockSchema.safeParse(value)
  const issue = judged.success ? undefined : firstIssue(judged.error.issues, page)
  if (issue !== undefined) throw refuseIssue(issue, value, page)
  const targets = new Map<string, FileSettings>()
  for (const [name, target] of Object.entries(recordAt(value, 'targets'))) {
    targets.set(name, readSettings(page, ['targets', name], target))
  }
  return { path, settings: readSettings(page, [], value), targets }
}

function readSettings(page: Page, steps: Steps, group: unknown): FileSettings {
  const settings: Partial<Record<SettingName, FileValue>> = {}
  for (const [name, value] of Object.entries(isRecord(group) ? group : {})) {
    if (!isSettingName(name)) continue
    const at = valueOffset(page, [...steps, name])
    const { where, excerpt } = placeAt(page, at)
    settings[name] = { text: String(value), where, excerpt }
    judgeText(page, name, String(value), at)
  }
  return settings
}

function recordAt(value: unknown, key: string): Readonly<Record<string, unknown>> {
  const inner = isRecord(value) ? value[key] : undefined
  return isRecord(inner) ? inner : {}
}

/** What a type alone can't say: durations in range, no password, no `${…}` where it would not be replaced. */
function judgeText(page: Page, name: SettingName, text: string, at: number): void {
  const setting = settingOf(name)
  if (setting.kind === 'duration') parseTimeout(text, { name, ...placeAt(page, at) })
  if (setting.secret) {
    if (passwordsIn(text.replace(/\$\{[^}]*\}/g, '')).length === 0) return
    throw refuseAt(page, at, {
      what: `${name} holds a password`,
      why: `${page.path} is in the repository, and whoever can read it could then change the database.`,
      fix: `Put the URL into a secret, hand it over as an environment variable, and write ${name}: \${DATABASE_URL} (or \${…} in place of the password alone).`,
    })
  }
  if (/\$\{[^}]*\}/.test(text)) {
    throw refuseAt(page, at, {
      what: `${name} refers to an environment variable`,
      why: 'Only database-url is filled in from the environment; every other setting is the same for whoever reads the file.',
      fix: `Write the value itself, or give ${name} as an action input or flag.`,
    })
  }
}
