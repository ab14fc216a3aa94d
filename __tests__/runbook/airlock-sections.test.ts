import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { Refusal } from '../../src/report/refusal.ts'
import { parseAirlockFile } from '../../src/runbook/airlock-file.ts'

const parse = (source: string) => parseAirlockFile('airlock.yml', source)

function refusal(source: string): Refusal['parts'] {
  try {
    parse(source)
  } catch (error) {
    if (error instanceof Refusal) return error.parts
    throw error
  }
  throw new Error(`accepted: ${source}`)
}

/** A file with one smoke check, whose own keys stand at column 7 from line 4 on. */
const smoke = (...lines: string[]) =>
  ['smoke:', '  checks:', '    - name: recipes', ...lines.map((line) => `      ${line}`)].join('\n')

const http = (...lines: string[]) =>
  smoke('http:', '  url: http://a/b', ...lines.map((line) => `  ${line}`))

/** What is written, line and column of the refusal, what it says, what it advises. */
type Malformed = readonly [
  source: string,
  line: number,
  column: number,
  what: string | RegExp,
  fix: string,
]

describe('sections of airlock.yml that are not understood', () => {
  const unknownKeys: readonly Malformed[] = [
    ['prefligt: {}', 1, 1, 'prefligt is not a key of airlock.yml', 'Did you mean "preflight"?'],
    ['targets:\n  a:\n    smoek: {}', 3, 5, 'smoek is not a key of the target a', '"smoke"'],
    ['preflight: { versoin: 15 }', 1, 14, 'versoin is not a key of preflight', '"version"'],
    ['backup:\n  pg_dump: {}', 2, 3, 'pg_dump is not a key of backup', '"pg-dump"'],
    [
      'backup:\n  pg-dump:\n    job: 4',
      3,
      5,
      'job is not a key of backup.pg-dump',
      'Did you mean "jobs"?',
    ],
    [
      'backup: { pg-dump: { drill: { urll: x } } }',
      1,
      31,
      'urll is not a key of backup.pg-dump.drill',
      '"url"',
    ],
    ['restore-point: { nane: x }', 1, 18, 'nane is not a key of restore-point', '"name"'],
    ['baseline:\n  probes:\n    - name: a\n      query: b', 4, 7, /query .*probes\[0\]$/, 'sql'],
    [smoke('htpp: {}'), 4, 7, 'htpp is not a key of smoke.checks[0]', '"http"'],
    [http('lenght: 1'), 6, 9, 'lenght is not a key of smoke.checks[0].http', 'Use one of'],
    [
      'targets: { ü: { smoke: { checks: [{ name: a, sqll: b }] } } }',
      1,
      46,
      'sqll is not a key of targets.ü.smoke.checks[0]',
      '"sql"',
    ],
    ['criteria: { indexs: warn }', 1, 13, 'indexs is not a key of criteria', '"indexes"'],
    ['preflight: { free-space: { sql: a } }', 1, 28, 'preflight.free-space', 'query'],
    ['smoke: { lock-timeout: 2s }', 1, 10, 'lock-timeout is not a key of smoke', 'top level'],
    ['preflight:\n  backup: {}', 2, 3, 'backup is not a key of preflight', 'indent it less'],
    ['plan-digest: abc', 1, 1, 'plan-digest is not a key', '--plan-digest'],
  ]

  const wrongTypes: readonly Malformed[] = [
    ['preflight: yes', 1, 12, 'preflight is "yes"', 'below it, indented'],
    ['preflight:\nundo: run', 1, 1, 'preflight has no value', 'remove the key'],
    ['preflight: [version]', 1, 12, 'preflight is a list', 'a group of keys'],
    ['preflight: { connection-slots: "5" }', 1, 32, 'connection-slots is "5"', 'whole number'],
    ['preflight: { extensions: [pg_trgm] }', 1, 26, 'is a list', 'names with values'],
    ['smoke: { checks: all }', 1, 18, 'smoke.checks is "all"', 'checks: [all]'],
    ['smoke: { checks: [all] }', 1, 19, 'smoke.checks[0] is "all"', 'name: …'],
    [smoke('sql: 1'), 4, 12, 'smoke.checks[0].sql is the number 1', 'sql: "1"'],
    [http('headers: { X-Version: 1.10 }'), 6, 31, 'headers.X-Version', 'X-Version: "1.10"'],
    [http('json: { length: [1] }'), 6, 25, 'json.length is a list', 'text, a number'],
    [http('status: ok'), 6, 17, 'status is "ok"', 'a whole number from 100 to 599 or a list'],
    [smoke('http: { method: GET }'), 4, 7, 'http.url is missing', 'Add url: text'],
    ['smoke:\n  when: end', 1, 1, 'smoke.checks is missing', 'Add checks: a list'],
    ['backup: { pg-dump: { drill: {} } }', 1, 22, 'drill.url is missing', 'Add url'],
    ['contacts: { On-call: 4420 }', 1, 22, 'contacts.On-call is the number', 'On-call: "4420"'],
    ['contacts: { "": x }', 1, 13, 'contacts has a key without a name', 'Give it a name'],
    ['baseline: { rows: [""] }', 1, 20, 'baseline.rows[0] has no value', 'text'],
  ]

  const wrongValues: readonly Malformed[] = [
    ['observe-for: 5', 1, 14, 'observe-for is the number 5', '5s for seconds'],
    ['observe-for: "5"', 1, 14, 'bare number 5', '5s'],
    ['observe-for: 5m', 1, 14, 'not a duration', '5min'],
    ['observe-for: 30d', 1, 14, 'observe-for is 30d', 'shorter'],
    ['preflight: { data-budget: 0s }', 1, 27, 'preflight.data-budget is 0', 'such as 30s'],
    ['preflight: { free-space: 20GiB }', 1, 26, 'preflight.free-space is "20GiB"', 'kB, MB, GB'],
    ['backup: { pg-dump: { min-size: 1 } }', 1, 32, 'the number 1', 'B, kB, MB, GB'],
    ['preflight: { version: fifteen }', 1, 23, 'version is "fifteen"', '"15 - 17"'],
    ['preflight: { version: 15 to 17 }', 1, 23, 'version is "15 to 17"', '"15 - 17"'],
    ['preflight: { extensions: { citext: new } }', 1, 36, 'extensions.citext is "new"', 'staging'],
    ['preflight: { checks: { a.b: warning } }', 1, 29, 'checks["a.b"] is "warning"', 'warn'],
    ['preflight: { drift: ignore }', 1, 21, 'drift is "ignore"', 'accept'],
    ['preflight: { data-examples: 101 }', 1, 29, 'the number 101', 'from 0 to 100'],
    ['preflight: { connection-slots: 1.5 }', 1, 32, 'the number 1.5', 'whole number'],
    ['criteria: { slower: 0.5 }', 1, 21, 'the number 0.5', 'at least 1'],
    ['criteria: { indexes: failed }', 1, 22, 'criteria.indexes is "failed"', '"fail"'],
    ['smoke: { checks: [] }', 1, 18, 'smoke.checks is an empty list', 'Add an entry'],
    [http('status: 42'), 6, 17, 'status is the number 42', 'from 100 to 599'],
    [http('status: [200, 1000]'), 6, 23, 'status[1] is the number 1000', 'from 100 to 599'],
    [http('method: FETCH'), 6, 17, 'method is "FETCH"', 'Use one of: GET'],
    [
      'smoke: { successes: 4, checks: [{ name: a, command: b }] }',
      1,
      21,
      'smoke.successes is 4, and attempts is 3',
      'Raise attempts',
    ],
    ['backup: { pg-dump: { jobs: 4 } }', 1, 28, 'backup.pg-dump.jobs is 4', 'format: directory'],
    ['logs: { file: a, patterns: ["("] }', 1, 29, 'patterns[0] is not a regular', 'backslash'],
  ]

  const alternatives: readonly Malformed[] = [
    ['backup: {}', 1, 9, 'backup has none of none, pg-dump, command or proof', 'Add one'],
    [
      'backup:\n  none: later\n  command: { run: a }',
      3,
      12,
      'backup.command has none and command',
      'Keep one',
    ],
    ['backup: { proof: { max-age: 1h } }', 1, 18, 'has none of query or command', 'Add one'],
    ['logs: { max: 3 }', 1, 7, 'logs has none of file or command', 'Add one'],
    ['logs: { file: a, command: b }', 1, 27, 'logs.command has file and command', 'Keep one'],
    [smoke('timeout: 1s'), 3, 7, 'has none of http, command or sql', 'Add one'],
    [smoke('command: a', 'sql: b'), 5, 12, 'smoke.checks[0].sql has command and sql', 'Keep one'],
    [smoke('command: a', 'expect: rows = 1'), 5, 15, 'stands beside something else', 'json'],
  ]

  const environment: readonly Malformed[] = [
    [
      `contacts: { a: "\${PHONE}" }`,
      1,
      16,
      'contacts.a refers to an environment variable',
      'Write the value itself.',
    ],
    [smoke(`sql: a`, `expect: \${X}`), 5, 15, 'expect refers to an environment', 'value itself'],
    [
      `backup: { pg-dump: { path: "\${DIR}/a" } }`,
      1,
      28,
      'path holds {DIR}',
      'leave the braces out',
    ],
    [`logs: { file: "\${DIR}/a" }`, 1, 15, 'logs.file refers', 'value itself'],
    [
      `staging-url: \${{ secrets.URL }}`,
      1,
      14,
      `staging-url refers to \${{ secrets.URL }}`,
      "step's env",
    ],
    [http(`body: "\${A-B}"`), 6, 15, `http.body refers to \${A-B}`, 'env, and write'],
    ['preflight: { replica-url: "postgres://a:s3cret@b/c" }', 1, 27, 'holds a password', 'secret'],
    ['contacts: { a: "https://x:s3cret@y" }', 1, 16, 'contacts.a holds a password', 'Remove it'],
    ['staging-url: postgres://a:s3cret@b/c', 1, 14, 'staging-url holds a password', 'secret'],
    [
      'backup: { command: { run: "pg_dump postgres://a:s3cret@b/c" } }',
      1,
      27,
      'backup.command.run holds a password',
      'write $NAME',
    ],
    [
      smoke('http: { url: "https://me:s3cret@app/health" }'),
      4,
      20,
      'smoke.checks[0].http.url holds a password',
      'write url: ${',
    ],
  ]

  test.each([...unknownKeys, ...wrongTypes, ...wrongValues, ...alternatives, ...environment])(
    '%j is refused at %d:%d',
    (source, line, column, what, fix) => {
      const parts = refusal(source)
      expect(parts.where).toEqual({ file: 'airlock.yml', line, column })
      if (typeof what === 'string') expect(parts.what).toContain(what)
      else expect(parts.what).toMatch(what)
      expect(parts.fix).toContain(fix)
      expect(parts.why).toMatch(/\.$/)
      expect(parts.excerpt).toMatch(new RegExp(`\\n {${column - 1}}\\^$`))
      expect(JSON.stringify(parts)).not.toContain('s3cret')
    },
  )

  test('are told in our words, never in those of the validator', () => {
    const all = [...unknownKeys, ...wrongTypes, ...wrongValues, ...alternatives, ...environment]
    const told = all.map(([source]) => Object.values(refusal(source)).join(' '))
    expect(told.filter((text) => /invalid|expected|received|unrecognized/i.test(text))).toEqual([])
    expect(all.length).toBeGreaterThanOrEqual(40)
  })

  test('the first in the file is told first, even when it stands in a list', () => {
    expect(refusal(`${smoke('sqll: a')}\nundoo: run`).where).toMatchObject({ line: 4, column: 7 })
    expect(refusal(`undoo: run\n${smoke('sqll: a')}`).where).toMatchObject({ line: 1, column: 1 })
  })

  test('a value behind an alias is refused where it is written', () => {
    const source = 'smoke: &s { checks: [{ name: a, sqll: b }] }\ntargets: { t: { smoke: *s } }'
    expect(refusal(source).where).toMatchObject({ line: 1, column: 33 })
  })
})

describe('sections of airlock.yml that are understood', () => {
  test('stand in the file and in targets, as they are written, with their places', () => {
    const file = parse(
      [
        'preflight: { version: 15.10 }',
        'targets:',
        '  production:',
        '    preflight:',
        '      extensions: { pg_trgm: 1.6, citext: any }',
      ].join('\n'),
    )
    expect(file.sections.preflight?.data).toEqual({ version: '15.10' })
    const own = file.targetSections.get('production')?.preflight
    expect(own?.data).toEqual({ extensions: { pg_trgm: '1.6', citext: 'any' } })
    expect(own?.placeOf(['extensions', 'citext'])).toMatchObject({
      where: { file: 'airlock.yml', line: 5, column: 43 },
    })
    expect(file.settings).toEqual({})
  })

  test.each([
    'preflight: { version: staging, extensions: { uuid-ossp: ">= 1.1" } }',
    'preflight: { version: ">= 15.4", free-space: 1.5GB }',
    'preflight: { version: 15 - 17, free-space: { query: select 1 } }',
    `preflight: { replica-url: "postgres://me:\${PW}@replica/app" }`,
    'backup: { none: "demo database" }',
    'backup: { pg-dump: {} }',
    'backup: { pg-dump: { format: directory, jobs: 4 } }',
    `backup: { command: { run: 'cp \${HOME}/x "$DATABASE_URL"' } }`,
    'backup: { proof: { query: "select now(), 1" } }',
    'restore-point: {}',
    http('status: [200, 204]', `headers: { Authorization: "Bearer \${TOKEN}" }`),
    http('json: { length: "> 0", "items[0].id": 1, gone: null, ok: true }'),
    smoke(`sql: "select \${x}"`, 'expect: rows > 0'),
    `logs: { command: "tail \${LOG:-/var/log/app}", patterns: ["a{2,3}$"] }`,
  ])('%s', (source) => {
    expect(() => parse(source)).not.toThrow()
  })

  test('the runbook of this repository is one, with every section in production', () => {
    const source = readFileSync(new URL('../../../airlock.yml', import.meta.url), 'utf8')
    const file = parse(source)
    expect([...file.targets.keys()]).toEqual(['staging', 'production', 'demo'])
    const production = { ...file.sections, ...file.targetSections.get('production') }
    expect(Object.keys(production).sort()).toEqual(
      [
        'backup',
        'baseline',
        'contacts',
        'criteria',
        'logs',
        'observe-for',
        'preflight',
        'restore-point',
        'smoke',
      ].sort(),
    )
  })
})
