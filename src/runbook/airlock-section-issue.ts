import type { z } from 'zod'
import { Refusal } from '../report/refusal.ts'
import type { Page } from './airlock-page.ts'
import { placeAt, refuseAt, writtenAt } from './airlock-page.ts'
import { optionFor, shapeOf, wantedOf } from './airlock-shape.ts'
import { kindOf, pathText, shortened } from './airlock-words.ts'
import { parseDuration } from './duration.ts'
import type { Complaint } from './gates/values.ts'
import { suggestion } from './nearest.ts'

type Issue = z.core.$ZodIssue

/** What is wrong with a value inside a section, in four parts. `found` is the value, `schema` what judged it. */
export function refuseSectionValue(
  issue: Issue,
  found: unknown,
  at: number,
  page: Page,
  schema: z.core.$ZodType,
): Refusal {
  const name = pathText(issue.path)
  const refuse = (parts: Complaint) => refuseAt(page, at, parts)
  if (issue.code === 'custom') {
    const { what, why, fix } = issue.params as unknown as Complaint
    return refuse({ what: `${name} ${what}`, why, fix })
  }
  const wanted = wantedOf(schema)
  const option = optionFor(schema, found)
  if (issue.code === 'invalid_key') {
    return refuse({
      what: `${pathText(issue.path.slice(0, -1))} has a key without a name`,
      why: 'Each entry is told by its name.',
      fix: 'Give it a name, or remove it.',
    })
  }
  if (found === undefined) {
    return refuse({
      what: `${name} is missing`,
      why: 'It has no default.',
      fix: `Add ${String(issue.path.at(-1))}: ${wanted}.`,
    })
  }
  if (found === null || found === '') {
    return refuse({
      what: `${name} has no value`,
      why: 'A key without a value says nothing, and could be a value that got lost.',
      fix: `Give it a value (${wanted}), or remove the key.`,
    })
  }
  if (issue.code === 'invalid_format') {
    const better = ofDuration(name, found, at, page, option)
    if (better !== null) return better
  }
  if (issue.code === 'too_small' && Array.isArray(found)) {
    return refuse({
      what: `${name} is an empty list`,
      why: 'An empty list says nothing, and could be one that got lost.',
      fix: 'Add an entry, or remove the section.',
    })
  }
  return refuse({
    what: `${name} is ${shown(found, option)}`,
    why: `It has to be ${wanted}.`,
    fix: cure(issue, found, page, option),
  })
}

/** parseDuration knows what is most often written instead: 5m, 30 seconds, a bare number. */
function ofDuration(
  name: string,
  found: unknown,
  at: number,
  page: Page,
  schema: z.core.$ZodType,
): Refusal | null {
  if (shapeOf(schema).meta.value !== 'duration') return null
  try {
    parseDuration(String(found), { name, ...placeAt(page, at) })
    return null
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

/** A text as it is written, unless it may be a secret; anything else by its kind. */
function shown(found: unknown, schema: z.core.$ZodType): string {
  const isOpen = typeof found === 'string' && shapeOf(schema).meta.secret !== true
  return isOpen ? `"${shortened(found)}"` : kindOf(found)
}

function cure(issue: Issue, found: unknown, page: Page, schema: z.core.$ZodType): string {
  const { def, meta } = shapeOf(schema)
  const key = String(issue.path.at(-1))
  if (def.type === 'enum' && typeof found === 'string') {
    return suggestion(found, Object.values(def.entries).map(String))
  }
  const isPlain = typeof found === 'number' || typeof found === 'boolean'
  if (def.type === 'string' && isPlain && meta.value === 'duration') {
    return typeof found === 'number'
      ? `Write ${key}: ${found}s for seconds, ${found}ms for milliseconds, ${found}min for minutes.`
      : `Write ${wantedOf(schema)}.`
  }
  if (meta.value === 'size') return 'The units are B, kB, MB, GB and TB (powers of 1024).'
  if (def.type === 'string' && isPlain) {
    return `Put it in quotes: ${typeof issue.path.at(-1) === 'number' ? '' : `${key}: `}"${writtenAt(page, issue.path) ?? String(found)}"`
  }
  if (def.type === 'array' && typeof found !== 'object') {
    return `Write it as a list: ${key}: [${shortened(String(found))}]`
  }
  if (def.type === 'object' && !Array.isArray(found)) {
    const keys = Object.keys(def.shape).map((name) => `${name}: …`)
    return `Write its keys below it, indented: ${keys.join(', ')}.`
  }
  return `Write ${wantedOf(schema)}.`
}
