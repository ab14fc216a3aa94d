import { beforeAll, describe, expect, test } from '@jest/globals'
import { Refusal, type RefusalParts } from '../../src/report/refusal.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { parseScript } from '../../src/sql/script.ts'

beforeAll(loadParser)

function textsOf(source: string): string[] {
  return parseScript('a.sql', source).statements.map(({ text }) => text)
}

function refusalOf(source: string): RefusalParts {
  try {
    parseScript('a.sql', source)
  } catch (error) {
    if (error instanceof Refusal) return error.parts
    throw error
  }
  throw new Error('it is accepted')
}

function placeOf(source: string): string {
  const { where } = refusalOf(source)
  return `${where?.line}:${where?.column}`
}

describe('statements', () => {
  test('an empty file, one of blanks and one of comments have none', () => {
    for (const source of ['', '\uFEFF', ' \r\n\t', '-- a\n/* b */\n', ';;']) {
      expect(textsOf(source)).toEqual([])
    }
  })

  test('begin at the first token and end at the last, without semicolon and comments', () => {
    const source = '  -- a\n/* b */ SELECT 1 /* c */ + 1 /* d */ ;-- e\n\tSELECT 2 -- f'
    expect(textsOf(source)).toEqual(['SELECT 1 /* c */ + 1', 'SELECT 2'])
  })

  test('hold semicolons of strings, bodies, rules and atomic functions [trap: split-on-semicolon]', () => {
    const statements = [
      "SELECT ';', E'\\';', \";\"",
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$',
      'CREATE FUNCTION g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END',
      'CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b)',
    ]
    expect(textsOf(statements.join(';\n'))).toEqual(statements)
  })

  test('keep text, offsets and places after a byte order mark, CRLF, tabs and astral characters', () => {
    const source = "\uFEFFSELECT '😀é';\r\n\t/* 表 */ SELECT '😀', 2;\r\nSELECT 3"
    const { statements } = parseScript('m/a.sql', source)
    expect(statements.map(({ text }) => text)).toEqual([
      "SELECT '😀é'",
      "SELECT '😀', 2",
      'SELECT 3',
    ])
    for (const { text, start, end } of statements) expect(source.slice(start, end)).toBe(text)
    expect(statements.map(({ where }) => `${where.file}:${where.line}:${where.column}`)).toEqual([
      'm/a.sql:1:1',
      'm/a.sql:2:10',
      'm/a.sql:3:1',
    ])
  })

  test('carry the comments since the statement before, those at the end belong to the file alone', () => {
    const source = '-- a\nSELECT 1 /* inside */ + 1; -- b\n\n/* c */\n--d\nSELECT 2; -- e\n-- f'
    const { statements, comments } = parseScript('a.sql', source)
    expect(statements.map(({ leading }) => leading.map(({ text }) => text))).toEqual([
      [' a'],
      [' b', ' c ', 'd'],
    ])
    expect(comments.map(({ text }) => text)).toEqual([
      ' a',
      ' inside ',
      ' b',
      ' c ',
      'd',
      ' e',
      ' f',
    ])
    expect(comments[4]).toMatchObject({ kind: 'line', line: 5, column: 1, text: 'd' })
    for (const { start, end, text } of comments) expect(source.slice(start, end)).toContain(text)
  })

  test('a megabyte is read within seconds', () => {
    const line = `INSERT INTO "Tábla" (a) VALUES ('some text 😀 here'); -- done\n`
    const started = process.cpuUsage()
    const { statements } = parseScript('a.sql', line.repeat(Math.ceil(1_000_000 / line.length)))
    expect(process.cpuUsage(started).user).toBeLessThan(10_000_000)
    expect(statements.at(-1)?.where).toMatchObject({ line: statements.length, column: 1 })
  })
})

describe('COPY', () => {
  test('takes the rows up to the line \\. and what follows stays in its place', () => {
    const source = "COPY t (a) FROM STDIN;\r\nit's\t😀\r\n-- row\r\n\\.\r\nSELECT 1;"
    const { statements, comments } = parseScript('a.sql', source)
    expect(statements.map(({ text }) => text)).toEqual(['COPY t (a) FROM STDIN', 'SELECT 1'])
    expect(statements[0]?.copyData).toBe("it's\t😀\r\n-- row\r\n")
    expect(statements[1]?.where).toMatchObject({ line: 5, column: 1 })
    expect(statements[1]?.copyData).toBeNull()
    expect(comments).toEqual([])
  })

  test('from a file of the server has no rows', () => {
    expect(parseScript('a.sql', "COPY t FROM '/tmp/a.csv'").statements[0]?.copyData).toBeNull()
  })

  test.each([
    ['rows without an end', 'SELECT 1;\nCOPY t FROM STDIN;\n1\n', '2:1'],
    ['no rows', 'SELECT 1;\n  COPY t FROM STDIN', '2:3'],
    ['text before the rows', 'COPY t FROM STDIN; SELECT 1;\n1\n\\.\n', '1:20'],
    ['STDOUT', 'COPY t TO STDOUT;', '1:1'],
    ['binary rows', 'COPY t FROM STDIN (FORMAT binary);\n1\n\\.\n', '1:1'],
  ])('with %s is refused', (_, source, place) => {
    expect(placeOf(source)).toBe(place)
  })
})

describe("psql's own language", () => {
  test('the \\restrict and \\unrestrict of pg_dump are skipped and listed', () => {
    const source = '\\restrict aBc\n\nSELECT 1;\n\\unrestrict aBc\n'
    const { statements, skipped } = parseScript('a.sql', source)
    expect(statements).toHaveLength(1)
    expect(skipped).toEqual([
      { text: '\\restrict aBc', where: { file: 'a.sql', line: 1, column: 1 } },
      { text: '\\unrestrict aBc', where: { file: 'a.sql', line: 4, column: 1 } },
    ])
  })

  test.each([
    ["\\copy t FROM 'a.csv'", /COPY … FROM STDIN/],
    ['\\i other.sql', /Put the text of that file/],
    ['\\ir other.sql', /Put the text of that file/],
    ['\\set v 1', /current_setting/],
    ['\\gexec', /EXECUTEs format/],
    ['\\connect other', /target of its own/],
    ['\\c other', /target of its own/],
    ['\\if :x', /DO block/],
    ['\\echo hello', /RAISE NOTICE/],
    ['\\! rm x', /workflow/],
    ['\\dt+', /verify script/],
    ['\\.', /COPY/],
    ['\\nonsense', /write what it does as SQL/],
  ])('%s is refused at its line with what to do', (meta, fix) => {
    const parts = refusalOf(`SELECT 'é';\r\n ${meta}\nSELECT 2;`)
    expect(parts.where).toEqual({ file: 'a.sql', line: 2, column: 2 })
    expect(parts.excerpt).toBe(` ${meta}\n ^`)
    expect(parts.fix).toMatch(fix)
  })

  test('a meta-command behind a query is refused where it stands', () => {
    expect(placeOf("SELECT 'CREATE TABLE x()' \\gexec")).toBe('1:27')
  })

  test.each(['SELECT :name', "SELECT :'name'", 'SELECT * FROM :"name"', 'SELECT :{?name}'])(
    'the variable of %s is named as one',
    (source) => {
      const parts = refusalOf(`SELECT 1;\n${source};`)
      expect(parts.why).toMatch(/variable of psql/)
      expect(parts.where).toMatchObject({ line: 2, column: source.indexOf(':') + 1 })
    },
  )

  test('a cast is no variable', () => {
    expect(refusalOf("SELECT '1'::").why).not.toMatch(/variable/)
  })
})

test('standard_conforming_strings = off is refused: strings would mean something else', () => {
  expect(placeOf('SELECT 1;\nSET standard_conforming_strings = off;')).toBe('2:1')
  expect(textsOf('SET standard_conforming_strings = on')).toHaveLength(1)
})

describe('syntax errors', () => {
  test('are shown at their place with a caret', () => {
    const parts = refusalOf("SELECT '😀';\r\n\tSELECT 'é' FROM FROM t;\r\n")
    expect(parts.what).toContain('syntax error at or near "FROM"')
    expect(parts.where).toEqual({ file: 'a.sql', line: 2, column: 18 })
    expect(parts.excerpt).toBe(`\tSELECT 'é' FROM FROM t;\n\t${' '.repeat(16)}^`)
  })

  test.each([
    ['ALTER TABLE t ADD CONSTRAINT IF NOT EXISTS c CHECK (a > 0)', /DROP CONSTRAINT IF EXISTS/],
    ["CREATE TYPE IF NOT EXISTS e AS ENUM ('a')", /duplicate_object/],
    ['CREATE POLICY IF NOT EXISTS p ON t', /DROP POLICY IF EXISTS/],
    ['CREATE TRIGGER IF NOT EXISTS g BEFORE INSERT ON t', /DROP TRIGGER IF EXISTS|OR REPLACE/],
    ['CREATE FUNCTION IF NOT EXISTS f() RETURNS int', /OR REPLACE/],
    ['CREATE INDEX CONCURRENTLY IF NOT EXISTS ON t (a)', /name/],
    ["SELECT 'never closed", /Close it/],
    ['SELECT 1\nCREATE TABLE t (a int)', /semicolon/],
    ['CREATE TABLE t (a int,\n)', /comma/],
    ['CREATE TABLE t (a int', /parenthesis|end/],
    ['CREATE TABLE `t` (a int)', /double quotes/],
    ['CREATE TABLE t (a int AUTO_INCREMENT)', /IDENTITY/],
    ['SELECT 1;\nGO\nSELECT 2', /semicolon/i],
    ['SELECT 1;\0', /UTF-8/],
  ])('%s comes with advice', (source, advice) => {
    expect(refusalOf(source).fix).toMatch(advice)
  })

  test('in a DO block are placed where the word stands', () => {
    const source = 'SELECT 1;\nDO $$\nBEGIN\n  CREATE TABEL t ();\nEND $$;'
    expect(placeOf(source)).toBe('4:10')
    expect(refusalOf(source).what).toContain('PL/pgSQL')
  })

  test('quote little of an unterminated string', () => {
    const { what } = refusalOf(`SELECT 'first line\n${'x'.repeat(1000)}`)
    expect(what).toBe(
      'a.sql is not valid SQL: unterminated quoted string at or near "\'first line…"',
    )
  })

  test('a chain of 3,000 operators is no problem', () => {
    expect(textsOf(`SELECT 'é'${" || 'x'".repeat(3000)}`)).toHaveLength(1)
  })

  test('of deep nesting is a refusal too', () => {
    expect(() => parseScript('a.sql', `SELECT ${'('.repeat(100_000)}`)).toThrow(Refusal)
  })
})
