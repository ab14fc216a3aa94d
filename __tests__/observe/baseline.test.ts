import { beforeAll, describe, expect, test } from '@jest/globals'
import { type CaptureOptions, capture } from '../../src/observe/baseline/capture.ts'
import { resultDifference } from '../../src/observe/baseline/difference.ts'
import { planBaseline } from '../../src/observe/baseline/plan.ts'
import { baselineReport } from '../../src/observe/baseline/report.ts'
import { touchedTables } from '../../src/observe/baseline/touched.ts'
import { resolveConnection } from '../../src/postgres/connection.ts'
import { connect } from '../../src/postgres/session.ts'
import type { Session } from '../../src/postgres/types.ts'
import type { BaselineReport } from '../../src/report/types.ts'
import { parseGates } from '../../src/runbook/gates/sections.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { parseTableName } from '../../src/sql/table-name.ts'
import { planOf } from '../plan/planning.ts'
import { type TestDatabase, withDatabase } from '../support/database.ts'
import { withSession } from '../verify/session.ts'

beforeAll(loadParser)

interface Asked {
  readonly baseline?: Parameters<typeof parseGates>[0] extends infer G
    ? G extends { baseline?: infer B }
      ? B
      : never
    : never
  readonly queries?: string
  readonly sql?: string
  readonly more?: Partial<CaptureOptions>
}

/** Both captures of a baseline, with `between` done between them, and the round trips of the first. */
async function measured(
  session: Session,
  { baseline = {}, queries, sql = '', more = {} }: Asked,
  between: () => Promise<unknown> = async () => {},
): Promise<{ report: BaselineReport; roundTrips: number }> {
  const file = queries === undefined ? null : { path: 'observe.sql', text: queries }
  const plan = planBaseline(parseGates({ baseline }).baseline, file)
  const options: CaptureOptions = {
    plan,
    pending: sql === '' ? [] : [planOf(sql)],
    searchPath: ['public'],
    lockTimeout: 200,
    statementTimeout: 5_000,
    user: 'postgres',
    observes: false,
    redact: (text) => text,
    ...more,
  }
  const sent = session.roundTrips
  const before = await capture(session, options, null)
  const roundTrips = session.roundTrips - sent
  await between()
  const after = await capture(session, options, before)
  const own = { effects: [], earlier: [], attaches: false, searchPath: ['public'] }
  return { report: baselineReport(plan, before, after, own), roundTrips }
}

describe('names', () => {
  test.each([
    ['recipe', null, 'recipe'],
    ['Recipe', null, 'recipe'],
    ['"Recipe"', null, 'Recipe'],
    ['shop."Or""der.s"', 'shop', 'Or"der.s'],
    ['U&"d\\0061t"', null, 'dat'],
    ['"select"', null, 'select'],
  ])('%s is read as SQL reads it', (text, schema, name) => {
    expect(parseTableName(text)).toEqual({ schema, name })
  })

  test('the tables that a plan touches are those of its effects, not those it reads, locks or comments on', () => {
    const planned = planOf(`CREATE TABLE made (id int); ALTER TABLE altered ADD COLUMN x int;
      CREATE INDEX i ON "in"."De xed" (x); UPDATE changed SET x = 1; COMMENT ON TABLE commented IS 'x';
      GRANT SELECT ON granted TO PUBLIC; CREATE TRIGGER t AFTER INSERT ON triggered EXECUTE FUNCTION f();
      ALTER TABLE child ADD CONSTRAINT c FOREIGN KEY (x) REFERENCES target (id); CREATE TEMP TABLE gone (id int);
      SELECT count(*) FROM only_read; ALTER TABLE altered ALTER x SET NOT NULL`)
    expect(touchedTables([planned])).toEqual([
      { schema: null, name: 'made' },
      { schema: null, name: 'altered' },
      { schema: 'in', name: 'De xed' },
      { schema: null, name: 'changed' },
      { schema: null, name: 'triggered' },
      { schema: null, name: 'child' },
    ])
  })
})

describe('row counts', () => {
  test('hundreds of tables are counted in three round trips', async () => {
    await withSession({}, async (session, database) => {
      const names = Array.from({ length: 300 }, (_, index) => `t${index}`)
      await database.query(names.map((name) => `CREATE TABLE ${name} AS SELECT 1 AS x`).join(';'))
      const { report, roundTrips } = await measured(session, { baseline: { rows: names } })
      expect(report.rows).toHaveLength(300)
      expect(report.rows.every(({ before, exact }) => before === 1 && exact)).toBe(true)
      expect(roundTrips).toBeLessThanOrEqual(3)
    })
  })

  test('a table that exceeds the budget is estimated, and marked; the small ones keep their exact counts', async () => {
    await withSession({}, async (session, database) => {
      await database.query(`CREATE TABLE small AS SELECT generate_series(1, 7) AS x;
        CREATE TABLE big AS SELECT generate_series(1, 50000) AS x; ANALYZE big; ANALYZE small;
        CREATE VIEW slow AS SELECT x FROM big WHERE pg_sleep(0.05)::text IS NOT NULL; CREATE TABLE new AS SELECT 1 AS x`)
      const { report } = await measured(session, {
        baseline: { rows: ['big', 'small', 'slow', 'new'], budget: '1s' },
      })
      const [big, small, slow, fresh] = report.rows
      expect([big?.before, small?.before, fresh?.before]).toEqual([50_000, 7, 1])
      expect(slow).toMatchObject({ exact: false, before: null, byOthers: null })
      expect(slow?.reason).toContain('baseline.budget (1000 ms)')
      const { report: none } = await measured(session, {
        baseline: { rows: ['big', 'new'], budget: '0s' },
      })
      expect(none.rows.map(({ before, exact }) => [before, exact])).toEqual([
        [50_000, false],
        [null, false],
      ])
      expect(none.rows[0]?.reason).toContain('estimate of the last ANALYZE')
      expect(none.rows[1]?.reason).toContain('never analysed')
    })
  })

  test('a locked table keeps nobody waiting, and no other from being counted', async () => {
    await withSession({}, async (session, database) => {
      await database.query(
        'CREATE TABLE locked AS SELECT 1 AS x; CREATE TABLE free AS SELECT 1 AS x',
      )
      const other = await database.connect()
      await other.query('BEGIN; LOCK TABLE locked')
      const { report } = await measured(session, { baseline: { rows: ['locked', 'free'] } })
      expect(report.rows[0]).toMatchObject({ before: null, exact: false })
      expect(report.rows[0]?.reason).toContain('another session has the table locked')
      expect(report.rows[1]).toMatchObject({ before: 1, exact: true })
      expect(session.transaction).toBe('idle')
    })
  })

  test('a name that no table has is told', async () => {
    await withSession({}, async (session) => {
      const { report } = await measured(session, { baseline: { rows: ['"No such"'] } })
      expect(report.rows).toEqual([
        expect.objectContaining({
          table: '"No such"',
          reason: 'baseline.rows: there is no table of this name',
        }),
      ])
    })
  })

  test('what the role may not see is said with the GRANT, never counted as less', async () => {
    await withDatabase({}, async (database) => {
      const role = `reader_${database.name}`
      await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'p'; CREATE TABLE secret AS SELECT 1 AS x;
        CREATE TABLE hidden (x int); INSERT INTO hidden VALUES (1); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
        CREATE POLICY none ON hidden USING (false); GRANT SELECT ON hidden TO ${role};
        CREATE TABLE open AS SELECT 1 AS x; GRANT SELECT ON open TO ${role}`)
      try {
        await asRole(database, role, async (session) => {
          const { report } = await measured(session, {
            baseline: {
              rows: ['secret', 'hidden', 'open'],
              probes: [{ name: 'max', sql: 'SELECT max(x) FROM secret' }],
            },
            more: { user: role },
          })
          const [secret, hidden, open] = report.rows
          expect(secret).toMatchObject({ before: null, exact: false })
          expect(report.notes).toContainEqual(
            expect.stringContaining(`GRANT SELECT ON public.secret TO ${role}`),
          )
          expect(hidden).toMatchObject({ before: null, exact: false })
          expect(hidden?.reason).toContain('BYPASSRLS')
          expect(open).toMatchObject({ before: 1, exact: true })
          expect(report.probes[0]).toMatchObject({
            before: null,
            note: expect.stringContaining('42501'),
          })
          expect(report.notes).toContainEqual(expect.stringContaining('max: permission denied'))
        })
      } finally {
        await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
      }
    })
  })
})

describe("the user's queries", () => {
  test('are kept before and after, with what changed between, whatever text the database holds', async () => {
    await withSession({}, async (session, database) => {
      const hostile = "</td>\u001b[2J| `x` '; DROP TABLE words; --"
      await database.query('CREATE TABLE words (word text)')
      await database.query('INSERT INTO words VALUES ($1), ($2)', [hostile, 'x'.repeat(5_000)])
      const { report } = await measured(
        session,
        {
          queries: `-- Words
            SELECT word, count(*) FROM words GROUP BY word ORDER BY count(*) DESC, word;
            SHOW server_encoding;
            SELECT 1 / 0 AS broken;
            TABLE words;
            SELECT generate_series(1, 100000) AS many;`,
        },
        () => database.query("INSERT INTO words VALUES ('new')"),
      )
      const [words, show, broken, table, many] = report.queries
      expect(words).toMatchObject({
        title: 'Words',
        columns: ['word', 'count'],
        difference: ['+ new | 1'],
      })
      expect(words?.before).toContainEqual([hostile, '1'])
      expect(words?.before.flat().every((cell) => (cell ?? '').length <= 1_001)).toBe(true)
      expect(show?.after).toEqual([['UTF8']])
      expect(broken?.error).toContain('22012')
      expect(table?.after).toHaveLength(3)
      expect(many?.before).toHaveLength(100)
      expect(await database.query('SELECT count(*)::int AS n FROM words')).toEqual([{ n: 3 }])
    })
  })

  test('secrets are taken out before a value is shortened, so that no half of one is left', async () => {
    await withSession({}, async (session) => {
      const { report } = await measured(session, {
        queries: "SELECT repeat('x', 995) || 'hunter2hunter2'",
        more: { redact: (text) => text.replaceAll('hunter2hunter2', '***') },
      })
      expect(JSON.stringify(report.queries[0]?.before)).not.toContain('hunt')
      expect(report.queries[0]?.before[0]?.[0]).toContain('***')
    })
  })

  test('change nothing, whatever the functions do that they call', async () => {
    await withSession({}, async (session, database) => {
      await database.query(
        `CREATE TABLE t (x int); CREATE FUNCTION sly() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (1) RETURNING x'`,
      )
      const { report } = await measured(session, { queries: 'SELECT sly()' })
      expect(report.queries[0]?.error).toContain('25006')
      expect(await database.query('SELECT FROM t')).toEqual([])
    })
  })

  test('a probe is one value', async () => {
    await withSession({}, async (session) => {
      const probes = [
        { name: 'one', sql: 'SELECT 41 + 1;' },
        { name: 'two', sql: 'VALUES (1), (2)' },
        { name: 'none', sql: 'SELECT 1 WHERE false' },
        { name: 'null', sql: 'SELECT NULL' },
      ]
      const { report } = await measured(session, { baseline: { probes } })
      expect(report.probes.map(({ before, note }) => [before, note])).toEqual([
        ['42', undefined],
        [null, 'a probe returns one value: this query returned more'],
        [null, 'the query returned no row'],
        [null, 'NULL'],
      ])
    })
  })

  test('a row that stands there twice is missed once when one of them went', () => {
    expect(resultDifference([['a'], ['a'], ['b']], [['b'], ['a'], [null]])).toEqual([
      '- a',
      '+ NULL',
    ])
  })
})

test('counters are told as differences, invalid indexes and constraints by name', async () => {
  await withSession({}, async (session, database) => {
    await database.query(`CREATE TABLE "T.t" (x int)`)
    await database.query('ALTER TABLE "T.t" ADD CONSTRAINT "c c" CHECK (x > 0) NOT VALID')
    await database.query(`INSERT INTO "T.t" VALUES (1), (1)`)
    await database.query('CREATE UNIQUE INDEX CONCURRENTLY "i i" ON "T.t" (x)').catch(() => {})
    const { report } = await measured(session, {}, async () => {
      await database.query('ALTER TABLE "T.t" VALIDATE CONSTRAINT "c c"')
    })
    expect(report.invalid).toEqual([
      { name: 'constraint public."T.t"."c c"', before: 'NOT VALID', after: 'valid or gone' },
      { name: 'index public."i i"', before: 'INVALID', after: 'INVALID' },
    ])
    const commits = report.counters.find(({ name }) => name === 'commits')
    expect(commits?.note).toMatch(/^\+\d+$/)
  })
})

async function asRole(
  database: TestDatabase,
  role: string,
  act: (session: Session) => Promise<void>,
) {
  const url = new URL(database.url)
  url.username = role
  url.password = 'p'
  const session = await connect(resolveConnection({ url: url.href, env: {} }), {
    name: 'observer',
    applicationName: 'test',
  })
  try {
    await act(session)
  } finally {
    await session.close()
  }
}
