import type { Place } from '../report/refusal.ts'
import { Refusal } from '../report/refusal.ts'

/** What a duration stands for and where it was written, for the refusal. */
export interface DurationContext {
  /** Name of the setting or directive: 'lock-timeout'. */
  readonly name: string
  readonly where?: Place
  readonly excerpt?: string
}

/** The units of Postgres's own settings, in milliseconds. */
export const UNITS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

const MEANT: Readonly<Record<string, string>> = {
  m: 'min',
  mins: 'min',
  minute: 'min',
  minutes: 'min',
  sec: 's',
  secs: 's',
  second: 's',
  seconds: 's',
  msec: 'ms',
  millisecond: 'ms',
  milliseconds: 'ms',
  hr: 'h',
  hrs: 'h',
  hour: 'h',
  hours: 'h',
  day: 'd',
  days: 'd',
}

/** What a duration looks like: for the JSON Schema of airlock.yml. */
export const DURATION_PATTERN = /^\s*\d+(\.\d+)?\s*(us|ms|s|min|h|d)\s*$/

/** The largest value of Postgres's timeouts: an int of milliseconds, nearly 25 days. */
const LARGEST_TIMEOUT = 2_147_483_647

/**
 * '2s' → 2000. Milliseconds, rounded up to whole ones. A number without a unit is refused: Postgres would read it as
 * milliseconds, people mean seconds.
 */
export function parseDuration(text: string, context: DurationContext = NAMELESS): number {
  const parts = /^\s*(\d+(?:\.\d+)?)\s*(\D*?)\s*$/.exec(text)
  const amount = parts?.[1]
  const unit = parts?.[2] ?? ''
  if (amount === undefined) {
    throw malformed(text, context, `Write a number and a unit: 500ms, 2s, 5min, 1h, 7d.`)
  }
  const factor = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined
  if (factor !== undefined) return Math.ceil(Number((Number(amount) * factor).toFixed(6)))
  if (unit === '') {
    throw new Refusal({
      ...blame(context),
      what: `${context.name} is the bare number ${text.trim()}, which says no unit`,
      why: 'Postgres would read it as milliseconds, most people mean seconds.',
      fix: `Write ${amount}s for seconds, ${amount}ms for milliseconds, ${amount}min for minutes.`,
    })
  }
  const lower = unit.toLowerCase()
  const meant = Object.hasOwn(UNITS, lower) ? lower : MEANT[lower]
  throw malformed(
    text,
    context,
    meant === undefined
      ? 'The units are those of Postgres: us, ms, s, min, h, d.'
      : `Write ${amount}${meant}: the units are those of Postgres (us, ms, s, min, h, d).`,
  )
}

/**
 * A duration that Postgres takes as a timeout: in milliseconds, never 0 (which would switch the timeout off and let a
 * statement wait in front of the application for ever).
 */
export function parseTimeout(text: string, context: DurationContext = NAMELESS): number {
  const milliseconds = parseDuration(text, context)
  if (milliseconds === 0) {
    throw new Refusal({
      ...blame(context),
      what: `${context.name} is 0`,
      why: 'To Postgres 0 means no timeout at all: a migration could then block the application without end.',
      fix: `Give the longest time that you can accept, such as 30s or 10min.`,
    })
  }
  if (milliseconds > LARGEST_TIMEOUT) {
    throw malformed(
      text,
      context,
      'The longest timeout of Postgres is 2147483647ms, nearly 25 days.',
    )
  }
  return milliseconds
}

/** For people: 350 → '350ms', 1500 → '1.5s', 90000 → '1min 30s', 604800000 → '7d'. */
export function formatDuration(milliseconds: number): string {
  const total = Math.max(0, Math.round(milliseconds))
  if (total < 1000) return `${total}ms`
  if (total < 10_000) return `${Number((total / 1000).toFixed(1))}s`
  let left = Math.round(total / 1000)
  const words: string[] = []
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(left / seconds)
    left -= count * seconds
    if (count > 0) words.push(`${count}${unit}`)
  }
  return words.slice(0, 2).join(' ')
}

/** As SHOW prints a timeout: the largest unit that divides it: 90000 → '90s', 300000 → '5min', 0 → '0'. */
export function postgresDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0'
  for (const unit of ['d', 'h', 'min', 's'] as const) {
    const factor = UNITS[unit] ?? 1
    if (milliseconds % factor === 0) return `${milliseconds / factor}${unit}`
  }
  return `${milliseconds}ms`
}

const NAMELESS: DurationContext = { name: 'the duration' }

function blame(context: DurationContext): { where?: Place; excerpt?: string } {
  return {
    ...(context.where === undefined ? {} : { where: context.where }),
    ...(context.excerpt === undefined ? {} : { excerpt: context.excerpt }),
  }
}

function malformed(text: string, context: DurationContext, fix: string): Refusal {
  return new Refusal({
    ...blame(context),
    what: `${context.name} is "${text}", which is not a duration`,
    why: 'A duration is a number followed by a unit.',
    fix,
  })
}
