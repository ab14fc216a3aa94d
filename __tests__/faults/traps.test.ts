import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { project } from '../support/program.ts'
import { trapMarks, wrongMarks } from './trap-names.ts'
import { traps } from './traps.ts'

const folder = join(project, '__tests__')
/** This file's own examples are no tests of traps. */
const own = join('faults', 'traps.test.ts')

function sources(): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts') && file !== own)
      .map((file) => [file, readFileSync(join(folder, file), 'utf8')]),
  )
}

test('every trap of the table has a test of its own that runs, and no test names another', () => {
  expect(wrongMarks(Object.keys(traps), sources())).toEqual([])
})

describe('the marks in the names of tests', () => {
  test.each([
    [`test('a [trap: x]', async () => {`, 'test'],
    [`  test(\n    'a, "b" and \\'c\\' [trap: x]',\n    async () => {`, 'test'],
    [`test.each(Object.entries(f(1)))(\n  '%s [trap: x]',`, 'test.each'],
    [`test.each<[string, (a: A) => B]>([\n  ['(', a],\n])('%s [trap: x]'`, 'test.each'],
    [`test.skip('a [trap: x]', () => {`, 'test.skip'],
    [`test.todo('a [trap: x]')`, 'test.todo'],
    [`xtest("a [trap: x]", () => {`, 'xtest'],
    ['test(`a [trap: x]`, () => {', 'test'],
    [`const name = 'a [trap: x]'`, ''],
    ['// proves [trap: x]', ''],
    [`describe('a [trap: x]', () => {`, 'describe'],
    [`test.concurrent('a [trap: x]', async () => {`, 'test.concurrent'],
    [`  test.each([\n    ['a [trap: x]', 1],`, 'row'],
  ])('of %j are given to %j', (source, callee) => {
    expect(trapMarks(source)).toEqual([{ id: 'x', callee }])
  })

  const proves = `test('a [trap: x]', () => {`

  test.each<[string, string, string[]]>([
    ['a test that runs', proves, []],
    ['no test', '', ['x has no test that runs']],
    [
      'a skipped test',
      `test.skip('a [trap: x]', () => {`,
      ['x has no test that runs', 'a.test.ts: x is given to test.skip'],
    ],
    [
      'a test that may be skipped',
      `(is ? test : test.skip)('a [trap: x]', () => {`,
      ['x has no test that runs', 'a.test.ts: x is given to no test'],
    ],
    ['a call of something else alone', `begin('a [trap: x]', () => {`, ['x has no test that runs']],
    [
      'a group',
      `describe('a [trap: x]', () => {`,
      ['x has no test that runs', 'a.test.ts: x is given to describe'],
    ],
    [
      'a skipped group',
      `describe.skip('g', () => { ${proves}`,
      ['x has no test that runs', 'a.test.ts: x is in a file with tests that are skipped'],
    ],
    [
      'a group that is skipped where something is missing',
      `const describeIt = is ? describe : describe.skip\ndescribeIt('g', () => { ${proves}`,
      ['x has no test that runs'],
    ],
    ['a row of a table alone', `test.each([['a [trap: x]']])('%s',`, ['x has no test that runs']],
    [
      'an unknown id',
      `${proves} test('a [trap: y]', () => {`,
      ['a.test.ts: y is no trap of the table'],
    ],
  ])('with %s', (_, source, wrong) => {
    expect(wrongMarks(['x'], { 'a.test.ts': source })).toEqual(wrong)
  })
})
