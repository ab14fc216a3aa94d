import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { reportSchema } from '../../src/report/schema.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { type ActionResult, runAction } from '../support/program.ts'
import { workspaceOf } from '../support/workspace.ts'

const table = 'create table "T|`<b>" (id int primary key, n int check (n > 0));\n'
const rows = (count: number) =>
  Array.from(
    { length: count },
    (_, index) => `raise notice 'row ${index} ${'x'.repeat(400)}';`,
  ).join('\n')

/** Every ending of a deployment, in the order that one database goes through them. */
const endings: readonly {
  readonly ending: string
  readonly code: number
  readonly inputs?: Readonly<Record<string, string>>
  readonly files: Readonly<Record<string, string>>
  readonly annotated?: string
}[] = [
  { ending: 'planned', code: 0, inputs: { command: 'plan' }, files: { '1_t': table } },
  {
    ending: 'refused',
    code: 2,
    files: { '1_t': 'create tabel t (id int);\n' },
    annotated: 'file=migrations/1_t.sql,line=1,',
  },
  {
    ending: 'failed',
    code: 1,
    files: { '1_t': `${table}insert into "T|\`<b>" values (1, -1);\n` },
    annotated: 'file=migrations/1_t.sql,line=2,',
  },
  { ending: 'deployed', code: 0, files: { '1_t': table } },
  { ending: 'nothing-to-do', code: 0, files: { '1_t': table } },
  { ending: 'verified', code: 0, inputs: { command: 'verify' }, files: { '1_t': table } },
  {
    ending: 'rolled-back',
    code: 1,
    files: { '1_t': table, '2_u': 'create index concurrently i on "T|`<b>" (n);\nselect 1/0;\n' },
    annotated: 'file=migrations/2_u.sql,line=2,',
  },
  {
    ending: 'needs-attention',
    code: 3,
    inputs: { 'on-failure': 'stop' },
    files: { '1_t': table, '2_u': 'create index concurrently i on "T|`<b>" (n);\nselect 1/0;\n' },
    annotated: 'file=migrations/2_u.sql,line=2,',
  },
  {
    ending: 'refused',
    code: 1,
    files: {
      '1_t': `${table}-- changed\n`,
      '2_u': 'create index concurrently i on "T|`<b>" (n);\nselect 1/0;\n',
    },
    annotated: 'file=migrations/1_t.sql,line=1,',
  },
  {
    ending: 'rolled-back',
    code: 0,
    inputs: { command: 'rollback' },
    files: { '1_t': table, '2_u': 'create index concurrently i on "T|`<b>" (n);\nselect 1/0;\n' },
  },
]

let database: TestDatabase
beforeAll(async () => {
  database = await createDatabase()
})
afterAll(() => database.drop())

async function run(
  files: Readonly<Record<string, string>>,
  inputs: Readonly<Record<string, string>> = {},
): Promise<ActionResult> {
  const workspace = workspaceOf(
    Object.fromEntries(
      Object.entries(files).map(([name, text]) => [`migrations/${name}.sql`, text]),
    ),
  )
  try {
    return await runAction({ 'database-url': database.url, ...inputs }, { cwd: workspace.folder })
  } finally {
    workspace.dispose()
  }
}

/** The runner takes every line that begins so for a command. */
const commands = (stdout: string) =>
  stdout.split(/\r\n|\n|\r/).filter((line) => /^\s*(::|##\[)/.test(line))
const ours = /^::(add-mask::|group::|endgroup::|error title=|warning title=|debug::)/

describe('every ending tells its story in a report, a summary, outputs and annotations', () => {
  test.each(endings)(
    '$ending ($code) [trap: failed-run-without-report]',
    async ({ ending, code, inputs, files, annotated }) => {
      const result = await run(files, inputs)
      expect({ code: result.code, outcome: result.outputs.outcome, stderr: result.stderr }).toEqual(
        {
          code,
          outcome: ending,
          stderr: '',
        },
      )
      expect(reportSchema.safeParse(result.report).error).toBeUndefined()
      expect(result.report).toMatchObject({ outcome: ending, exitCode: code })
      expect(result.summary.length).toBeGreaterThan(100)
      expect(Buffer.byteLength(result.summary)).toBeLessThan(1024 * 1024)
      expect(result.report.next.length).toBeGreaterThan(0)
      expect(Object.keys(result.outputs).sort()).toEqual([
        'applied',
        'backup-path',
        'backup-sha256',
        'outcome',
        'pending',
        'plan-digest',
        'report',
        'summary',
      ])
      for (const name of ['applied', 'pending'])
        expect(Array.isArray(JSON.parse(result.outputs[name] ?? ''))).toBe(true)
      const found = commands(result.stdout)
      expect(found.filter((line) => !ours.test(line))).toEqual([])
      const errors = found.filter((line) => line.startsWith('::error '))
      if (annotated === undefined) expect(errors).toEqual([])
      else expect(errors[0]).toContain(annotated)
    },
  )
})

test('what a database says is no command, no colour and no markup, and does not outgrow the summary', async () => {
  const other = await createDatabase()
  try {
    const workspace = workspaceOf({
      'migrations/1_hostile.sql': `do $$ begin
raise notice '::error::x';
raise notice E'two\\n::set-output name=outcome::deployed\\r::error::y\\n##[error]z';
raise warning E'\\x1b[31mred\\x1b[0m | <img src=x> \`code\` \\u202e [a](javascript:b)';
${rows(4000)}
raise exception E'::error::failed\\n::stop-commands::t' using detail = E'\\n::error::detail', hint = '| a | b |';
end $$;
`,
    })
    const result = await runAction({ 'database-url': other.url }, { cwd: workspace.folder })
    workspace.dispose()
    expect({ code: result.code, outcome: result.outputs.outcome }).toEqual({
      code: 1,
      outcome: 'failed',
    })
    expect(commands(result.stdout).filter((line) => !ours.test(line))).toEqual([])
    expect(result.stdout).not.toContain('\u001b[31mred')
    for (const raw of ['<img', '\u001b', '\u202e']) expect(result.summary).not.toContain(raw)
    expect(Buffer.byteLength(result.summary)).toBeLessThan(1024 * 1024)
    expect(reportSchema.safeParse(result.report).error).toBeUndefined()
  } finally {
    await other.drop()
  }
})

test('sixty migrations with long verify tables fit into the summary, and it says what was left out', async () => {
  const other = await createDatabase()
  try {
    const workspace = workspaceOf(
      Object.fromEntries(
        Array.from({ length: 60 }, (_, index) => [
          [`migrations/${index + 1}_m.sql`, `create table m${index + 1} (id int, name text);\n`],
          [
            `migrations/verify/${index + 1}_m_verify.sql`,
            `select i, repeat('wide ', 60) as wide from generate_series(1, 100) i;\n-- expect: rows = 100\n`,
          ],
        ]).flat(),
      ),
    )
    const result = await runAction({ 'database-url': other.url }, { cwd: workspace.folder })
    workspace.dispose()
    expect(result.report).toMatchObject({ outcome: 'deployed', error: null })
    expect(result.summary).toMatch(/shortened|cut to/)
    expect(Buffer.byteLength(result.summary)).toBeLessThan(1024 * 1024)
    // The migrations are told, with less of each: not only counted.
    expect(result.summary).toMatch(/\| .*1_m\.sql|\| .*\bm\b.*\|/)
    expect(result.summary).toContain('wide')
  } finally {
    await other.drop()
  }
})
