import type { Place } from '../report/refusal.ts'
import { Refusal } from '../report/refusal.ts'
import { firstIssue, refuseIssue } from './airlock-issue.ts'
import type { Page, Steps } from './airlock-page.ts'
import { placeAt, plainData, readPage, valueOffset, writtenAt } from './airlock-page.ts'
import { airlockSchema } from './airlock-schema.ts'
import { mapValues } from './airlock-shape.ts'
import { refuseText } from './airlock-text.ts'
import { isRecord, valueAt } from './airlock-words.ts'
import { parseTimeout } from './duration.ts'
import type { SectionName } from './gates/sections.ts'
import { SECTION_NAMES } from './gates/sections.ts'
import { withoutPasswords } from './secrets.ts'
import type { SettingName } from './settings-table.ts'
import { isSettingName, settingOf } from './settings-table.ts'

/** A value of airlock.yml as text, with the place to blame should it prove wrong later. */
export interface FileValue {
  readonly text: string
  readonly where: Place
  readonly excerpt: string
}

export type FileSettings = Readonly<Partial<Record<SettingName, FileValue>>>

/** One section as plain data, `${NAME}` not yet filled in. */
export interface FileSection {
  readonly data: unknown
  /** Where a value of it stands; `steps` begin inside the section. */
  placeOf(steps: Steps): { readonly where: Place; readonly excerpt: string }
}

export type FileSections = Readonly<Partial<Record<SectionName, FileSection>>>

/** airlock.yml, checked but for what needs the environment. */
export interface AirlockFile {
  readonly path: string
  readonly settings: FileSettings
  readonly sections: FileSections
  readonly targets: ReadonlyMap<string, FileSettings>
  readonly targetSections: ReadonlyMap<string, FileSections>
}

/**
 * Reads airlock.yml. Strict: what it doesn't know it refuses, with the nearest name that it does.
 *
 * @param path as it is to be named in refusals
 * @throws Refusal at file:line:column: YAML that doesn't parse, unknown or repeated keys, wrong types, values out of range, a password,
 * `${…}` where no secret belongs
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
  const value = mapValues(airlockSchema, plainData(page), (inner, { value: kind }, steps) =>
    kind === 'version' && typeof inner === 'number' ? writtenAt(page, steps) : inner,
  )
  const judged = airlockSchema.safeParse(value)
  const issue = judged.success ? undefined : firstIssue(judged.error.issues, value, page)
  if (issue !== undefined) throw refuseIssue(issue, value, page)
  refuseTexts(page, value)
  const names = Object.keys(recordAt(value, 'targets'))
  const below = (name: string) => valueAt(value, ['targets', name])
  return {
    path,
    settings: readSettings(page, [], value),
    sections: readSections(page, [], value),
    targets: new Map(
      names.map((name) => [name, readSettings(page, ['targets', name], below(name))]),
    ),
    targetSections: new Map(
      names.map((name) => [name, readSections(page, ['targets', name], below(name))]),
    ),
  }
}

function readSettings(page: Page, steps: Steps, group: unknown): FileSettings {
  const settings: Partial<Record<SettingName, FileValue>> = {}
  for (const [name, value] of Object.entries(isRecord(group) ? group : {})) {
    if (!isSettingName(name)) continue
    const place = placeAt(page, valueOffset(page, [...steps, name]))
    settings[name] = { text: String(value), ...place }
    if (settingOf(name).kind === 'duration') parseTimeout(String(value), { name, ...place })
  }
  return settings
}

function readSections(page: Page, steps: Steps, group: unknown): FileSections {
  const sections: Partial<Record<SectionName, FileSection>> = {}
  for (const name of SECTION_NAMES) {
    const data = isRecord(group) ? group[name] : undefined
    if (data === undefined) continue
    sections[name] = {
      data,
      placeOf: (inner) => placeAt(page, valueOffset(page, [...steps, name, ...inner])),
    }
  }
  return sections
}

function recordAt(value: unknown, key: string): Readonly<Record<string, unknown>> {
  const inner = isRecord(value) ? value[key] : undefined
  return isRecord(inner) ? inner : {}
}

/** Every text of the file; the first in it that holds what it may not is refused. */
function refuseTexts(page: Page, value: unknown): void {
  mapValues(airlockSchema, value, (text, meta, steps) => {
    const refusal = typeof text === 'string' ? refuseText(page, steps, text, meta) : null
    if (refusal !== null) throw refusal
    return text
  })
}
