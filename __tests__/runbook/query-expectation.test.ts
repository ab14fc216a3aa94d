import { describe, expect, test } from '@jest/globals'
import { Refusal } from '../../src/report/refusal.ts'
import { findQueryExpectation, parseQueryExpectation } from '../../src/runbook/query-expectation.ts'

/** Lines as comments from line 1 on; an empty string is a line without a comment. */
function commentsOf(lines: readonly string[]) {
  return lines.flatMap((line, index) =>
    line.startsWith('--')
      ? [{ text: line.slice(2), where: { file: 'v.sql', line: index + 1, column: 1 } }]
      : [],
  )
}

const parse = (...lines: string[]) => parseQueryExpectation(commentsOf(lines), lines.join('\n'))

function refusal(...lines: string[]): Refusal['parts'] {
  try {
    parse(...lines)
  } catch (error) {
    if (error instanceof Refusal) return error.parts
    throw error
  }
  throw new Error('nothing was refused')
}

describe('an expected table', () => {
  test('is read as psql prints it', () => {
    expect(
      parse(
        '--  mapped | unmapped ',
        '-- --------+----------',
        '--  *      |        0',
        '-- (1 row)',
      ),
    ).toEqual({
      form: 'table',
      columns: ['mapped', 'unmapped'],
      rows: [[{ type: 'any' }, { type: 'text', text: '0' }]],
      where: { file: 'v.sql', line: 1, column: 5 },
    })
  })

  test('knows anything, null, the empty string and their escapes', () => {
    const table = parse(
      '-- a | b | c',
      '-- --+---+--',
      '-- NULL |  | *',
      '-- \\NULL | \\* | a\\|b',
      '-- null | \\x00ff | \\\\*',
    )
    expect(table).toMatchObject({
      rows: [
        [{ type: 'null' }, { type: 'text', text: '' }, { type: 'any' }],
        [
          { type: 'text', text: 'NULL' },
          { type: 'text', text: '*' },
          { type: 'text', text: 'a|b' },
        ],
        [
          { type: 'text', text: 'null' },
          { type: 'text', text: '\\x00ff' },
          { type: 'text', text: '\\*' },
        ],
      ],
    })
  })

  test('may have one column, and rows that look like prose', () => {
    expect(parse('--  conname', '-- ---------', '--  my check')).toMatchObject({
      columns: ['conname'],
      rows: [[{ type: 'text', text: 'my check' }]],
    })
  })

  test('may have no rows', () => {
    expect(parse('-- a | b', '-- --+--')).toMatchObject({ rows: [] })
    expect(parse('--  a', '-- ---', '-- (0 rows)')).toMatchObject({ columns: ['a'], rows: [] })
  })

  test('ends at an empty line or its footer, and leaves the next title alone', () => {
    const open = ['-- a', '-- --', '-- 1', '', '-- Next query']
    expect(findQueryExpectation(commentsOf(open))).toMatchObject({ end: 3 })
    const closed = ['-- a', '-- --', '-- 1', '-- (1 row)', '-- Next query']
    expect(findQueryExpectation(commentsOf(closed))).toMatchObject({
      end: 4,
      expectation: { rows: [[{ type: 'text', text: '1' }]] },
    })
  })

  test('may stand behind a remark', () => {
    expect(parse('-- as in the runbook:', '-- a | b', '-- --+--', '-- 1 | 2')).toMatchObject({
      columns: ['a', 'b'],
    })
  })

  test.each([
    [['-- a | b', '-- --+--', '-- 1'], 3, 4, '1 cell, the header 2', 'empty line'],
    [['-- a | b', '-- --+--', '-- 1 | 2 | 3'], 3, 12, '3 cells, the header 2', '\\|'],
    [['-- a | b', '-- --|--', '-- 1 | 2'], 2, 4, 'does not part 2 columns', '----+----'],
    [['-- a | b', '-- --+--+--', '-- 1 | 2'], 2, 4, 'does not part 2 columns', '----+----'],
    [['-- a | b', '-- --+--', '-- 1 | 2', '-- (2 rows)'], 4, 4, 'says 2 rows, but 1 is', 'footer'],
    [
      ['-- a', '-- --', '-- 1', '', '-- a', '-- --', '-- 2'],
      5,
      4,
      'second expectation',
      'one of them',
    ],
    [['-- expect: a = 1', '', '-- expect: b = 1'], 3, 4, 'second expectation', 'one of them'],
  ])('%j is refused at line %d, column %d', (lines, line, column, what, fix) => {
    const parts = refusal(...lines)
    expect(parts.where).toEqual({ file: 'v.sql', line, column })
    expect(parts.what).toContain(what)
    expect(parts.fix).toContain(fix)
    expect(parts.excerpt).toBe(`${lines[line - 1]}\n${' '.repeat(column - 1)}^`)
  })

  test.each([
    [['-- Every recipe is mapped']],
    [['-- -----------', '-- Section two', '-- -----------']],
    [['-- Section two', '-- -----------']],
    [['-- ===========', '-- Section two', '-- ===========']],
    [['-- left | right, as we say']],
    [['-- We expect: nothing']],
    [['-- A | B', '-- --------------']],
    [['-- a', '', '-- --', '', '-- 1']],
    [['--', '-- --', '-- x']],
    [[]],
  ])('%j is no expectation', (lines) => {
    expect(parse(...lines)).toBeNull()
  })
})

describe('the short form', () => {
  test('compares columns and counts rows', () => {
    expect(parse('-- expect: mapped > 0, unmapped = 0')).toEqual({
      form: 'short',
      conditions: [
        { column: 'mapped', operator: '>', values: ['0'], text: 'mapped > 0' },
        { column: 'unmapped', operator: '=', values: ['0'], text: 'unmapped = 0' },
      ],
      where: { file: 'v.sql', line: 1, column: 4 },
    })
    expect(parse('-- expect: rows = 0')).toMatchObject({
      conditions: [{ column: null, operator: '=', values: ['0'] }],
    })
  })

  test.each([
    ['a<=1', 'a', '<=', ['1']],
    ['a>=-1.5', 'a', '>=', ['-1.5']],
    ['a <> b', 'a', '!=', ['b']],
    ['a!=b', 'a', '!=', ['b']],
    ['"Odd, ""name""" = 1', 'Odd, "name"', '=', ['1']],
    ['"rows" = 5', 'rows', '=', ['5']],
    ['größe < 5', 'größe', '<', ['5']],
    ['a IS  NOT NULL', 'a', 'is not null', []],
    ['a is null', 'a', 'is null', []],
    ['n Between 1 AND 5', 'n', 'between', ['1', '5']],
    ["s = 'it''s, here'", 's', '=', ["it's, here"]],
    ["s = ''", 's', '=', ['']],
    ["s = 'null'", 's', '=', ['null']],
    ['d > 2025-01-15', 'd', '>', ['2025-01-15']],
    ['?column? = t', '?column?', '=', ['t']],
    ['rows between 1 and 3', null, 'between', ['1', '3']],
  ])('reads %s', (text, column, operator, values) => {
    expect(parse(`-- expect: ${text}`)).toMatchObject({
      conditions: [{ column, operator, values, text }],
    })
  })

  test('may go on over several lines', () => {
    expect(parse('-- expect: a = 1', '-- expect: b = 2, c = 3')).toMatchObject({
      conditions: [{ column: 'a' }, { column: 'b' }, { column: 'c' }],
    })
  })

  test.each([
    ['-- expect:', 11, 'A column was expected', 'mapped > 0'],
    ['-- expect: a', 13, 'comparison was expected after a', 'between a and b'],
    ['-- expect: a =', 15, 'A value was expected', 'single quotes'],
    ['-- expect: a = 1 b = 2', 18, 'comma or the end', 'commas'],
    ['-- expect: a = in progress', 19, 'comma or the end', "'in progress'"],
    ['-- expect: a = 1,', 18, 'A column was expected', 'mapped > 0'],
    ['-- expect: a = NULL', 20, 'never true', 'is null'],
    ['-- expect: n between 1', 23, '"and" was expected', 'between 1 and 5'],
    ['-- expect: rows = many', 23, 'no number of rows', '"rows"'],
    ['-- expect: rows is null', 24, 'no number of rows', '"rows"'],
    ["-- expect: a = 'open", 16, 'A value was expected', 'single quotes'],
    ['-- expect: a = "b"', 16, 'A value was expected', 'single quotes'],
    ['-- expect: ü ~ 1', 14, 'comparison was expected', '='],
  ])('%s is refused at column %d', (line, column, what, fix) => {
    const parts = refusal(line)
    expect(parts.where).toEqual({ file: 'v.sql', line: 1, column })
    expect(parts.what).toContain(what)
    expect(parts.fix).toContain(fix)
  })
})
