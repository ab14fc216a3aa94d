import { beforeAll, describe, expect, test } from '@jest/globals'
import {
  holdsKeyRange,
  parameterNumbers,
  walkableKind,
  withInclusiveStart,
} from '../../src/sql/key-range.ts'
import { loadParser, parseSql } from '../../src/sql/parser.ts'
import type { Node } from '../../src/sql/types.ts'

beforeAll(loadParser)

function nodeOf(sql: string): Node {
  return parseSql(sql)[0]?.node ?? {}
}

describe('the range of a batched statement', () => {
  test.each([
    'UPDATE t SET a = 1 WHERE id > $1 AND id <= $2',
    'UPDATE t SET a = 1 WHERE a IS NULL AND (t.id <= $2::bigint AND t.id > $1::bigint)',
    'DELETE FROM t WHERE id > $1 AND id <= $2',
    'INSERT INTO u SELECT * FROM t WHERE id > $1 AND id <= $2',
  ])('is held by %s', (sql) => {
    expect(holdsKeyRange(nodeOf(sql), ['id'])).toBe(true)
  })

  test.each([
    'UPDATE t SET a = 1 WHERE id > $1 OR id <= $2',
    'UPDATE t SET a = 1 WHERE id >= $1 AND id <= $2',
    'UPDATE t SET a = 1 WHERE id > $2 AND id <= $1',
    'UPDATE t SET a = 1 WHERE other > $1 AND id <= $2',
    'UPDATE t SET a = 1 WHERE id OPERATOR(pg_catalog.>) $1 AND id <= $2',
    'UPDATE t SET a = 1',
  ])('is not held by %s', (sql) => {
    expect(holdsKeyRange(nodeOf(sql), ['id'])).toBe(false)
  })

  test('of several columns is a comparison of rows', () => {
    const node = nodeOf('DELETE FROM t WHERE (a, "B") > ($1, $2) AND (a, "B") <= ($3, $4)')
    expect(holdsKeyRange(node, ['a', 'B'])).toBe(true)
    expect(holdsKeyRange(node, ['a'])).toBe(false)
  })
})

describe('a statement with its start included', () => {
  test.each([
    [
      'UPDATE t SET a = 1 WHERE id > $1 AND id <= $2',
      'UPDATE t SET a = 1 WHERE id >= $1 AND id <= $2',
    ],
    [
      'UPDATE "Zutat" SET name = \'Käse 🧀 für\' WHERE id > $1 AND id <= $2',
      'UPDATE "Zutat" SET name = \'Käse 🧀 für\' WHERE id >= $1 AND id <= $2',
    ],
    [
      'DELETE FROM t WHERE EXISTS (SELECT FROM u WHERE id > $1) AND id > $1 AND id <= $2',
      'DELETE FROM t WHERE EXISTS (SELECT FROM u WHERE id > $1) AND id >= $1 AND id <= $2',
    ],
  ])('%s', (sql, inclusive) => {
    expect(withInclusiveStart(sql, nodeOf(sql), ['id'])).toBe(inclusive)
  })
})

test('only an UPDATE, a DELETE and INSERT … SELECT can be walked', () => {
  const kinds = [
    'UPDATE t SET a = 1',
    'DELETE FROM t',
    'INSERT INTO t SELECT 1',
    'INSERT INTO t VALUES (1)',
    'SELECT 1',
  ].map((sql) => walkableKind(nodeOf(sql)))
  expect(kinds).toEqual(['UPDATE', 'DELETE', 'INSERT', null, null])
})

test('parameters are those of the statement itself, not of a function that it makes', () => {
  expect([...parameterNumbers(nodeOf('UPDATE t SET a = $3 WHERE id > $1'))].toSorted()).toEqual([
    1, 3,
  ])
  const body = 'CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql RETURN $1'
  expect(parameterNumbers(nodeOf(body)).size).toBe(0)
})
