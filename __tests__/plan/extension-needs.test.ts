import { beforeAll, describe, expect, test } from '@jest/globals'
import { extensionNeeds } from '../../src/plan/extension-needs.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { planOf } from './planning.ts'

beforeAll(loadParser)

function used(sql: string): string[] {
  return extensionNeeds([planOf(sql)], { searchPath: ['public'], role: 'app' }).used.map(
    ({ kind, schema, name, extension, created }) =>
      `${kind} ${schema ?? ''}.${name} of ${extension}${created ? ', created' : ''}`,
  )
}

describe('names that extensions bring', () => {
  test('operator classes, with schema and parameters', () => {
    expect(used('create index on t using gist (n "Ext".gist_trgm_ops (siglen = 32))')).toEqual([
      'operator class Ext.gist_trgm_ops of pg_trgm',
      'access method .gist of null',
    ])
  })

  test('types and functions of columns, but none that every server has', () => {
    expect(
      used(
        `create table t (a citext, b text default lower('A'), c uuid default gen_random_uuid(), d uuid default uuid_generate_v4())`,
      ),
    ).toEqual(['type .citext of citext', 'function .uuid_generate_v4 of uuid-ossp'])
  })

  test('what the plan creates itself is left out, an extension created before is noted', () => {
    expect(
      used(
        `create type citext as enum ('a'); create table t (a citext); create extension hstore; create table u (h hstore)`,
      ),
    ).toEqual(['type .hstore of hstore, created'])
  })

  test('"$user" of a file’s own search path is the role', () => {
    const { used } = extensionNeeds(
      [planOf('set search_path = "$user", "Ext"; create table t (a citext)')],
      { searchPath: ['public'], role: 'app' },
    )
    expect(used.map(({ searchPath }) => searchPath)).toEqual([['app', 'Ext']])
  })

  test('a use that is certain counts for more than one behind a condition', () => {
    const of = (sql: string) =>
      extensionNeeds([planOf(sql)], { searchPath: ['public'], role: 'app' }).used.map(
        ({ name, guarded, where }) => [name, guarded, where.line],
      )
    const guarded = 'do $$ begin if 1 > 2 then create table t (a citext); end if; end $$;\n'
    expect(of(guarded)).toEqual([['citext', true, 1]])
    expect(of(`${guarded}alter table u add a citext;\n${guarded}`)).toEqual([['citext', false, 2]])
  })

  test('the extensions that are created, with the version wanted', () => {
    const { created } = extensionNeeds([planOf(`create extension pg_trgm version '1.6'`)], {
      searchPath: ['public'],
      role: 'app',
    })
    expect(created.map(({ name, version }) => [name, version])).toEqual([['pg_trgm', '1.6']])
  })
})
