import { describe, expect, test } from '@jest/globals'
import { cellAllows, compareRows } from '../../src/report/markdown/query-rows.ts'
import type { QueryTable } from '../../src/report/types.ts'

function query(expectedRows: string[][], actualRows: (string | null)[][]): QueryTable {
  const columns = ['name', 'status']
  return {
    title: '',
    columns,
    expectedRows,
    actualRows,
    actualRowCount: actualRows.length,
    conditions: [],
  }
}

test.each([
  ['*', null, true],
  ['*', 'x', true],
  ['NULL', null, true],
  ['NULL', 'NULL', false],
  ['\\NULL', 'NULL', true],
  ['\\*', '*', true],
  ['\\*', 'x', false],
  ['a\\|b', 'a|b', true],
  ['', '', true],
  ['', null, false],
  ['', ' ', false],
  ['x', ' x ', true],
  ['0', '12', false],
])('the cell %j beside the value %j: %s', (expected, actual, allowed) => {
  expect(cellAllows(expected, actual)).toBe(allowed)
})

describe('rows are paired', () => {
  test('wherever they fit', () => {
    const rows = compareRows(
      query(
        [
          ['a', 'VALID'],
          ['b', 'VALID'],
        ],
        [
          ['b', 'VALID'],
          ['a', 'VALID'],
        ],
      ),
    )
    expect(rows.map((row) => [row.actual, row.wrong])).toEqual([
      [['a', 'VALID'], []],
      [['b', 'VALID'], []],
    ])
  })

  test('a row that fits nowhere is shown beside the most alike, its wrong cell named', () => {
    const rows = compareRows(
      query(
        [['a', 'VALID']],
        [
          ['z', 'x'],
          ['a', 'INVALID'],
        ],
      ),
    )
    expect(rows).toEqual([
      { expected: ['a', 'VALID'], actual: ['a', 'INVALID'], wrong: [1] },
      { expected: null, actual: ['z', 'x'], wrong: [] },
    ])
  })

  test('a row with nothing alike is missing', () => {
    const rows = compareRows(
      query(
        [['a', 'VALID']],
        [
          ['y', 'x'],
          ['z', 'x'],
        ],
      ),
    )
    expect(rows).toEqual([
      { expected: ['a', 'VALID'], actual: null, wrong: [] },
      { expected: null, actual: ['y', 'x'], wrong: [] },
      { expected: null, actual: ['z', 'x'], wrong: [] },
    ])
  })

  test('a single row of a single column is compared in place', () => {
    const one = { ...query([['0']], [['12']]), columns: ['unmapped'] }
    expect(compareRows(one)).toEqual([{ expected: ['0'], actual: ['12'], wrong: [0] }])
  })
})
