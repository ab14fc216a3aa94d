import { z } from 'zod'
import { DURATION_PATTERN, parseDuration } from '../duration.ts'

/** Building blocks of airlock.yml's sections: written for people, read as plain numbers. */

/** '5min' → 300000: milliseconds. `otherwise` is the default, as one would write it. */
export function duration(otherwise: string): z.ZodType<number, string | undefined>
export function duration(): z.ZodType<number | undefined, string | undefined>
export function duration(otherwise?: string): z.ZodType<number | undefined, string | undefined> {
  const value = z
    .string()
    .regex(DURATION_PATTERN)
    .meta({ value: 'duration' })
    .transform((text) => parseDuration(text))
  return otherwise === undefined
    ? value.optional()
    : value.optional().transform((milliseconds) => milliseconds ?? parseDuration(otherwise))
}

const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 2 ** 10,
  MB: 2 ** 20,
  GB: 2 ** 30,
  TB: 2 ** 40,
}

/** The units of pg_size_pretty() and of Postgres's own settings: powers of 1024. */
export const SIZE_PATTERN = /^\s*\d+(\.\d+)?\s*(B|kB|MB|GB|TB)\s*$/

/** '20GB' → bytes. */
export function size() {
  return z
    .string()
    .regex(SIZE_PATTERN)
    .meta({ value: 'size' })
    .transform((text) => {
      const unit = SIZE_PATTERN.exec(text)?.[2] ?? 'B'
      return Math.ceil(Number.parseFloat(text) * (BYTES[unit] ?? 1))
    })
}

/** What a problem does: refuse the deployment, be told, or not be looked for. */
export const severity = z.enum(['fail', 'warn', 'off'])
export type Severity = z.output<typeof severity>

/** Text that may hold `${NAME}` of an environment variable, filled in for the chosen target only, and masked. */
export const secretText = z.string().min(1).meta({ secret: true })

/** Text in which `$` belongs to somebody else: a shell command, a pattern, SQL. Nothing is filled in. */
export const foreignText = z.string().min(1).meta({ literal: true })

export const text = z.string().min(1)
