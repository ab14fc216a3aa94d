import { z } from 'zod'
import { duration, foreignText, secretText, text } from './values.ts'

const http = z.strictObject({
  url: secretText,
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
  headers: z.record(text, secretText).default({}),
  body: secretText.optional(),
  status: z
    .union([z.int().min(100).max(599), z.array(z.int().min(100).max(599)).min(1)])
    .default(200),
  json: z
    .record(text, z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .describe('Comparisons by path: `length: "> 0"`, `items[0].id: 1`.')
    .default({}),
  text: foreignText.describe('Text that the body must contain.').optional(),
  latency: duration().describe('How long the answer may take.'),
})

const check = z.strictObject({
  name: text,
  http: http.optional(),
  command: foreignText.describe('Command, run by the shell; exit code 0 is success.').optional(),
  sql: foreignText.describe('One read-only query.').optional(),
  expect: text.describe('What the query must return: `rows > 0`, `unmapped = 0`.').optional(),
  timeout: duration('10s').describe('How long one attempt may take.'),
})

export const smokeSchema = z.strictObject({
  when: z
    .enum(['each-migration', 'end'])
    .describe('After each migration, where a failure undoes it, or once at the end.')
    .default('each-migration'),
  'warm-up': duration('30s').describe('How long after a change connection errors are waited out.'),
  attempts: z
    .int()
    .min(1)
    .max(1000)
    .describe('Attempts at most, connection errors not counted.')
    .default(3),
  pause: duration('1s').describe('Between attempts.'),
  successes: z.int().min(1).max(100).describe('Consecutive successes needed.').default(1),
  checks: z.array(check).min(1),
})

export type Smoke = z.output<typeof smokeSchema>
export type SmokeCheck = z.output<typeof check>
