import type { z } from 'zod'
import { Refusal } from '../report/refusal.ts'
import type { Page, Steps } from './airlock-page.ts'
import { keyOffset, placeAt, refuseAt, valueOffset } from './airlock-page.ts'
import { parseDuration } from './duration.ts'
import { suggestion } from './nearest.ts'
import { withoutPasswords } from './secrets.ts'
import type { SettingName } from './settings-table.ts'
import { isSettingName, namesInFile, settingOf } from './settings-table.ts'

/** The issue that stands first in the file; zod reports unknown keys last. */
export function firstIssue(
  issues: readonly z.core.$ZodIssue[],
  page: Page,
): z.core.$ZodIssue | undefined {
  return [...issues].sort((a, b) => offsetOfIssue(a, page) - offsetOfIssue(b, page))[0]
}

function offsetOfIssue(issue: z.core.$ZodIssue, page: Page): number {
  if (issue.code === 'unrecognized_keys') {
    const offsets = issue.keys.map((key) => keyOffset(page, issue.path, key) ?? 0)
    return Math.min(...offsets)
  }
  return valueOffset(page, issue.path)
}

/** The issue as a refusal at its key or value. */
export function refuseIssue(issue: z.core.$ZodIssue, value: unknown, page: Page): Refusal {
  const inTarget = issue.path[0] === 'targets' && issue.path.length >= 2
  if (issue.code === 'unrecognized_keys') {
    const keys = [...issue.keys].sort(
      (a, b) => (keyOffset(page, issue.path, a) ?? 0) - (keyOffset(page, issue.path, b) ?? 0),
    )
    return refuseKey(keys[0] ?? '', issue.path, inTarget, page)
  }
  const at = valueOffset(page, issue.path)
  const name = String(issue.path.at(-1) ?? '')
  const found = issue.path.reduce<unknown>(
    (inner, step) => (isRecord(inner) ? inner[String(step)] : undefined),
    value,
  )
  if (!isSettingName(name) || (issue.path.length === 2 && !inTarget) || issue.path.length === 0) {
    const what = issue.path.length === 0 ? page.path : issue.path.join('.')
    return refuseAt(page, at, {
      what: `${what} is ${kindOf(found)}, not a list of keys with values`,
      why: 'Settings are written as `name: value`, one a line.',
      fix: `For instance: targets: { staging: { database-url: \${STAGING_URL} } }`,
    })
  }
  return refuseValue(name, found, at, page)
}

function refuseValue(name: SettingName, found: unknown, at: number, page: Page): Refusal {
  const setting = settingOf(name)
  const place = placeAt(page, at)
  if (found === null || found === '') {
    return refuseAt(page, at, {
      what: `${name} has no value`,
      why: 'A key without a value says nothing, and could be a value that got lost.',
      fix: `Give it a value, or remove the key${setting.default === undefined ? '' : ` to get the default, ${setting.default}`}.`,
    })
  }
  if (setting.kind === 'duration' && (typeof found === 'string' || typeof found === 'number')) {
    try {
      parseDuration(String(found), { name, ...place })
    } catch (error) {
      if (error instanceof Refusal) return error
      throw error
    }
  }
  const wanted =
    setting.kind === 'boolean'
      ? 'true or false'
      : setting.kind === 'choice'
        ? (setting.choices ?? []).join(' or ')
        : setting.kind === 'duration'
          ? 'a duration such as 2s or 5min'
          : 'text'
  const shown = typeof found === 'string' && !setting.secret ? `"${found}"` : kindOf(found)
  return refuseAt(page, at, {
    what: `${name} is ${shown}`,
    why: `It has to be ${wanted}.`,
    fix:
      setting.kind === 'text' && (typeof found === 'number' || typeof found === 'boolean')
        ? `Put it in quotes: ${name}: "${String(found)}"`
        : setting.kind === 'choice' && typeof found === 'string'
          ? suggestion(found, setting.choices ?? [])
          : `Write ${wanted}.`,
  })
}

function refuseKey(key: string, steps: Steps, inTarget: boolean, page: Page): Refusal {
  const known = [...namesInFile(inTarget ? 'target' : 'file'), ...(inTarget ? [] : ['targets'])]
  const at = keyOffset(page, steps, key) ?? 0
  const { where } = placeAt(page, at)
  const start = page.lines.lineStarts[where.line - 1] ?? 0
  // What follows an unknown key may be a secret (`password: …`): the excerpt ends with the key.
  const shown = withoutPasswords(page.source.slice(start, at)) + key
  const excerpt = `${shown}: …\n${' '.repeat(where.column - 1)}^`
  const belongsToRun = isSettingName(key) && !inTarget
  return new Refusal({
    where,
    excerpt,
    what: `${key} is not a key of ${inTarget ? `the target ${String(steps[1])}` : page.path}`,
    why: isSettingName(key)
      ? belongsToRun
        ? 'It belongs to one run, not to every run.'
        : 'It is the same for all targets.'
      : 'A key that is not understood would silently do nothing.',
    fix: isSettingName(key)
      ? belongsToRun
        ? `Give it as an action input or as --${key}.`
        : 'Move it out of the target to the top level, or give it as an input or flag.'
      : suggestion(key, known),
  })
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a group of keys'
  if (typeof value === 'string') return 'text'
  return typeof value === 'number' ? `the number ${value}` : String(value)
}
