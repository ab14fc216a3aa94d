import { beforeAll, describe, expect, test } from '@jest/globals'
import { compileSmoke } from '../../src/checks/smoke/compile.ts'
import type { HttpTest } from '../../src/checks/smoke/types.ts'
import { Refusal } from '../../src/report/refusal.ts'
import { parseGates } from '../../src/runbook/gates/sections.ts'
import { loadParser } from '../../src/sql/parser.ts'

beforeAll(loadParser)

const compile = (checks: readonly Record<string, unknown>[], more: Record<string, unknown> = {}) =>
  compileSmoke(
    parseGates({ smoke: { ...more, checks: checks.map((one) => ({ name: 'x', ...one })) } }).smoke,
  )

const compileHttp = (http: Record<string, unknown>) =>
  compile([{ http: { url: 'https://example.com/', ...http } }])?.tests[0] as HttpTest

function refusalOf(act: () => unknown): Refusal {
  try {
    act()
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
  throw new Error('it was not refused')
}

describe('the section smoke', () => {
  test('may be absent', () => {
    expect(compileSmoke(undefined)).toBeNull()
  })

  test('says in one line what each test expects', () => {
    const tests = compile([
      {
        name: 'a',
        http: {
          url: 'https://example.com/api/recipes',
          json: { length: '> 0', '[0].name': 'Bread' },
          text: 'Recipe',
          status: [200, 204],
          latency: '500ms',
        },
      },
      { name: 'b', command: './smoke.sh', timeout: '1min' },
      { name: 'c', sql: 'select count(*) as n from t', expect: 'n > 0' },
      { name: 'd', sql: 'select 1 as one;\n-- one\n-- ---\n-- 1\n-- (1 row)' },
    ])?.tests
    expect(tests?.map(({ expected }) => expected)).toEqual([
      'GET https://example.com/api/recipes: status 200 or 204, length > 0, [0].name = "Bread", contains "Recipe", within 500 ms',
      'exit code 0 within 1 min',
      'n > 0',
      '1 row',
    ])
  })

  test('shows nothing of a URL that may be a secret', () => {
    const { expected, request } = compileHttp({
      url: 'https://us%65r:pa%3Ass@example.com/x?token=s3cret&page=1',
    })
    expect(expected).toBe('GET https://example.com/x?token=…&page=…: status 200')
    expect(request.url).toBe('https://example.com/x?token=s3cret&page=1')
    expect(request.headers.authorization).toBe(
      `Basic ${Buffer.from('user:pa:ss').toString('base64')}`,
    )
  })

  test.each<[string, readonly Record<string, unknown>[], RegExp]>([
    ['twice', [{ command: 'true' }, { command: 'true' }], /given twice/],
    ['ftp', [{ http: { url: 'ftp://x/' } }], /none that can be asked over HTTP/],
    ['relative', [{ http: { url: '/api/recipes' } }], /none that can be asked over HTTP/],
    ['a body', [{ http: { url: 'http://x/', body: 'x' } }], /GET has a body/],
    ['a path', [{ http: { url: 'http://x/', json: { 'a..b': 1 } } }], /"a\.\.b"/],
    ['a header', [{ http: { url: 'http://x/', headers: { 'a b': 'c' } } }], /"a b" can't be sent/],
    ['twin headers', [{ http: { url: 'http://x/', headers: { A: 'b', a: 'c' } } }], /given twice/],
    ['no expectation', [{ sql: 'select 1' }], /no expectation/],
    ['a write', [{ sql: 'delete from t', expect: 'rows = 0' }], /can't hold this/],
    [
      'a hidden write',
      [{ sql: 'with d as (delete from t returning 1) select * from d', expect: 'rows = 0' }],
      /can't hold this/,
    ],
    [
      'two queries',
      [{ sql: 'select 1;\n-- expect: rows = 1\nselect 2', expect: 'rows = 1' }],
      /several queries/,
    ],
    ['smuggled SQL', [{ sql: 'select 1', expect: 'rows = 1\n; delete from t' }], /several lines/],
    ['a typo', [{ sql: 'selec 1', expect: 'rows = 1' }], /syntax error/],
    [
      'a bad condition',
      [{ sql: 'select 1 as a', expect: 'a is about 1' }],
      /comparison was expected/,
    ],
    ['an unknown column', [{ sql: 'select 1 as a', expect: 'b = 1' }], /does not return/],
  ])('%s is refused with what, why and a fix', (_, checks, message) => {
    const { parts, exitCode } = refusalOf(() => compile(checks))
    expect(parts.what).toMatch(/^Smoke test "x": /)
    expect(parts.what).toMatch(message)
    expect(parts.why).not.toBe('')
    expect(parts.fix).not.toBe('')
    expect(exitCode).toBe(2)
  })

  test('a refusal quotes neither a URL nor a header', () => {
    for (const http of [
      { url: 'hxxp://user:s3cret@example.com/' },
      { url: 'http://example.com/', headers: { authorization: 'Bearer s3cret\n' } },
    ]) {
      expect(JSON.stringify(refusalOf(() => compile([{ http }])).parts)).not.toContain('s3cret')
    }
  })
})
