import { beforeAll, describe, expect, test } from '@jest/globals'
import { compileVerifyScript } from '../../src/plan/verify-script.ts'
import { Refusal } from '../../src/report/refusal.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { parseScript } from '../../src/sql/script.ts'

beforeAll(loadParser)

const compile = (source: string) =>
  compileVerifyScript(parseScript('verify/1_a_verify.sql', source))

function refusalOf(source: string): Refusal {
  try {
    compile(source)
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error('it was accepted')
}

describe('what a verify script may hold', () => {
  test.each([
    'SELECT 1 AS n',
    'VALUES (1)',
    'TABLE t',
    'SHOW lock_timeout',
    'WITH w AS (SELECT 1 AS n) SELECT n FROM w',
    'SELECT 1 AS n UNION SELECT 2',
    '(SELECT 1 AS n)',
  ])('%s', (query) => {
    expect(compile(`${query};\n-- expect: rows = 1`)).toHaveLength(1)
  })

  test.each([
    ['INSERT INTO t VALUES (1)', 'it is not a query'],
    ['WITH w AS (INSERT INTO t VALUES (1) RETURNING a) SELECT a FROM w', 'it holds an INSERT'],
    ['WITH w AS (DELETE FROM t RETURNING a) SELECT a FROM w', 'it holds a DELETE'],
    ['WITH w AS (UPDATE t SET a = 1 RETURNING a) SELECT a FROM w', 'it holds an UPDATE'],
    ['SELECT 1 AS n INTO u', 'SELECT INTO creates a table'],
    ['SELECT a FROM t FOR UPDATE', 'it locks rows'],
    ['SELECT a FROM (SELECT a FROM t FOR KEY SHARE) s', 'it locks rows'],
    ['EXPLAIN SELECT 1', 'it is not a query'],
    ["COPY t TO PROGRAM 'sh'", 'it is not a query'],
    ['LOCK TABLE t', 'it is not a query'],
    ['BEGIN', 'it is not a query'],
    ['SET lock_timeout = 0', 'it is not a query'],
    ['CREATE TABLE t AS SELECT 1', 'it is not a query'],
  ])('not %s', (statement, reason) => {
    const { parts, exitCode } = refusalOf(`-- é\n  ${statement};\n-- expect: rows = 1`)
    expect(parts.what).toContain(reason)
    expect(parts.where).toEqual({ file: 'verify/1_a_verify.sql', line: 2, column: 3 })
    expect(parts.excerpt?.endsWith('\n  ^')).toBe(true)
    expect(exitCode).toBe(2)
  })

  test('an empty script holds no queries', () => {
    expect(compile('-- nothing yet\n')).toEqual([])
  })
})

describe('expectations', () => {
  test('belong to the query above them, titles to the query below', () => {
    const queries = compile(`
-- Checks of migration 1

-- Every recipe
-- is mapped
SELECT 1 AS n;
-- n
-- ---
-- 1
-- (1 row)
-- No orphan
SELECT count(*) AS orphans FROM t;  -- expect: orphans = 0
/* in a block,
 * of two lines */
SELECT 2 AS m; -- expect: m = 2

-- apart from the query

SELECT 3 AS m
  FROM t; -- expect: m = 3
`)
    expect(queries.map(({ title, expectation }) => [title, expectation.form])).toEqual([
      ['Every recipe is mapped', 'table'],
      ['No orphan', 'short'],
      ['in a block, of two lines', 'short'],
      ['SELECT 3 AS m', 'short'],
    ])
  })

  test('a query without one is refused at the query', () => {
    const refusal = refusalOf(
      'SELECT 1 AS n;\n-- expect: n = 1\n\n-- Just a title\nSELECT 2 AS n;\n',
    )
    expect(refusal.parts.what).toContain('no expectation')
    expect(refusal.parts.where).toMatchObject({ line: 5, column: 1 })
  })

  test("the next query's is not taken for it", () => {
    expect(refusalOf('SELECT 1 AS n;\nSELECT 2 AS n;\n-- expect: n = 2').parts.where).toMatchObject(
      {
        line: 1,
      },
    )
  })

  test.each([
    ['SELECT 1 AS n ORDER BY 1', true],
    ['SELECT n FROM (SELECT 1 AS n ORDER BY 1) s', false],
    ['SELECT 1 AS n UNION SELECT 2 ORDER BY n', true],
    ['VALUES (1), (2) ORDER BY 1', true],
    ['SELECT array_agg(a ORDER BY a) AS n FROM t', false],
  ])('%s is ordered: %j', (query, ordered) => {
    expect(compile(`${query};\n-- expect: rows = 1`)).toMatchObject([{ ordered }])
  })
})

describe('columns that the parse knows', () => {
  const table = (header: string) =>
    `-- ${header}\n-- ${header.replace(/[^|]/g, '-').replaceAll('|', '+')}\n-- ${header.replace(/[^|]+/g, ' * ')}`

  test.each([
    ['SELECT a, t.b, c::text AS d FROM t', 'a | b | d'],
    ['SELECT conrelid::regclass::text, count(*) FROM t', 'conrelid | count'],
    ['SELECT "Odd Name" FROM t', 'Odd Name'],
    ['SELECT a, * FROM t', 'a | x | y'],
    ['SELECT t.* FROM t', 'x'],
    ['VALUES (1, 2)', 'column1 | column2'],
    ['TABLE t', 'anything'],
    ['SELECT a AS x FROM t UNION SELECT b FROM t', 'x'],
    ['SHOW time zone', 'TimeZone'],
  ])('%s may have the header %s', (query, header) => {
    expect(compile(`${query};\n${table(header)}`)).toHaveLength(1)
  })

  test.each([
    ['SELECT a FROM t', 'b', 'the query returns a'],
    ['SELECT a, b FROM t', 'b | a', 'the query returns a | b'],
    ['SELECT a, b FROM t', 'a | b | c', 'the query returns a | b'],
    ['SELECT a, b FROM t', 'a', 'the query returns a | b'],
    ['SELECT a, * FROM t', 'b | c', 'the query returns a | …'],
    ['VALUES (1)', 'n', 'the query returns column1'],
    ['SELECT a AS x FROM t UNION SELECT b FROM t', 'b', 'the query returns x'],
  ])('%s may not have the header %s', (query, header, text) => {
    const { parts } = refusalOf(`${query};\n${table(header)}`)
    expect(parts.what).toContain(text)
    expect(parts.where).toMatchObject({ line: 2 })
  })

  test('a condition must speak of one of them', () => {
    expect(refusalOf('SELECT a FROM t;\n-- expect: b = 1').parts.what).toContain('"b = 1"')
    expect(compile('SELECT a FROM t;\n-- expect: a = 1, rows = 1')).toHaveLength(1)
    expect(compile('SELECT count(*) FROM t;\n-- expect: count = 1')).toHaveLength(1)
  })
})
