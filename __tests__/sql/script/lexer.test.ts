import { expect, test } from '@jest/globals'
import { lex } from '../../../src/sql/script/lexer.ts'

function commentsOf(source: string): string[] {
  return lex(source).comments.map(({ start, end }) => source.slice(start, end))
}

function metasOf(source: string): string[] {
  return lex(source).metas.map(({ start, end }) => source.slice(start, end))
}

test.each([
  ['a string', "SELECT '-- no'"],
  ['a string with doubled quotes', "SELECT 'it''s -- no'"],
  ['a standard string that ends with a backslash', "SELECT '\\' || '-- no'"],
  ['an escape string', "SELECT E'\\' -- no'"],
  ['a continued escape string', "SELECT E'a'\n '\\' -- no'"],
  ['a quoted name', 'SELECT "a -- no" FROM "b""/* no"'],
  ['a dollar-quoted body', 'SELECT $$ -- no $$'],
  ['a tagged body that holds other tags', 'SELECT $a$ $$ -- no $b$ -- $a$'],
  ['a tag of letters with accents', 'SELECT $é$ -- no $é$'],
  ['a Unicode string', "SELECT U&'\\0041 -- no'"],
  ['a Unicode name', 'SELECT U&"\\0041 -- no"'],
  ['a bit string', "SELECT B'1', x'-- no'"],
])('no comment begins inside %s', (_, source) => {
  expect(commentsOf(source)).toEqual([])
})

test('comments are found with nested ones inside', () => {
  const source = 'SELECT 1 -- one\r\n/* two /* nested */ still */ + 2 --three'
  expect(commentsOf(source)).toEqual(['-- one', '/* two /* nested */ still */', '--three'])
})

test('a name with a dollar sign opens no dollar quote', () => {
  expect(commentsOf('SELECT a$b$ -- yes\n')).toEqual(['-- yes'])
})

test('a word that ends with e makes no escape string', () => {
  expect(commentsOf("SELECT type'\\' -- yes")).toEqual(['-- yes'])
})

test('a parameter opens no dollar quote', () => {
  expect(commentsOf('SELECT $1 -- yes $1')).toEqual(['-- yes $1'])
})

test('a dollar quote may follow a number, but not the digits of a parameter', () => {
  expect(commentsOf('SELECT 1$$ -- no $$')).toEqual([])
  expect(commentsOf('SELECT $1a$$ -- yes')).toEqual(['-- yes'])
})

test('backslashes count outside quotes only', () => {
  expect(metasOf('SELECT \'\\i no\', $$\\i no$$, "\\i"; -- \\i no\n\\i a.sql  \nSELECT 1')).toEqual(
    ['\\i a.sql'],
  )
})

test.each([
  'COPY t FROM STDIN;',
  'copy public."T" (a, "from") from stdin with (format csv);',
  'COPY t FROM STDOUT;',
  'COPY t FROM stdin; -- rows',
])('rows follow %s', (statement) => {
  const source = `${statement}\n1\t'x\n\\.\nSELECT 1`
  const [copy] = lex(source).copies
  expect(source.slice(copy?.start, copy?.end ?? 0)).toBe("1\t'x\n")
})

test.each([
  "COPY t FROM '/tmp/stdin';",
  'COPY t FROM "stdin";',
  'COPY (SELECT a FROM stdin) TO STDOUT;',
  "COPY t FROM PROGRAM 'x';",
  'SELECT 1 FROM stdin;',
])('no rows follow %s', (statement) => {
  expect(lex(`${statement}\n1`).copies).toEqual([])
})

test('the end of rows is a line of its own, with any line ending', () => {
  const source = 'COPY t FROM STDIN;\r\nx\\.\r\n \\.\r\n\\.\r\nSELECT 1'
  const { copies, blanked } = lex(source)
  expect(source.slice(copies[0]?.start, copies[0]?.end ?? 0)).toBe('x\\.\r\n \\.\r\n')
  expect(blanked).toHaveLength(source.length)
  expect(blanked.trimEnd().endsWith('SELECT 1')).toBe(true)
})

test('a copy without rows may have none', () => {
  expect(lex('COPY t FROM STDIN;\n\\.\n').copies).toMatchObject([{ start: 19, end: 19 }])
})

test('what is blanked keeps every other character in its place', () => {
  const source = '\uFEFFCOPY t FROM STDIN;\n😀\tä\n\\.\n\\restrict k\nSELECT 1'
  const { blanked } = lex(source)
  expect(blanked).toHaveLength(source.length)
  expect(blanked.indexOf('SELECT')).toBe(source.indexOf('SELECT'))
  expect(blanked.replace(/\s+/g, ' ').trim()).toBe('COPY t FROM STDIN; SELECT 1')
})

test('unterminated quotes and comments run to the end', () => {
  for (const source of ["'a -- b", '"a -- b', '$$ -- b', "E'a\\"])
    expect(commentsOf(source)).toEqual([])
  expect(commentsOf('/* a /* b */')).toEqual(['/* a /* b */'])
})

test('a string of twenty megabytes is read', () => {
  const source = `SELECT '${"x''".repeat(7_000_000)}' -- yes`
  expect(commentsOf(source)).toEqual(['-- yes'])
})
