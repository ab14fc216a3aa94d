import { beforeAll, describe, expect, test } from '@jest/globals'
import { builds } from '../../src/plan/room.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { planOf } from './planning.ts'

beforeAll(loadParser)

const buildsIn = (sql: string): string[] =>
  builds([planOf(sql)]).map(({ kind, relation, columns, expressions }) =>
    `${kind} ${relation.name} ${[...columns, ...Array<string>(expressions).fill('?')].join()}`.trimEnd(),
  )

describe('what a plan builds and rewrites', () => {
  test.each([
    ['create index on t (a, lower(b)) include (c)', ['index t a,c,?']],
    ['alter table t add primary key (a)', ['index t a']],
    ['alter table t add constraint u unique using index i', []],
    ['alter table t add exclude using gist (r with &&)', ['index t ?']],
    ['alter table t add check (a > 0)', []],
    ['alter table t alter a type bigint', ['rewrite t']],
    ['alter table t add a int default 5, add b timestamptz default now()', []],
    [`alter table t add a text default 'f(x)', add b numeric default 1::numeric(10,2)`, []],
    ['alter table t add a uuid default gen_random_uuid()', ['rewrite t']],
    ['alter table t add a serial', ['rewrite t']],
    ['alter table t add a int generated always as identity', ['rewrite t']],
    ['alter table t add a int generated always as (b + 1) stored', ['rewrite t']],
    ['alter table t set unlogged', ['rewrite t']],
    ['cluster t using i', ['rewrite t']],
    ['vacuum full t', ['rewrite t']],
    ['refresh materialized view m', ['rewrite m']],
    ['reindex index concurrently i', ['reindex i']],
    ['create table n (a serial unique); create index on n (a)', []],
  ])('%s', (sql, expected) => {
    expect(buildsIn(sql)).toEqual(expected)
  })
})
