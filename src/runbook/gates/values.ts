import { z } from 'zod'
import { DURATION_PATTERN, parseDuration } from '../duration.ts'

/** Building blocks of airlock.yml's sections: written for people, read as plain numbers. */

/** A refusal of what only several keys together, or a closer look, can show: thrown with file, line and column by airlock-issue.ts. */
export interface Complaint {
  readonly what: string
  readonly why: string
  readonly fix: string
}

/** An issue for a schema's own `check`: `path` from the checked value to what is to blame. */
export function complaint(input: unknown, parts: Complaint, path: readonly PropertyKey[] = []) {
  return { code: 'custom' as const, input, path: [...path], params: { ...parts } }
}

/** setTimeout() and Postgres's timeouts are ints of milliseconds: more would be no time at all. */
const LONGEST = 2_147_483_647

/**
 * '5min' → 300000: milliseconds. `otherwise` is the default, as one would write it; `least` says whether no time at all means something
 * ('observe-for: 0s') or would switch a limit off.
 */
export function duration(
  otherwise: string,
  least?: 'any' | 'some',
): z.ZodType<number, string | undefined>
export function duration(
  otherwise?: undefined,
  least?: 'any' | 'some',
): z.ZodType<number | undefined, string | undefined>
export function duration(
  otherwise?: string,
  least: 'any' | 'some' = 'any',
): z.ZodType<number | undefined, string | undefined> {
  const value = z
    .string()
    .regex(DURATION_PATTERN)
    .meta({ value: 'duration' })
    .check((context) => {
      const milliseconds = DURATION_PATTERN.test(context.value) ? parseDuration(context.value) : 1
      if (milliseconds > LONGEST) {
        context.issues.push(
          complaint(context.value, {
            what: `is ${context.value.trim()}`,
            why: 'The longest time that can be waited for is 2147483647ms, nearly 25 days.',
            fix: 'Give a shorter time.',
          }),
        )
      } else if (milliseconds === 0 && least === 'some') {
        context.issues.push(
          complaint(context.value, {
            what: 'is 0',
            why: 'Nothing could be done in no time.',
            fix: `Give the longest time that you can accept, such as ${otherwise ?? '30s'}.`,
          }),
        )
      }
    })
    .transform((text) => parseDuration(text))
  return otherwise === undefined
    ? value.optional()
    : value
        .optional()
        .transform((milliseconds) => milliseconds ?? parseDuration(otherwise))
        .meta({ default: otherwise })
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

/** A secret that is a connection URL (or keyword/value string): its password is masked, host and database are not. */
export const connectionText = secretText.meta({ secret: true, value: 'connection' })

/** Text in which `$` belongs to somebody else: a shell command, a pattern, SQL. Nothing is filled in. */
export const foreignText = z.string().min(1).meta({ literal: true })

export const text = z.string().min(1)

/** A regular expression as JavaScript writes it. */
export const pattern = foreignText.check((context) => {
  try {
    new RegExp(context.value)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const reason = message.replace(/^Invalid regular expression: /, '')
    context.issues.push(
      complaint(context.value, {
        what: `is not a regular expression: ${reason}`,
        why: 'Regular expressions are read as JavaScript reads them.',
        fix: 'Correct it; what is meant literally gets a backslash: \\( \\[ \\. \\*',
      }),
    )
  }
})

const NUMBERS = String.raw`\d+(\.\d+){0,2}`

/** '15', '15.4', '15 - 17', '>= 15.4', 'staging'. A number in YAML is taken as it is written, so that 15.10 stays 15.10. */
export const serverVersion = z
  .string()
  .regex(
    new RegExp(`^\\s*(staging|((>=|<=|>|<|=)\\s*)?${NUMBERS}|${NUMBERS}\\s+-\\s+${NUMBERS})\\s*$`),
  )
  .meta({ value: 'version', form: 'a version such as 15, 15.4, "15 - 17", ">= 15", or staging' })

/** 'any', '1.6', '>= 1.6', 'staging'. Extensions name their versions as they like, so long as there is a number. */
export const extensionVersion = z
  .string()
  .regex(/^\s*(any|staging|((>=|<=|>|<|=)\s*)?\d[\w.+-]*)\s*$/)
  .meta({ value: 'version', form: 'any, a version such as 1.6 or ">= 1.6", or staging' })

/**
 * The same group of keys, of which exactly one of `names` has to be there.
 *
 * @param what as a refusal calls the group: 'a smoke check'
 */
export function exactlyOneOf<Shape extends z.core.$ZodLooseShape>(
  group: z.ZodObject<Shape, z.core.$strict>,
  what: string,
  names: readonly (keyof Shape & string)[],
): z.ZodObject<Shape, z.core.$strict> {
  const all = `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
  return group
    .check((context) => {
      const given = names.filter(
        (name) => (context.value as Readonly<Record<string, unknown>>)[name] !== undefined,
      )
      if (given.length === 1) return
      const [, second] = given
      context.issues.push(
        complaint(
          context.value,
          {
            what: given.length === 0 ? `has none of ${all}` : `has ${given.join(' and ')}`,
            why: `${what} is exactly one of ${all}.`,
            fix: given.length === 0 ? `Add one of them.` : `Keep one of them.`,
          },
          second === undefined ? [] : [second],
        ),
      )
    })
    .meta({ oneOf: names.map((name) => ({ required: [name] })) })
}
