import { beforeAll, expect, test } from '@jest/globals'
import { loadParser, parsePlpgsql, parseSql, SyntaxFailure } from '../../src/sql/parser.ts'

beforeAll(loadParser)

/** Offset of what the syntax error points at. */
function failureOf(text: string): SyntaxFailure {
  try {
    parseSql(text)
  } catch (error) {
    if (error instanceof SyntaxFailure) return error
    throw error
  }
  throw new Error('it parses')
}

function locations(value: unknown): number[] {
  if (Array.isArray(value)) return value.flatMap(locations)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, field]) =>
    name === 'location' && typeof field === 'number' ? [field] : locations(field),
  )
}

test('statements are found by UTF-16 offsets after two-, three- and four-byte characters', () => {
  const text = "SELECT 'é'; SELECT '表'; SELECT '😀'; SELECT 4"
  const found = parseSql(text).map(({ start, length }) => text.slice(start, start + length).trim())
  expect(found).toEqual(["SELECT 'é'", "SELECT '表'", "SELECT '😀'", 'SELECT 4'])
})

test('locations inside the tree are UTF-16 offsets too', () => {
  const text = "SELECT '😀é表', wanted"
  const [statement] = parseSql(text)
  expect(locations(statement?.node)).toContain(text.indexOf('wanted'))
})

test('the bounds of an IN list are UTF-16 offsets', () => {
  const text = "SELECT 'é' WHERE a IN (1, 2)"
  expect(JSON.stringify(parseSql(text)[0]?.node)).toContain(
    `"rexpr_list_start":${text.indexOf('(1')}`,
  )
})

test.each([
  ['ASCII', 'SELECT 1 FROM FROM t'],
  ['two-byte characters', "SELECT 'ééé' FROM FROM t"],
  ['astral characters', "SELECT '😀😀' FROM FROM t"],
  ['CRLF', "SELECT '😀'\r\n\tFROM FROM t"],
])('an error after %s points at the word', (_, text) => {
  expect(failureOf(text).offset).toBe(text.lastIndexOf('FROM'))
})

test('an error at the end of the text points behind its last character', () => {
  const text = "SELECT '😀' FROM"
  expect(failureOf(text).offset).toBe(text.length)
})

test('a NUL character is an error, not the end of the text', () => {
  expect(failureOf('SELECT 1;\0 DROP TABLE t').offset).toBe(9)
})

test('an empty text and one of comments have no statements', () => {
  expect(parseSql('')).toEqual([])
  expect(parseSql('-- nothing\n;;')).toEqual([])
})

test('five megabytes with non-ASCII text are read within seconds', () => {
  const line = `INSERT INTO "Tábla" (a, b) VALUES (1, 'some text 😀 here and there');\n`
  const text = line.repeat(Math.ceil(5_000_000 / line.length))
  const started = process.cpuUsage()
  const statements = parseSql(text)
  expect(process.cpuUsage(started).user).toBeLessThan(20_000_000)
  const last = statements.at(-1)
  expect(text.slice(last?.start).startsWith('INSERT')).toBe(true)
})

test('a PL/pgSQL body is read, a broken one is a SyntaxFailure', () => {
  const wrap = (body: string) => `DO $x$ ${body} $x$`
  expect(JSON.stringify(parsePlpgsql(wrap('BEGIN COMMIT; END')))).toContain('PLpgSQL_stmt_commit')
  expect(() => parsePlpgsql(wrap('BEGIN IF x END'))).toThrow(SyntaxFailure)
})
