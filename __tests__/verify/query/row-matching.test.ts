import { describe, expect, test } from '@jest/globals'
import type { ExpectedCell } from '../../../src/runbook/types.ts'
import {
  matchAsMultiset,
  matchesCell,
  matchInOrder,
} from '../../../src/verify/query/row-matching.ts'

const cell = (text: string): ExpectedCell =>
  text === '*' ? { type: 'any' } : text === 'NULL' ? { type: 'null' } : { type: 'text', text }
const rows = (...lines: string[]) => lines.map((line) => line.split('|').map(cell))

describe('a cell', () => {
  test.each([
    ['*', null, true],
    ['*', 'x', true],
    ['NULL', null, true],
    ['NULL', 'NULL', false],
    ['', '', true],
    ['', null, false],
    ['', ' ', false],
    ['t', 't', true],
    ['VALID', 'VALID  ', true],
    ['5', '  5', true],
    ['a b', 'a  b', false],
    ['a', 'a\n', false],
  ])('%j written, %j returned: %j', (written, returned, same) => {
    expect(matchesCell(cell(written), returned)).toBe(same)
  })
})

describe('rows in order', () => {
  test('match one by one', () => {
    expect(matchInOrder(rows('a', 'b'), [['a'], ['b']])).toEqual({ missing: [], unexpected: [] })
  })

  test('differ when swapped', () => {
    expect(matchInOrder(rows('a', 'b'), [['b'], ['a']])).toEqual({
      missing: rows('a', 'b'),
      unexpected: [['b'], ['a']],
    })
  })

  test('differ when one is left over', () => {
    expect(matchInOrder(rows('a'), [['a'], ['b']]).unexpected).toEqual([['b']])
    expect(matchInOrder(rows('a', 'b'), [['a']]).missing).toEqual(rows('b'))
  })
})

describe('rows as a multiset', () => {
  test('match in any order', () => {
    expect(
      matchAsMultiset(rows('a|1', 'b|2'), [
        ['b', '2'],
        ['a', '1'],
      ]),
    ).toEqual({
      missing: [],
      unexpected: [],
    })
  })

  test('are counted, not only found', () => {
    expect(matchAsMultiset(rows('a', 'a', 'b'), [['a'], ['b'], ['b']])).toEqual({
      missing: rows('a'),
      unexpected: [['b']],
    })
  })

  test('a * does not take the row that a more exact one needs', () => {
    expect(
      matchAsMultiset(rows('*|1', 'a|1'), [
        ['a', '1'],
        ['b', '1'],
      ]),
    ).toEqual({
      missing: [],
      unexpected: [],
    })
  })

  test('rows with * are paired as a whole: no first fit leaves one over', () => {
    const expected = rows('*|*', 'a|*', '*|1')
    const actual = [
      ['a', '1'],
      ['a', '2'],
      ['c', '3'],
    ]
    for (const turned of [
      actual,
      actual.toReversed(),
      [actual[1] ?? [], actual[0] ?? [], actual[2] ?? []],
    ]) {
      expect(matchAsMultiset(expected, turned)).toEqual({ missing: [], unexpected: [] })
    }
  })

  test('too few fits are told', () => {
    expect(
      matchAsMultiset(rows('a|*', 'a|*'), [
        ['a', '1'],
        ['b', '2'],
      ]),
    ).toEqual({
      missing: rows('a|*'),
      unexpected: [['b', '2']],
    })
  })

  test('ten thousand rows are matched in no time', () => {
    const many = Array.from({ length: 10_000 }, (_, n) => String(n))
    const started = performance.now()
    expect(
      matchAsMultiset(
        rows(...many),
        many.toReversed().map((n) => [n]),
      ),
    ).toEqual({
      missing: [],
      unexpected: [],
    })
    expect(performance.now() - started).toBeLessThan(2000)
  })
})
