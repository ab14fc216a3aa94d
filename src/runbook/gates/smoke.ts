import { z } from 'zod'
import { complaint, duration, exactlyOneOf, foreignText, secretText, text } from './values.ts'

const status = z.int().min(100).max(599)

const http = z.strictObject({
  url: secretText.describe(
    'Where to ask: http or https. Redirects are followed to the same origin only.',
  ),
  method: z
    .enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
    .describe('HTTP method.')
    .default('GET'),
  headers: z
    .record(text, secretText)
    .describe('Headers by name; a secret comes out of the environment.')
    .default({}),
  body: secretText.describe('Sent as it is; say what it is with a header content-type.').optional(),
  status: z
    .union([status, z.array(status).min(1)])
    .describe('The status expected, or a list of those accepted.')
    .default(200),
  json: z
    .record(text, z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .describe('Comparisons by path: `length: "> 0"`, `items[0].id: 1`, `[0].name: "!= null"`.')
    .default({}),
  text: foreignText.describe('Text that the body must contain.').optional(),
  latency: duration(undefined, 'some').describe('How long the whole answer may take.'),
})

const check = exactlyOneOf(
  z.strictObject({
    name: text.describe('As it stands in the report; each name once.'),
    http: http.describe('A request and what its answer must be.').optional(),
    command: foreignText
      .describe(
        'Command, run by the shell: exit code 0 is success, 75 (EX_TEMPFAIL) that nothing answers yet.',
      )
      .optional(),
    sql: foreignText.describe('One read-only query on the target.').optional(),
    expect: text
      .describe(
        'What the query must return: `rows > 0`, `unmapped = 0`; or the expected table in comments below the query.',
      )
      .optional(),
    timeout: duration('10s', 'some').describe('How long one attempt may take.'),
  }),
  'A smoke check',
  ['http', 'command', 'sql'],
).check((context) => {
  const { expect, sql } = context.value
  if (expect === undefined || sql !== undefined) return
  context.issues.push(
    complaint(
      context.value,
      {
        what: 'stands beside something else than sql',
        why: 'It compares what a query returns.',
        fix: 'Write status, json or text inside http; a command is judged by its exit code.',
      },
      ['expect'],
    ),
  )
})

export const smokeSchema = z
  .strictObject({
    when: z
      .enum(['each-migration', 'end'])
      .describe('After each migration, where a failure undoes it, or once after the last.')
      .default('each-migration'),
    'warm-up': duration('30s').describe(
      'How long after a change connection errors (refused, reset, timed out, no such host, a gateway’s 502, 503, 504) are waited out.',
    ),
    attempts: z
      .int()
      .min(1)
      .max(1000)
      .describe('Attempts at most; connection errors within the warm-up are not counted.')
      .default(3),
    pause: duration('1s').describe('Between attempts.'),
    successes: z.int().min(1).max(100).describe('Consecutive successes needed.').default(1),
    failures: z
      .int()
      .min(1)
      .max(100)
      .describe('Consecutive failures that end it before all attempts are made.')
      .optional(),
    checks: z.array(check).min(1).describe('One or more; each is http, command or sql.'),
  })
  .check((context) => {
    const { attempts, successes } = context.value
    if (successes <= attempts) return
    context.issues.push(
      complaint(
        context.value,
        {
          what: `is ${successes}, and attempts is ${attempts}`,
          why: 'So many successes in a row could never be seen.',
          fix: 'Raise attempts, or lower successes.',
        },
        ['successes'],
      ),
    )
  })

export type Smoke = z.output<typeof smokeSchema>
export type SmokeCheck = z.output<typeof check>
export type SmokeHttp = z.output<typeof http>
