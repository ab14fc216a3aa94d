import { beforeAll, describe, expect, test } from '@jest/globals'
import { loadParser, parseSql } from '../../src/sql/parser.ts'
import { type SearchPath, SearchPathTracker } from '../../src/sql/search-path.ts'
import { transactionNeed } from '../../src/sql/transaction.ts'
import { servers, withDatabase } from '../support/database.ts'

beforeAll(loadParser)

function pathAfter(sql: string): SearchPath {
  const tracker = new SearchPathTracker()
  for (const { node } of parseSql(sql)) tracker.follow(node, transactionNeed(node))
  return tracker.current
}

test.each<[string, SearchPath]>([
  ['SELECT 1', null],
  ['SET search_path TO app, "My App"', ['app', 'My App']],
  ["SET search_path = 'App', public", ['App', 'public']],
  ["SET search_path = 'a, b'", ['a, b']],
  ["SET search_path = ''", []],
  ["SET SCHEMA 'app'", ['app']],
  ['SET SESSION search_path = app', ['app']],
  ['SET search_path = app; RESET search_path', null],
  ['SET search_path = app; RESET ALL', null],
  ['SET search_path = app; DISCARD ALL', null],
  ['SET search_path = app; SET search_path TO DEFAULT', null],
  ["SELECT set_config('search_path', 'App, \"App\" ,b', false)", ['app', 'App', 'b']],
  ["SELECT pg_catalog.set_config('search_path', '', false)", []],
  ["SELECT set_config('search_path', x, false) FROM y", null],
  ["SET search_path = app; SELECT set_config('work_mem', '1MB', false)", ['app']],
  ['SET work_mem = 1000', null],
  ['BEGIN; SET LOCAL search_path = app', ['app']],
  ['BEGIN; SET LOCAL search_path = app; COMMIT', null],
  ['SET search_path = a; BEGIN; SET LOCAL search_path = b; COMMIT', ['a']],
  ['SET search_path = a; BEGIN; SET search_path = b; ROLLBACK', ['a']],
  ['SET search_path = a; BEGIN; SET search_path = b; COMMIT', ['b']],
  ["BEGIN; SELECT set_config('search_path', 'a', true); COMMIT", null],
  ['SET LOCAL search_path = a; CREATE INDEX CONCURRENTLY i ON t (a)', null],
  ['SET search_path = a; CREATE INDEX CONCURRENTLY i ON t (a)', ['a']],
])('after %s it is %j', (sql, path) => {
  expect(pathAfter(sql)).toEqual(path)
})

describe.each(servers())('PostgreSQL $major', ({ major }) => {
  test('looks into the same schemas', async () => {
    await withDatabase({ major }, async ({ query }) => {
      await query(
        'CREATE SCHEMA app; CREATE SCHEMA "App"; CREATE SCHEMA "a, b"; CREATE SCHEMA "q""q"',
      )
      for (const sql of [
        'SET search_path TO app, "App"',
        "SET search_path = 'App'",
        "SET search_path = 'a, b'",
        "SET search_path = ''",
        "SET search_path = 'q\"q', app",
        'SELECT set_config(\'search_path\', \'App, "App" , "a, b"\', false)',
        'SELECT set_config(\'search_path\', \'"q""q"\', false)',
      ]) {
        await query(sql)
        const [row] = await query<{ path: string[] }>(
          'SELECT current_schemas(false)::text[] AS path',
        )
        expect([sql, row?.path]).toEqual([sql, pathAfter(sql)])
      }
    })
  })
})
