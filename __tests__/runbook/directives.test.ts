import { describe, expect, test } from '@jest/globals'
import { Refusal } from '../../src/report/refusal.ts'
import type { PlacedComment } from '../../src/runbook/directive-placement.ts'
import {
  parseFileDirectives,
  parseStatementDirectives,
  placeDirectives,
  splitDirectives,
} from '../../src/runbook/directives.ts'

/** The line comments of a source, found the simple way: no strings in these tests hold two dashes. */
function commentsOf(source: string): PlacedComment[] {
  return source.split('\n').flatMap((line, index) => {
    const at = line.indexOf('--')
    if (at < 0) return []
    const where = { file: 'a.sql', line: index + 1, column: [...line.slice(0, at)].length + 1 }
    return [{ text: line.slice(at + 2), where, kind: 'line' as const, endLine: index + 1 }]
  })
}

const file = (source: string) => parseFileDirectives(commentsOf(source), { source })
const statement = (source: string) => parseStatementDirectives(commentsOf(source), { source })

function refusal(action: () => unknown): Refusal['parts'] {
  try {
    action()
  } catch (error) {
    if (error instanceof Refusal) return error.parts
    throw error
  }
  throw new Error('nothing was refused')
}

describe('directives of a file', () => {
  test('are all understood', () => {
    const directives = file(
      [
        '-- Clean up the old columns.',
        '-- airlock: transaction=off lock_timeout=3s statement_timeout=1min concurrent_timeout=2h',
        '-- airlock: disabled after=20250115160001 soak=7d',
        '-- airlock: rollback=none reason="the \\"old\\" data is gone \\\\ kept nowhere"',
        '-- airlock: retry=safe expect_duration="~30 seconds" lock_impact="Low (small tables)"',
        '-- airlock: allow=data-loss reason=agreed',
        '-- airlock: allow=long-lock reason="at night"',
      ].join('\n'),
    )
    expect(directives).toEqual({
      transaction: 'off',
      lockTimeout: 3000,
      statementTimeout: 60_000,
      concurrentTimeout: 7_200_000,
      disabled: true,
      after: { version: '20250115160001', soak: '7d', soakMs: 604_800_000 },
      rollback: { none: true, reason: 'the "old" data is gone \\ kept nowhere' },
      retry: 'safe',
      expectDuration: '~30 seconds',
      lockImpact: 'Low (small tables)',
      allow: [
        {
          hazard: 'data-loss',
          reason: 'agreed',
          where: { file: 'a.sql', line: 6, column: 13 },
        },
        {
          hazard: 'long-lock',
          reason: 'at night',
          where: { file: 'a.sql', line: 7, column: 13 },
        },
      ],
    })
  })

  test('are nothing but an empty list of allowances when there are none', () => {
    expect(file('-- Adds a column.\n-- The airlock: is elsewhere.')).toEqual({ allow: [] })
  })

  test.each([
    ['-- airlock: transacton=off', 13, 'transacton', '"transaction"'],
    ['-- airlock: lock-timeout=2s', 13, 'lock-timeout', '"lock_timeout"'],
    ['-- airlock: transaction=on', 25, 'transaction=on', 'Use one of: off'],
    ['-- airlock: transaction', 13, 'no value', 'transaction=off'],
    ['-- airlock: disabled=true', 13, 'takes no value', 'disabled alone'],
    ['-- airlock: lock_timeout=0s', 26, 'is 0', '30s'],
    ['-- airlock: lock_timeout=2', 26, 'bare number', '2s'],
    ['-- airlock: lock_timeout=', 26, 'no value', 'lock_timeout=value'],
    ['-- airlock: retry=safe retry=safe', 24, 'given twice', 'Keep one'],
    ['-- airlock: allow=data-loss', 13, 'without reason', 'reason="…"'],
    ['-- airlock: allow=dataloss reason=x', 19, 'not known', '"data-loss"'],
    ['-- airlock: rollback=none', 13, 'without reason', 'reason="…"'],
    ['-- airlock: reason="lonely"', 13, 'without allow or rollback', 'allow or rollback'],
    ['-- airlock: after=20250115160001', 13, 'without soak', 'soak=7d'],
    ['-- airlock: after=soon soak=7d', 19, 'not a version', 'digits'],
    ['-- airlock: lock_impact=Low (small)', 29, '"(small)" is not a key', 'double quotes'],
    ['-- airlock: lock_impact="Low', 25, 'no end', 'Close it'],
    ['-- airlock: lock_impact="a"b', 28, 'without a blank', 'Part the pairs'],
    ['-- airlock: batch key=id todo=x', 13, 'speaks of one statement', 'directly above'],
    ['-- airlock:', 3, 'says nothing', 'Write a key'],
    ['/* ü */ -- airlock: nonsense', 21, 'nonsense', 'Use one of'],
  ])('%s is refused at column %d: %s', (source, column, what, fix) => {
    const parts = refusal(() => file(source))
    expect(parts.where).toEqual({ file: 'a.sql', line: 1, column })
    expect(parts.excerpt).toBe(`${source}\n${' '.repeat(column - 1)}^`)
    expect(parts.what).toContain(what)
    expect(parts.fix).toContain(fix)
  })

  test('may not name one key on two lines, nor one hazard twice', () => {
    expect(refusal(() => file('-- airlock: disabled\n-- airlock: disabled')).where?.line).toBe(2)
    const twice = '-- airlock: allow=long-lock reason=a\n-- airlock: allow=long-lock reason=b'
    expect(refusal(() => file(twice)).where?.line).toBe(2)
  })

  test('are refused in a block comment, where they would look like prose', () => {
    const comment = {
      text: ' airlock: disabled ',
      where: { file: 'a.sql', line: 1, column: 1 },
      kind: 'block' as const,
    }
    expect(refusal(() => parseFileDirectives([comment])).fix).toContain('-- airlock:')
  })

  test('of a rollback script are checked against what one can have', () => {
    const comments = commentsOf('-- airlock: partial=ok')
    expect(parseFileDirectives(comments, { script: 'rollback' })).toEqual({
      partial: 'ok',
      allow: [],
    })
    expect(refusal(() => parseFileDirectives(comments, { script: 'migration' })).what).toContain(
      'no meaning in a migration script',
    )
    const disabled = commentsOf('-- airlock: disabled')
    expect(refusal(() => parseFileDirectives(disabled, { script: 'verify' })).what).toContain(
      'disabled',
    )
  })
})

describe('directives of a statement', () => {
  test('describe a batch', () => {
    const line =
      '-- airlock: batch key="categoryId, \\"odd,name\\"" todo="\\"categoryId\\" IS NULL" size=500 pause=1s'
    expect(statement(line).batch).toEqual({
      key: ['categoryId', 'odd,name'],
      todo: '"categoryId" IS NULL',
      size: 500,
      pauseMs: 1000,
      where: { file: 'a.sql', line: 1, column: 13 },
    })
  })

  test('have defaults for size and pause, and pause may be nothing', () => {
    expect(statement('-- airlock: batch key=id todo=x').batch).toMatchObject({
      key: ['id'],
      size: 5000,
      pauseMs: 100,
    })
    expect(statement('-- airlock: batch key=id todo=x pause=0ms').batch?.pauseMs).toBe(0)
  })

  test('take timeouts and allowances', () => {
    expect(
      statement('-- airlock: lock_timeout=500ms\n-- airlock: allow=irreversible reason=x'),
    ).toMatchObject({ lockTimeout: 500, allow: [{ hazard: 'irreversible', reason: 'x' }] })
  })

  test.each([
    ['-- airlock: disabled', 'whole file', 'blank line below'],
    ['-- airlock: batch key=id', 'without todo', 'batch key=id todo'],
    ['-- airlock: size=5', 'without batch', 'Add batch'],
    ['-- airlock: batch key=id todo=x size=0', 'not a number of rows', '5000'],
    ['-- airlock: batch key=id todo=x size=many', 'not a number of rows', '5000'],
    ['-- airlock: batch key="a,,b" todo=x', 'not a list of columns', 'key=id'],
    ['-- airlock: batch key="a,a" todo=x', 'not a list of columns', 'key=id'],
    ['-- airlock: batch key=id todo=x pause=5', 'bare number', '5s'],
  ])('%s is refused: %s', (source, what, fix) => {
    const parts = refusal(() => statement(source))
    expect(parts.what).toContain(what)
    expect(parts.fix).toContain(fix)
  })
})

describe('where a directive belongs', () => {
  test('a blank line parts the header of the file from the comments of the first statement', () => {
    const comments = commentsOf('-- header\n\n-- header too\n\n-- mine\n-- mine too\nSELECT 1')
    const { file, statement } = splitDirectives(comments, 7)
    expect(file.map(({ text }) => text)).toEqual([' header', ' header too'])
    expect(statement.map(({ text }) => text)).toEqual([' mine', ' mine too'])
  })

  test('without a blank line everything above the first statement is the statement’s', () => {
    expect(splitDirectives(commentsOf('-- a\n-- b\nSELECT 1'), 3).file).toEqual([])
  })

  test('a blank line above the first statement leaves everything to the file', () => {
    expect(splitDirectives(commentsOf('-- a\n-- b\n\nSELECT 1'), 4).statement).toEqual([])
  })

  test('a file of comments only has no statement to give them to', () => {
    expect(splitDirectives(commentsOf('-- a\n-- b'), null).file).toHaveLength(2)
  })

  test('a block comment touches with its last line', () => {
    const block = {
      text: ' two\nlines ',
      where: { file: 'a.sql', line: 2, column: 1 },
      kind: 'block' as const,
      endLine: 3,
    }
    const comments = [...commentsOf('-- airlock: allow=long-lock reason=x'), block]
    expect(splitDirectives(comments, 4).statement).toHaveLength(2)
  })

  test('later statements have the block that touches them', () => {
    const source = 'SELECT 1;\n\n-- title\n-- airlock: lock_timeout=1s\nSELECT 2;'
    const placed = placeDirectives(
      commentsOf(source),
      [
        { line: 1, column: 1, endLine: 1 },
        { line: 5, column: 1, endLine: 5 },
      ],
      source,
    )
    expect(placed.statements.map((block) => block.length)).toEqual([0, 2])
  })

  test.each([
    ['parted from its statement', 'SELECT 1;\n-- airlock: lock_timeout=1s\n\nSELECT 2;', 2],
    ['behind a statement', 'SELECT 1; -- airlock: lock_timeout=1s\n\n\nSELECT 2;', 1],
    ['behind the last statement', 'SELECT 1;\n\n\nSELECT 2;\n-- airlock: disabled', 5],
    ['inside a statement', 'SELECT 1;\n\n\nSELECT\n-- airlock: lock_timeout=1s\n2;', 5],
  ])('a directive %s is refused, not ignored', (_, source, line) => {
    const statements = [
      { line: 1, column: 1, endLine: 1 },
      { line: 4, column: 1, endLine: 4 },
    ]
    const parts = refusal(() => placeDirectives(commentsOf(source), statements, source))
    expect(parts.where?.line).toBe(line)
    expect(parts.what).toContain('belongs to no statement')
  })
})
