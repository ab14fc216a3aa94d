import { beforeAll, describe, expect, test } from '@jest/globals'
import {
  derivePrechecks,
  type KnownObjects,
  type KnownRelation,
  namesOf,
  type Precheck,
  precheckRequests,
} from '../../src/plan/prechecks.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { planOf } from './planning.ts'

beforeAll(loadParser)

const column = (name: string, type = 'integer', notNull = false) => ({ name, type, notNull })

const table = (name: string, more: Partial<KnownRelation> = {}): KnownRelation => ({
  schema: 'public',
  name,
  kind: 'r',
  reachesOthers: false,
  rowSecurity: false,
  valid: true,
  key: ['id'],
  columns: [column('id', 'integer', true), column('a'), column('B c')],
  constraints: [],
  ...more,
})

const tables = [
  table('t'),
  table('parent'),
  table('select', { schema: 'Odd "one"' }),
  table('watched', { reachesOthers: true }),
  table('index of t', { kind: 'i' }),
  table('broken', { kind: 'i', valid: false }),
]

const known = (more: readonly KnownRelation[] = []): KnownObjects => ({
  relation: ({ schema, name }, path) =>
    (schema === null ? path : [schema])
      .flatMap((each) =>
        [...more, ...tables].filter((one) => one.schema === each && one.name === name),
      )
      .at(0) ?? null,
  domain: () => null,
  type: () => null,
})

/** The prechecks of scripts that are pending one after the other. */
function prechecksOf(
  scripts: string | readonly string[],
  { more, serverMajor = 18 }: { more?: readonly KnownRelation[]; serverMajor?: number } = {},
): Precheck[] {
  const pending = [scripts].flat().map((sql, place) => planOf(sql, { version: String(place + 1) }))
  const requests = precheckRequests(pending)
  return derivePrechecks(requests, { known: known(more), searchPath: ['public'], serverMajor })
}

const lines = (prechecks: readonly Precheck[]): string[] =>
  prechecks.map(({ id, where, derived, order }) => {
    const said =
      order !== null
        ? `${order.kind}: ${order.says.replaceAll(/migrations\/(\d)_try\.sql/g, '$1')}`
        : 'ask' in derived
          ? 'asked'
          : 'holds' in derived
            ? `holds: ${derived.holds}`
            : derived.unasked
    return `${id} at ${where.line}: ${said}`
  })

function queryOf(sql: string, options?: Parameters<typeof prechecksOf>[1]): string {
  const [first] = prechecksOf(sql, options)
  if (first === undefined || !('ask' in first.derived)) throw new Error(`not asked: ${sql}`)
  return first.derived.ask.sql
}

describe('what is asked', () => {
  test.each([
    [
      'a foreign key',
      'alter table t add foreign key (a) references parent',
      ['data.foreign-key at 1: asked'],
    ],
    [
      'a foreign key that is validated later, there',
      'alter table t add constraint k foreign key (a) references parent not valid;\nalter table t validate constraint k',
      ['data.foreign-key at 2: asked'],
    ],
    [
      'a constraint that is never validated, not',
      'alter table t add constraint k check (a > 0) not valid',
      [],
    ],
    [
      'a primary key, for duplicates and for NULL',
      'alter table t add primary key (a)',
      ['data.unique at 1: asked', 'data.not-null at 1: asked'],
    ],
    [
      'a primary key of columns that are NOT NULL',
      'alter table t add primary key (id)',
      ['data.unique at 1: asked', 'data.not-null at 1: holds: NOT NULL already'],
    ],
    [
      'a constraint of an index that is there, not',
      'alter table t add unique using index "index of t"',
      [],
    ],
    ['an index that is not unique, not', 'create index on t (a)', []],
    [
      'a unique index that is there already, not',
      'create unique index if not exists "index of t" on t (a)',
      [],
    ],
    [
      'a unique index of which a failed build is there',
      'create unique index if not exists broken on t (a)',
      ['data.unique at 1: asked'],
    ],
    ['a unique index on ONLY a table, not', 'create unique index on only t (a)', []],
    ['a column that is there already, not', 'alter table t add a int not null', []],
    ['a table that may not be there, not', 'alter table if exists nowhere add check (a > 0)', []],
    [
      'a table that is not there',
      'alter table nowhere add check (a > 0)',
      ['data.check at 1: there is no table nowhere yet'],
    ],
    [
      'a transaction that is rolled back, not',
      'begin; alter table t add check (a > 0); rollback',
      [],
    ],
    [
      'a temporary table, not',
      'create temporary table x (a int check (a > 0)); alter table x add check (a > 1)',
      [],
    ],
    [
      'a statement in a DO block',
      'do $$ begin alter table t add check (a > 0); exception when duplicate_object then null; end $$',
      ['data.check at 1: asked'],
    ],
    [
      'a type without a query that could tell',
      'alter table t alter a type text',
      ["data.type at 1: whether each integer is a text can't be tried without converting it"],
    ],
  ])('%s', (_, sql, expected) => {
    expect(lines(prechecksOf(sql))).toEqual(expected)
  })

  test('a guarded constraint only where it is not there', () => {
    const sql = `do $$ begin if not exists (select from pg_constraint where conname = 'c' and conrelid = 't'::regclass) then
      alter table t add constraint c check (a > 0); end if; end $$`
    const there = table('t', {
      constraints: [{ name: 'c', valid: true, definition: 'CHECK ((a > 0))' }],
    })
    expect(lines(prechecksOf(sql))).toEqual(['data.check at 1: asked'])
    expect(lines(prechecksOf(sql, { more: [there] }))).toEqual([])
    expect(lines(prechecksOf(['alter table t drop constraint c', sql], { more: [there] }))).toEqual(
      ['data.check at 1: asked'],
    )
  })

  test('a constraint from before, with the definition that the catalog has', () => {
    const constraints = [
      {
        name: 'old',
        valid: false,
        definition:
          'FOREIGN KEY (a, "B c") REFERENCES "Odd ""one""".select(a, id) MATCH FULL NOT VALID',
      },
      { name: 'done', valid: true, definition: 'CHECK ((a > 0))' },
    ]
    const options = { more: [table('t', { constraints })] }
    expect(lines(prechecksOf('alter table t validate constraint done', options))).toEqual([])
    expect(queryOf('alter table t validate constraint old', options)).toMatch(
      /ONLY "Odd ""one"""\."select" AS p WHERE p\.a = c\.a AND p\.id = c\."B c"/,
    )
  })
})

describe('the order of the plan', () => {
  test.each<[string, string[], string[]]>([
    [
      'a table that the plan makes and leaves empty needs no check',
      ['create table x (a int)', 'alter table x add check (a > 0);\ncreate unique index on x (a)'],
      [],
    ],
    [
      'a table that the plan makes and fills',
      ['create table x (a int);\ninsert into x values (1)', 'alter table x add check (a > 0)'],
      ['data.check at 1: structure: created by 1:1 first'],
    ],
    [
      'a table made of a query',
      ['create table x as select 1 as a;\nalter table x add check (a > 0)'],
      ['data.check at 2: structure: created by 1:1 first'],
    ],
    [
      'IF NOT EXISTS leaves a table that is there as it is',
      ['create table if not exists t (a int);\nalter table t add check (a > 0)'],
      ['data.check at 2: asked'],
    ],
    [
      'its constraints are not added to it either',
      ['create table if not exists t (a int check (a > 0))'],
      [],
    ],
    [
      'a referenced table that the plan makes',
      ['create table x (id int primary key);\nalter table t add foreign key (a) references x'],
      ['data.foreign-key at 2: structure: created by 1:1 first'],
    ],
    [
      'a column that the plan makes and fills',
      ['alter table t add x int;\nupdate t set x = a', 'alter table t alter x set not null'],
      ['data.not-null at 1: structure: created by 1:1 first'],
    ],
    [
      'a column that the plan makes and leaves NULL refers to nothing',
      ['alter table t add x int;\nalter table t add foreign key (x) references parent'],
      [],
    ],
    [
      'a column that the plan makes and leaves NULL is NULL',
      ['alter table t add x int;\nalter table t add check (x is not null)'],
      ['data.check at 2: structure: created by 1:1 first'],
    ],
    [
      'a column that is renamed',
      ['alter table t rename a to x', 'alter table t add check (x > 0)'],
      ['data.check at 1: structure: renamed by 1:1 first'],
    ],
    [
      'a column that gets another type',
      ['alter table t alter "B c" type bigint', 'alter table t add check ("B c" > 0)'],
      [
        'data.type at 1: holds: every integer fits',
        'data.check at 1: structure: altered by 1:1 first',
      ],
    ],
    [
      'another column than those of the constraint',
      ['alter table t add x int', 'alter table t add check (a > 0)'],
      ['data.check at 1: asked'],
    ],
    [
      'a table that is renamed',
      ['alter table t rename to x', 'alter table x add check (a > 0)'],
      ['data.check at 1: structure: renamed by 1:1 first'],
    ],
    [
      'rows that are changed',
      ['update t set a = 1', 'alter table t add check (a > 0)'],
      ['data.check at 1: rows: 1:1 changes these rows first'],
    ],
    [
      'rows that are changed in a DO block',
      ['do $$ begin delete from t; end $$', 'alter table t add check (a > 0)'],
      ['data.check at 1: rows: 1:1 changes these rows first'],
    ],
    [
      'rows of the referenced table that are changed',
      [
        'insert into public.parent values (1)',
        'alter table t add foreign key (a) references parent',
      ],
      ['data.foreign-key at 1: rows: 1:1 changes these rows first'],
    ],
    [
      'rows of another table',
      ['update parent set a = 1', 'alter table t add check (a > 0)'],
      ['data.check at 1: asked'],
    ],
    [
      'rows of another table whose triggers may reach these',
      ['update watched set a = 1', 'alter table t add check (a > 0)'],
      ['data.check at 1: perhaps: 1:1 may change these rows first'],
    ],
    [
      'a function of which nobody knows what it does',
      ['select repair()', 'alter table t add check (a > 0)'],
      ['data.check at 1: perhaps: 1:1 may change these rows first'],
    ],
    [
      'a function of the condition that is replaced',
      [
        "create or replace function sane(int) returns boolean language sql as 'select true'",
        'alter table t add constraint c check (sane(a)) not valid;\nalter table t validate constraint c',
      ],
      ['data.check at 2: structure: its function sane is changed by 1:1 first'],
    ],
    [
      'a type that gets another value',
      [
        "alter type status add value 'archived'",
        'alter table t alter a type status using a::status',
      ],
      ['data.type at 1: structure: type status is changed by 1:1 first'],
    ],
    [
      'a type that only is in the condition',
      ["create type status as enum ('a')", "alter table t add check (a::text::status = 'a')"],
      ['data.check at 1: structure: type status is changed by 1:1 first'],
    ],
    [
      'the type of a new column, of which every value is missing',
      ["create type status as enum ('a')", 'alter table t add s status not null'],
      ['data.not-null at 1: asked'],
    ],
    [
      'what comes later does not matter',
      ['alter table t add check (a > 0)', 'update t set a = 1'],
      ['data.check at 1: asked'],
    ],
  ])('%s', (_, scripts, expected) => {
    expect(lines(prechecksOf(scripts))).toEqual(expected)
  })
})

describe('the query', () => {
  test('quotes every name, and expressions as they were written', () => {
    expect(queryOf('alter table "Odd ""one""".select add check ("B c" > 0)')).toBe(
      `SELECT pg_catalog.left((id)::pg_catalog.text, 80) AS s1, pg_catalog.left(("B c")::pg_catalog.text, 80) AS s2 FROM "Odd ""one"""."select" WHERE NOT (("B c" > 0))`,
    )
  })

  test('finds a table along the search path that the file sets', () => {
    const [first] = prechecksOf(
      'set search_path to "Odd ""one""", public; alter table select_ add check (a > 0)',
      {
        more: [table('select_', { schema: 'Odd "one"' })],
      },
    )
    expect(first?.searchPath).toEqual(['Odd "one"', 'public'])
    expect(first?.reads).toEqual(['"Odd ""one""".select_'])
  })

  test('knows NULLS NOT DISTINCT', () => {
    expect(queryOf('create unique index on t (a)')).toMatch(/a IS DISTINCT FROM NULL/)
    expect(queryOf('create unique index on t (a) nulls not distinct')).not.toMatch(
      /IS DISTINCT FROM NULL/,
    )
  })

  test('tries texts from PostgreSQL 16 on', () => {
    const sql = 'alter table t alter x type int using x::int'
    const more = [table('t', { columns: [column('x', 'text')] })]
    expect(queryOf(sql, { more })).toMatch(
      /NOT pg_catalog\.pg_input_is_valid\(x::pg_catalog\.text, 'integer'\)/,
    )
    expect(lines(prechecksOf(sql, { more, serverMajor: 15 }))).toEqual([
      'data.type at 1: pg_input_is_valid(), which tries a text without an error, is there from PostgreSQL 16',
    ])
  })
})

test('a plan of thousands of statements is read in a moment', () => {
  const script = Array.from(
    { length: 4_000 },
    (_, n) => `alter table t${n} add foreign key (a) references t${n + 1};`,
  )
  const started = performance.now()
  const requests = precheckRequests([planOf(script.join('\n'))])
  const compiled = performance.now()
  expect(namesOf(requests).size).toBe(4_001)
  expect(
    derivePrechecks(requests, { known: known(), searchPath: [], serverMajor: 18 }),
  ).toHaveLength(4_000)
  expect(performance.now() - compiled).toBeLessThan(compiled - started)
})
