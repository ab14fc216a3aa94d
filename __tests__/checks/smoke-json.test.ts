import { describe, expect, test } from '@jest/globals'
import { compileComparison, judgeComparison } from '../../src/checks/smoke/json-comparison.ts'
import { parsePath, valueAt } from '../../src/checks/smoke/json-path.ts'

describe('a path into JSON', () => {
  test.each([
    ['length', ['length']],
    ['[0].name', [0, 'name']],
    ['items[0].id', ['items', 0, 'id']],
    ['a.b.c', ['a', 'b', 'c']],
    ['["a.b"]["say \\"hi\\""]', ['a.b', 'say "hi"']],
    ['[1][2]', [1, 2]],
    ['größe', ['größe']],
  ])('%s is read', (text, steps) => {
    expect(parsePath(text)).toEqual(steps)
  })

  test.each(['', '.', '.a', 'a.', 'a..b', 'a[', 'a[x]', '[0]name', 'a b', 'a["x]'])(
    '%j is none',
    (text) => {
      expect(parsePath(text)).toBeNull()
    },
  )

  test('finds what is there, and nothing that objects inherit', () => {
    const document = { items: [{ id: 1, length: 'odd' }], text: 'äöü', constructor_: null }
    const at = (path: string) => valueAt(document, parsePath(path) ?? [])
    expect(at('items.length')).toBe(1)
    expect(at('items[0].id')).toBe(1)
    expect(at('items[0].length')).toBe('odd')
    expect(at('text.length')).toBe(3)
    expect(at('constructor_')).toBeNull()
    expect(at('constructor')).toBeUndefined()
    expect(at('items.map')).toBeUndefined()
    expect(at('items[7].id')).toBeUndefined()
    expect(at('text[0]')).toBeUndefined()
  })
})

const same = (text: string) => text

describe('a comparison', () => {
  const holds = (path: string, value: string | number | boolean | null, document: unknown) => {
    const comparison = compileComparison(path, value)
    if (comparison === null) throw new Error(`${path} is no path`)
    return judgeComparison(comparison, document, same).holds
  }

  test.each<[string, string | number | boolean | null, unknown, boolean]>([
    ['length', '> 0', [1], true],
    ['length', '> 0', [], false],
    ['length', '>= 2', [1], false],
    ['a', '< 2', { a: 1.5 }, true],
    ['a', '<= 1', { a: 1 }, true],
    ['a', 1, { a: 1 }, true],
    ['a', 1, { a: '1' }, false],
    ['a', '1', { a: '1' }, true],
    ['a', '= 1', { a: 1 }, true],
    ['a', '= "> 0"', { a: '> 0' }, true],
    ['a', '!= null', { a: 1 }, true],
    ['a', '!= null', { a: null }, false],
    ['a', '!= null', {}, false],
    ['a', null, { a: null }, true],
    ['a', null, {}, false],
    ['a', true, { a: true }, true],
    ['a', '> 2025-01-01', { a: '2025-03-01' }, true],
    ['a', '> 1', { a: '2' }, false],
    ['a', '> 1', { a: null }, false],
    ['a', 'plain words', { a: 'plain words' }, true],
  ])('%s: %j beside %j holds: %j', (path, value, document, expected) => {
    expect(holds(path, value, document)).toBe(expected)
  })

  test('says what was found, long values shortened', () => {
    const comparison = compileComparison('a', 'x')
    if (comparison === null) throw new Error('no path')
    expect(judgeComparison(comparison, {}, same).found).toBe('a is not there')
    expect(judgeComparison(comparison, { a: [1] }, same).found).toBe('a = [1]')
    expect(judgeComparison(comparison, { a: 'y'.repeat(500) }, same).found.length).toBeLessThan(90)
  })
})
