import { beforeAll, describe, expect, test } from '@jest/globals'
import { freeSpaceOf, guardQuery, readFreeSpace } from '../../src/observe/disk.ts'
import { resolveConnection } from '../../src/postgres/connection.ts'
import { connect } from '../../src/postgres/session.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { oldestAndNewest, withDatabase } from '../support/database.ts'

beforeAll(loadParser)

describe('the query of disk-guard', () => {
  test('one query that only reads is taken, without its semicolon', () => {
    expect(guardQuery('select free from disk; -- bytes')).toBe('select free from disk')
  })

  test.each([
    ['', /holds no statement/],
    ['select 1; select 2', /holds 2 statements/],
    ['delete from disk', /can't be this DELETE: it is not a query/],
    ['with d as (delete from disk returning 1) select * from d', /it holds a DELETE/],
    ["copy disk to program 'rm x'", /can't be this COPY/],
    ['selec 1', /is no SQL/],
  ])('%j is refused', (query, why) => {
    expect(() => guardQuery(query)).toThrow(why)
  })

  test.each([
    [[['12345678901234']], { bytes: 12_345_678_901_234 }],
    [[['0']], { bytes: 0 }],
    [[[null]], { unknown: 'the query returned NULL' }],
    [[['5GB']], { unknown: 'the query returned "5GB", not a number of bytes' }],
    [[['']], { unknown: 'the query returned "", not a number of bytes' }],
    [[], { unknown: 'the query returned 0 rows of 0 columns, not one value' }],
    [[['1', '2']], { unknown: 'the query returned 1 rows of 2 columns, not one value' }],
    [[['1'], ['2']], { unknown: 'the query returned 2 rows of 1 columns, not one value' }],
  ])('the answer %j is %j', (rows, free) => {
    expect(freeSpaceOf(rows)).toEqual(free)
  })
})

describe.each(oldestAndNewest())('PostgreSQL $major: asking for free space', ({ major }) => {
  test('a query that writes, fails or takes too long is told, and the observer stays in autocommit', async () => {
    await withDatabase({ major }, async (database) => {
      await database.query(`create table t (a int);
        create function writes() returns int language sql as 'insert into t values (1) returning 1'`)
      const observer = await connect(resolveConnection({ url: database.url, env: {} }), {
        name: 'observer',
        applicationName: 'observer',
      })
      const asked = async (query: string) => [
        await readFreeSpace(observer, query, 300),
        observer.transaction,
      ]
      expect(await asked('select writes()')).toEqual([
        { unknown: expect.stringContaining('SQLSTATE 25006') },
        'idle',
      ])
      expect(await asked('select pg_sleep(5)')).toEqual([
        { unknown: expect.stringContaining('SQLSTATE 57014') },
        'idle',
      ])
      expect(await asked('select 7')).toEqual([{ bytes: 7 }, 'idle'])
      const { rows } = await observer.query('show statement_timeout')
      expect(rows).toEqual([['0']])
      await observer.close()
    })
  })
})
