import type { z } from 'zod'
import { Refusal } from '../report/refusal.ts'
import type { Page, Steps } from './airlock-page.ts'
import { endOffset, keyOffset, placeAt, refuseAt, valueOffset } from './airlock-page.ts'
import { airlockSchema } from './airlock-schema.ts'
import { refuseSectionValue } from './airlock-section-issue.ts'
import { keysOf, schemaBelow } from './airlock-shape.ts'
import { kindOf, pathText, valueAt } from './airlock-words.ts'
import { parseDuration } from './duration.ts'
import { SECTION_NAMES } from './gates/sections.ts'
import { suggestion } from './nearest.ts'
import { withoutPasswords } from './secrets.ts'
import type { SettingName } from './settings-table.ts'
import { isSettingName, settingOf } from './settings-table.ts'

type Issue = z.core.$ZodIssue

/**
 * The issue that stands first in the file; zod reports unknown keys last. What a group lacks counts as standing at its end: the key that is
 * missing may be there, misspelt.
 */
export function firstIssue(
  issues: readonly Issue[],
  value: unknown,
  page: Page,
): Issue | undefined {
  const offset = (issue: Issue) => offsetOfIssue(issue, valueAt(value, issue.path), page)
  return issues.flatMap(withoutUnions).sort((a, b) => offset(a) - offset(b))[0]
}

/** Where a union found one alternative of the right kind, that one's issues say what is wrong; else the union's own does. */
function withoutUnions(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const meant = issue.errors.find(
    (errors) =>
      errors.length > 0 &&
      errors.every(({ code, path }) => code !== 'invalid_type' || path.length > 0),
  )
  if (meant === undefined) return [issue]
  return meant.flatMap((inner) =>
    withoutUnions({ ...inner, path: [...issue.path, ...inner.path] } as Issue),
  )
}

function offsetOfIssue(issue: Issue, found: unknown, page: Page): number {
  if (issue.code === 'unrecognized_keys') {
    const offsets = issue.keys.map((key) => keyOffset(page, issue.path, key) ?? 0)
    return Math.min(...offsets)
  }
  if (found === undefined) return endOffset(page, issue.path.slice(0, -1))
  const ofGroup = issue.code === 'custom' && typeof found === 'object'
  return ofGroup ? endOffset(page, issue.path) : valueOffset(page, issue.path)
}

/** The issue as a refusal at its key or value. */
export function refuseIssue(issue: Issue, value: unknown, page: Page): Refusal {
  const { path } = issue
  const inTarget = path[0] === 'targets' && path.length >= 2
  if (issue.code === 'unrecognized_keys') {
    const keys = [...issue.keys].sort(
      (a, b) => (keyOffset(page, path, a) ?? 0) - (keyOffset(page, path, b) ?? 0),
    )
    return refuseKey(keys[0] ?? '', path, value, page)
  }
  const isKey = issue.code === 'invalid_key'
  const at =
    (isKey ? keyOffset(page, path.slice(0, -1), path.at(-1) ?? '') : null) ??
    valueOffset(page, path)
  const found = valueAt(value, path)
  if (path.length === 0 || (path[0] === 'targets' && path.length <= 2)) {
    return refuseAt(page, at, {
      what: `${path.length === 0 ? page.path : pathText(path)} is ${kindOf(found)}, not a list of keys with values`,
      why: 'Settings are written as `name: value`, one a line.',
      fix: `For instance: targets: { staging: { database-url: \${STAGING_URL} } }`,
    })
  }
  const name = String(path.at(-1))
  const isSetting = path.length === (inTarget ? 3 : 1) && isSettingName(name)
  return isSetting
    ? refuseValue(name, found, at, page)
    : refuseSectionValue(issue, found, at, page, schemaAt(path, value))
}

/** The schema that judges what stands at the steps. */
function schemaAt(steps: Steps, value: unknown): z.core.$ZodType {
  let schema: z.core.$ZodType = airlockSchema
  for (const [depth, step] of steps.entries()) {
    schema = schemaBelow(schema, step, valueAt(value, steps.slice(0, depth))) ?? schema
  }
  return schema
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

function refuseKey(key: string, steps: Steps, value: unknown, page: Page): Refusal {
  const at = keyOffset(page, steps, key) ?? 0
  const { where } = placeAt(page, at)
  const start = page.lines.lineStarts[where.line - 1] ?? 0
  // What follows an unknown key may be a secret (`password: …`): the excerpt ends with the key.
  const shown = withoutPasswords(page.source.slice(start, at)) + key
  const excerpt = `${shown}: …\n${' '.repeat(where.column - 1)}^`
  const known = keysOf(schemaAt(steps, value), valueAt(value, steps))
  const group =
    steps.length === 0
      ? page.path
      : steps[0] === 'targets' && steps.length === 2
        ? `the target ${String(steps[1])}`
        : pathText(steps)
  return new Refusal({
    where,
    excerpt,
    what: `${key} is not a key of ${group}`,
    ...misplaced(key, steps, known),
  })
}

/** Why a key may not stand there: it belongs elsewhere, or nowhere. */
function misplaced(
  key: string,
  steps: Steps,
  known: readonly string[],
): { readonly why: string; readonly fix: string } {
  const inFile = steps.length === 0
  const inTarget = steps[0] === 'targets' && steps.length === 2
  if (isSettingName(key) && settingOf(key).scope === 'run') {
    return {
      why: 'It belongs to one run, not to every run.',
      fix: `Give it as an action input or as --${key}.`,
    }
  }
  if (inTarget && isSettingName(key)) {
    return {
      why: 'It is the same for all targets.',
      fix: 'Move it out of the target to the top level, or give it as an input or flag.',
    }
  }
  const belongsAbove = isSettingName(key) || SECTION_NAMES.some((name) => name === key)
  if (!inFile && !inTarget && belongsAbove) {
    return {
      why: 'It belongs to the file or to a target, not to one of their sections.',
      fix: `Move ${key} to the top level: indent it less.`,
    }
  }
  return {
    why: 'A key that is not understood would silently do nothing.',
    fix: suggestion(key, known),
  }
}
