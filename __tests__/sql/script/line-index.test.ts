import { expect, test } from '@jest/globals'
import { LineIndex } from '../../../src/sql/script/line-index.ts'

function placeOf(source: string, mark: string): string {
  const { file, line, column } = new LineIndex('a.sql', source).placeOf(source.indexOf(mark))
  return `${file}:${line}:${column}`
}

test.each([
  ['the first character', 'x', '1:1'],
  ['LF', 'a\nb\nx', '3:1'],
  ['CRLF', 'a\r\nb\r\n x', '3:2'],
  ['CR alone', 'a\rb\rx', '3:1'],
  ['a tab as one column', '\t\tx', '1:3'],
  ['accents', 'ééx', '1:3'],
  ['astral characters as one column', '😀😀x', '1:3'],
  ['astral characters of lines before', '😀😀\n😀x', '2:2'],
  ['a byte order mark as none', '\uFEFFx', '1:1'],
  ['a byte order mark as none, later lines', '\uFEFFa\n x', '2:2'],
])('counts %s', (_, source, place) => {
  expect(placeOf(source, 'x')).toBe(`a.sql:${place}`)
})

test('the end of the file has a place', () => {
  expect(new LineIndex('a.sql', 'a\n😀').placeOf(4)).toEqual({ file: 'a.sql', line: 2, column: 2 })
})
