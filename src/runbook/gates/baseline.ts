import { z } from 'zod'
import { duration, exactlyOneOf, foreignText, pattern, text } from './values.ts'

export const baselineSchema = z.strictObject({
  rows: z
    .array(text)
    .describe(
      'Tables whose rows are counted, besides those that the migrations touch; names as in SQL.',
    )
    .default([]),
  probes: z
    .array(
      z.strictObject({
        name: text.describe('As the report calls it.'),
        sql: foreignText.describe('A query that returns one value.'),
      }),
    )
    .describe('Single values before and after: `SELECT max("updatedAt") FROM "Recipe"`.')
    .default([]),
  queries: text.describe('A file of queries whose results are kept before and after.').optional(),
  'top-statements': z
    .int()
    .min(0)
    .max(100)
    .describe('How many of pg_stat_statements’ slowest are kept.')
    .default(10),
  budget: duration('10s').describe(
    'Time for exact counts; what exceeds it is estimated, and marked as such.',
  ),
})

export const logsSchema = exactlyOneOf(
  z.strictObject({
    file: text.describe('Log file of the application.').optional(),
    command: foreignText
      .describe('Command that prints the log since `AIRLOCK_SINCE` (ISO time).')
      .optional(),
    patterns: z
      .array(pattern)
      .describe('Regular expressions of lines that count as errors.')
      .default(['database|constraint|foreign|index']),
    max: z.int().min(0).describe('How many such lines are accepted.').default(0),
  }),
  'The log',
  ['file', 'command'],
).describe('The application’s log since the start of the run: a file or a command.')

export type Baseline = z.output<typeof baselineSchema>
export type Logs = z.output<typeof logsSchema>
