import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ask } from '../../src/checks/preflight/data/ask.ts'
import { readKnownObjects } from '../../src/checks/preflight/data/catalog.ts'
import {
  derivePrechecks,
  namesOf,
  type Precheck,
  precheckRequests,
} from '../../src/plan/prechecks.ts'
import { resolveConnection } from '../../src/postgres/connection.ts'
import { connect } from '../../src/postgres/session.ts'
import type { Session } from '../../src/postgres/types.ts'
import { loadParser } from '../../src/sql/parser.ts'
import { planOf } from '../plan/planning.ts'
import { createDatabase, servers, type TestDatabase } from '../support/database.ts'

interface Case {
  readonly given: string
  /** Pending before the statement, in a transaction of its own. */
  readonly first?: string
  readonly statement: string
  /** What the precheck must say; 'unasked' where no query can tell. Whether Postgres refuses the statement is tried. */
  readonly counts: number | 'unasked' | 'nothing'
  /** Of what is not asked, and so foretells nothing: whether it is refused. */
  readonly refused?: boolean
  /** Majors that know the statement. */
  readonly from?: number
}

const numbers = (type: string, values: string) =>
  `create table t (a ${type}); insert into t values ${values}`

const cases: readonly Case[] = [
  // Types: what fits, and what does not by a hair.
  {
    given: numbers('int', '(32767), (-32768), (null)'),
    statement: 'alter table t alter a type smallint',
    counts: 0,
  },
  {
    given: numbers('int', '(32768), (-32769)'),
    statement: 'alter table t alter a type smallint',
    counts: 2,
  },
  {
    given: numbers('numeric', '(32767.4), (-32768.4)'),
    statement: 'alter table t alter a type smallint',
    counts: 0,
  },
  {
    given: numbers('numeric', `(32767.5), ('NaN'), ('Infinity')`),
    statement: 'alter table t alter a type smallint',
    counts: 3,
  },
  {
    given: numbers('float8', '(2147483647.4), (-2147483648.5)'),
    statement: 'alter table t alter a type int',
    counts: 0,
  },
  {
    given: numbers('float8', `(2147483647.5), ('-Infinity'), ('NaN')`),
    statement: 'alter table t alter a type int',
    counts: 3,
  },
  {
    given: numbers('float8', '(9223372036854774784), (-9223372036854775808)'),
    statement: 'alter table t alter a type bigint',
    counts: 0,
  },
  {
    given: numbers('float8', '(9223372036854775808)'),
    statement: 'alter table t alter a type bigint',
    counts: 1,
  },
  {
    given: numbers('real', '(32767.4)'),
    statement: 'alter table t alter a type smallint',
    counts: 0,
  },
  {
    given: numbers('numeric', `(99.994), (-99.994), ('NaN')`),
    statement: 'alter table t alter a type numeric(4, 2)',
    counts: 0,
  },
  {
    given: numbers('numeric', `(99.995), (100)`),
    statement: 'alter table t alter a type numeric(4, 2)',
    counts: 2,
  },
  {
    given: numbers('numeric', `('Infinity')`),
    statement: 'alter table t alter a type numeric(4, 2)',
    counts: 1,
  },
  {
    given: numbers('numeric', '(9949)'),
    statement: 'alter table t alter a type numeric(2, -2)',
    counts: 0,
    from: 15,
  },
  {
    given: numbers('numeric', '(9950)'),
    statement: 'alter table t alter a type numeric(2, -2)',
    counts: 1,
    from: 15,
  },
  {
    given: numbers('bigint', '(9)'),
    statement: 'alter table t alter a type numeric',
    counts: 'nothing',
  },
  {
    given: numbers('int', '(9)'),
    statement: 'alter table t alter a type float8',
    counts: 'nothing',
  },
  {
    given: numbers('text', `('abc'), ('ab     '), (null)`),
    statement: 'alter table t alter a type varchar(3)',
    counts: 0,
  },
  {
    given: numbers('text', `('abcd'), ('äöüß')`),
    statement: 'alter table t alter a type varchar(3)',
    counts: 2,
  },
  {
    given: numbers('text', `('abcd')`),
    statement: 'alter table t alter a type char(3)',
    counts: 1,
  },
  {
    given: numbers('char(9)', `('abc')`),
    statement: 'alter table t alter a type varchar(3)',
    counts: 0,
  },
  {
    given: numbers('varchar(9)', `('abc')`),
    statement: 'alter table t alter a type text',
    counts: 'nothing',
  },
  {
    given: numbers('text', `('1'), (' 2 '), (null)`),
    statement: 'alter table t alter a type int using a::int',
    counts: 0,
    from: 16,
  },
  {
    given: numbers('text', `('1x'), ('')`),
    statement: 'alter table t alter a type int using a::int',
    counts: 2,
    from: 16,
  },
  {
    given: numbers('text', `('999.999')`),
    statement: 'alter table t alter a type numeric(4,1) using a::numeric(4,1)',
    counts: 1,
    from: 16,
  },
  {
    given: numbers('text', `('2024-02-30')`),
    statement: 'alter table t alter a type date using a::date',
    counts: 1,
    from: 16,
  },
  {
    given: numbers('int', '(1)'),
    statement: 'alter table t alter a type text using a::text',
    counts: 'unasked',
  },
  // Types that the plan itself changes first.
  {
    given: `create type status as enum ('new'); ${numbers('text', `('archived')`)}`,
    first: `alter type status add value 'archived'`,
    statement: 'alter table t alter a type status using a::status',
    counts: 'unasked',
    refused: false,
  },
  {
    given: `create type status as enum ('new'); create domain state as status; ${numbers('text', `('archived')`)}`,
    first: `alter type status add value 'archived'`,
    statement: 'alter table t alter a type state using a::state',
    counts: 'unasked',
    refused: false,
  },
  {
    given: `create domain d as int; ${numbers('text', `('1')`)}`,
    first: 'alter domain d add check (value > 1)',
    statement: 'alter table t alter a type d using a::d',
    counts: 'unasked',
    refused: true,
  },
  {
    given: `create type status as enum ('new'); ${numbers('text', `('archived')`)}`,
    statement: 'alter table t alter a type status using a::status',
    counts: 1,
    from: 16,
  },
  // NULLs and rows.
  {
    given: numbers('int', '(1), (null), (null)'),
    statement: 'alter table t alter a set not null',
    counts: 2,
  },
  { given: numbers('int', '(1)'), statement: 'alter table t add b int not null', counts: 1 },
  { given: 'create table t (a int)', statement: 'alter table t add b int not null', counts: 0 },
  {
    given: numbers('int', '(1)'),
    statement:
      'alter table t add b int not null default 1, add c serial, add d int generated always as identity',
    counts: 'nothing',
  },
  {
    given:
      'create table t (a int); create table kid () inherits (t); insert into kid values (null)',
    statement: 'alter table t alter a set not null',
    counts: 1,
  },
  {
    given: numbers('int', '(null)'),
    statement: 'alter table t add constraint n not null a',
    counts: 1,
    from: 18,
  },
  {
    given: numbers('int', '(null)'),
    statement:
      'alter table t add constraint n not null a not valid; alter table t validate constraint n',
    counts: 1,
    from: 18,
  },
  // A domain's DEFAULT fills a new column.
  {
    given: `create domain d as int default 7; ${numbers('int', '(1), (2)')}`,
    statement: 'alter table t add b d not null',
    counts: 'nothing',
  },
  {
    given: `create domain d as int; create domain e as d default 7; ${numbers('int', '(1), (2)')}`,
    statement: 'alter table t add b e not null, add c d not null',
    counts: 1,
  },
  {
    given: numbers('int', '(1), (2)'),
    first: 'create domain d as int default 7; create domain e as d',
    statement: 'alter table t add b e not null',
    counts: 'nothing',
  },
  {
    given: `create domain d as int default 7; ${numbers('int', '(1), (2)')}`,
    first: 'create domain e as d; alter domain e drop default',
    statement: 'alter table t add b e not null',
    counts: 1,
  },
  {
    given: `create domain d as int default 7; ${numbers('int', '(1), (2)')}`,
    first: 'alter table t add b d',
    statement: 'alter table t add unique (b)',
    counts: 'unasked',
    refused: true,
  },
  {
    given: `create domain d as int; ${numbers('int', '(1), (2)')}`,
    first: 'alter table t add b d',
    statement: 'alter table t add unique (b)',
    counts: 'nothing',
  },
  // A row of NULLs is no NULL, and one with a NULL in it is a value.
  {
    given: `create type pair as (x int, y int); ${numbers('pair', `(row(null, null)), (row(1, null))`)}`,
    statement: 'alter table t alter a set not null',
    counts: 0,
  },
  {
    given: `create type pair as (x int, y int); ${numbers('pair', `(null), (row(null, null))`)}`,
    statement: 'alter table t alter a set not null',
    counts: 1,
  },
  {
    given: `create type pair as (x int, y int); ${numbers('pair', `(row(1, null)), (row(1, null)), (null), (null)`)}`,
    statement: 'alter table t add unique (a)',
    counts: 1,
  },
  // The server asks its own IS NOT NULL there, and passes over such a row.
  {
    given: `create type pair as (x int, y int); create table p (a pair primary key); ${numbers('pair', `(row(1, null)), (null)`)}`,
    statement: 'alter table t add foreign key (a) references p',
    counts: 0,
  },
  {
    given: `create type pair as (x int, y int); create domain d as pair; ${numbers('d', `(row(null, null))`)}`,
    statement: 'alter domain d set not null',
    counts: 0,
  },
  // A NOT NULL from before that is NOT VALID holds for no old row.
  {
    given: `${numbers('int', '(null), (1)')}; alter table t add constraint n not null a not valid`,
    statement: 'alter table t validate constraint n',
    counts: 1,
    from: 18,
  },
  {
    given: `${numbers('int', '(null), (1)')}; alter table t add constraint n not null a not valid`,
    statement: 'alter table t alter a set not null',
    counts: 1,
    from: 18,
  },
  {
    given: `${numbers('int', '(1)')}; alter table t add constraint n not null a not valid`,
    statement: 'alter table t alter a set not null',
    counts: 0,
    from: 18,
  },
  {
    given:
      'create table t (a int); create table kid () inherits (t); insert into kid values (null)',
    statement: 'alter table t add constraint n not null a no inherit',
    counts: 0,
    from: 18,
  },
  // CHECK.
  {
    given: numbers('int', '(0), (null), (1)'),
    statement: 'alter table t add check (a > 0)',
    counts: 1,
  },
  {
    given: numbers('int', '(5), (2)'),
    statement: 'alter table t add check (a in (1, 2, 3) and a between 0 and 4)',
    counts: 1,
  },
  {
    given: numbers('text', `('x'), ('%')`),
    statement: `alter table t add check (a like '\\%' escape '\\' or a ~ '^[a-z]$')`,
    counts: 0,
  },
  {
    given: 'create table t (a int); create table kid () inherits (t); insert into kid values (-1)',
    statement: 'alter table t add check (a > 0) no inherit',
    counts: 0,
  },
  {
    given: `create table t (a int, "A b""c" int); insert into t values (1, 2), (2, 1)`,
    statement:
      'alter table t add constraint "c""d" check (t."A b""c" > a) not valid; alter table t validate constraint "c""d"',
    counts: 1,
  },
  {
    given: 'create table t (a int); insert into t values (-1)',
    statement: 'alter table t add check (a > 0) not valid',
    counts: 'nothing',
  },
  {
    given: 'create table t (a int); insert into t values (-1)',
    statement: 'alter table t add check (a > 0) not enforced',
    counts: 'nothing',
    from: 18,
  },
  // Unique.
  {
    given: numbers('int', '(null), (null), (1)'),
    statement: 'alter table t add unique (a)',
    counts: 0,
  },
  {
    given: numbers('int', '(null), (null), (1)'),
    statement: 'alter table t add unique nulls not distinct (a)',
    counts: 1,
    from: 15,
  },
  {
    given: numbers('int', '(null), (null)'),
    statement: 'create unique index on t (a) nulls not distinct',
    counts: 1,
    from: 15,
  },
  { given: numbers('text', `('a'), ('A')`), statement: 'create unique index on t (a)', counts: 0 },
  {
    given: numbers('text', `('a'), ('A')`),
    statement: 'create unique index on t (lower(a) collate "C" text_pattern_ops desc) include (a)',
    counts: 1,
  },
  {
    given: numbers('numeric', '(1), (1.0)'),
    statement: 'alter table t add primary key (a)',
    counts: 1,
  },
  {
    given: numbers('int', '(1), (1), (2)'),
    statement: 'create unique index on t (a) where a > 1',
    counts: 0,
  },
  {
    given:
      'create table t (a int); create table kid () inherits (t); insert into t values (1); insert into kid values (1)',
    statement: 'alter table t add unique (a)',
    counts: 0,
  },
  {
    given:
      'create table t (a int) partition by list (a); create table kid partition of t default; insert into t values (1), (1)',
    statement: 'alter table t add unique (a)',
    counts: 1,
  },
  { given: numbers('json', `('1')`), statement: 'alter table t add unique (a)', counts: 'unasked' },
  // A new column is NULL: in a key that lets every row pass, elsewhere not.
  {
    given: numbers('text', `('a'), ('a')`),
    first: 'alter table t add deleted_at timestamptz',
    statement: 'create unique index on t (a) where deleted_at is null',
    counts: 'unasked',
    refused: true,
  },
  {
    given: numbers('text', `('a'), ('a')`),
    first: 'alter table t add b text',
    statement: `create unique index on t (a, coalesce(b, ''))`,
    counts: 'unasked',
    refused: true,
  },
  {
    given: numbers('text', `('a'), ('a')`),
    first: 'alter table t add b text',
    statement: 'create unique index on t (a, b) where a is not null',
    counts: 'nothing',
  },
  {
    given: numbers('text', `('a'), ('a')`),
    first: 'alter table t add b text; alter table t alter b type text using a',
    statement: 'alter table t add unique (b)',
    counts: 'unasked',
    refused: true,
  },
  {
    given: `create table p (x int, y int, primary key (x, y)); ${numbers('int', '(1)')}`,
    first: 'alter table t add b int',
    statement: 'alter table t add foreign key (a, b) references p match full',
    counts: 'unasked',
    refused: true,
  },
  {
    given: `create table p (x int, y int, primary key (x, y)); ${numbers('int', '(1)')}`,
    first: 'alter table t add b int, add c int',
    statement: 'alter table t add foreign key (b, c) references p match full',
    counts: 'nothing',
  },
  {
    given: `create table p (x int, y int, primary key (x, y)); ${numbers('int', '(1)')}`,
    first: 'alter table t add b int',
    statement: 'alter table t add foreign key (a, b) references p',
    counts: 'nothing',
  },
  // Foreign keys.
  {
    given:
      'create table p (id int primary key); create table t (a int); insert into p values (1); insert into t values (1), (null)',
    statement: 'alter table t add foreign key (a) references p',
    counts: 0,
  },
  {
    given:
      'create table p (id int primary key); create table t (a bigint); insert into t values (1), (null)',
    statement: 'alter table t add foreign key (a) references p on delete cascade',
    counts: 1,
  },
  {
    given:
      'create table p (x int, y int, unique (y, x)); create table t (a int, b int); insert into p values (1, 2); insert into t values (1, null), (null, null), (1, 2)',
    statement: 'alter table t add foreign key (a, b) references p (x, y) match full',
    counts: 1,
  },
  {
    given:
      'create table p (x int, y int, unique (y, x)); create table t (a int, b int); insert into p values (1, 2); insert into t values (1, null), (null, null), (1, 2), (2, 1)',
    statement: 'alter table t add foreign key (b, a) references p (y, x)',
    counts: 1,
  },
  {
    given:
      'create table t (id int primary key, parent int); insert into t values (1, null), (2, 1), (3, 9)',
    statement: 'alter table t add foreign key (parent) references t',
    counts: 1,
  },
  {
    given: 'create table t (a int); create table p (id int primary key); insert into t values (1)',
    statement: 'alter table t add b int references p',
    counts: 'nothing',
  },
  // Domains.
  {
    given: `create domain d as int; create table t (a d, b d); insert into t values (1, null)`,
    statement: 'alter domain d add check (value > 1)',
    counts: 1,
  },
  {
    given: `create domain d as int; create table t (a d, b d); insert into t values (1, null)`,
    statement: 'alter domain d set not null',
    counts: 1,
  },
  {
    given: `create domain d as int; create table t (a d) partition by list (a); create table kid partition of t default; insert into t values (-1)`,
    statement:
      'alter domain d add constraint c check (value > 0) not valid; alter domain d validate constraint c',
    counts: 1,
  },
  {
    given: `create domain d as int; alter domain d add constraint old check (value > 0) not valid; create table t (a int)`,
    statement: 'alter domain d validate constraint old',
    counts: 'nothing',
  },
  // Exclusion.
  {
    given: 'create table t (a int4range, b int4range)',
    statement: 'alter table t add exclude using gist (a with &&, b with -|-)',
    counts: 0,
  },
  {
    given: `create table t (a int4range, b int); insert into t values ('[1,3)', 1), ('[2,4)', 2), ('[3,9)', 3), (null, 4)`,
    statement: `alter table t add exclude using gist (a with &&)`,
    counts: 2,
  },
  {
    given: `create table t (a int, b int); insert into t values (1, 2), (1, 3)`,
    statement: `alter table t add exclude (a with =, abs(b) with =)`,
    counts: 0,
  },
]

describe.each(servers().map(({ major }) => major))('on PostgreSQL %i', (major) => {
  let database: TestDatabase
  beforeAll(async () => {
    await loadParser()
    database = await createDatabase({ major })
  })
  afterAll(() => database.drop())

  test('counts any number of violating rows without a temporary file', async () => {
    await database.query('drop schema public cascade; create schema public')
    await database.query('create table t (a int); insert into t select generate_series(1, 300000)')
    await withSession(database, async (session) => {
      await session.query("set work_mem = '64kB'")
      await session.query('set temp_file_limit = 0')
      const [precheck] = await prechecksIn(session, 'alter table t add check (a < 0)')
      if (precheck === undefined || !('ask' in precheck.derived)) throw new Error('not asked')
      const limits = { budgetMs: 10_000, lockTimeoutMs: 1_000, role: null, examples: 2 }
      expect(await ask(session, precheck.derived.ask, precheck, limits)).toMatchObject({
        counted: 300_000,
        examples: [
          ['(0,1)', '1'],
          ['(0,2)', '2'],
        ],
      })
    })
  })

  test('asks for NULLs by the index on them', async () => {
    await database.query('drop schema public cascade; create schema public')
    await database.query(
      'create table t (a int); insert into t select generate_series(1, 10000); create index on t (a); analyze t',
    )
    const [precheck] = await withSession(database, (session) =>
      prechecksIn(session, 'alter table t alter a set not null'),
    )
    if (precheck === undefined || !('ask' in precheck.derived)) throw new Error('not asked')
    const lines = await database.query(`explain (costs off) ${precheck.derived.ask.sql}`)
    expect(JSON.stringify(lines)).toMatch(/Index Cond: \(a IS NULL\)/)
  })

  test.each(
    cases
      .filter(({ from = 0 }) => major >= from)
      .map((one) => [one.counts, titleOf(one), one] as const),
  )('counts %s: %s', async (_, __, { given, first = '', statement, counts, refused }) => {
    await database.query('drop schema public cascade; create schema public')
    await database.query(given)
    expect(await countOf(database, `${first};${statement}`)).toEqual(counts)
    if (counts === 'unasked' && refused === undefined) return
    await database.query(first)
    const isRefused = await database.query(statement).then(
      () => false,
      ({ code }: { code?: string }) => /^(22|23)/.test(code ?? ''),
    )
    expect(isRefused).toBe(refused ?? (typeof counts === 'number' && counts > 0))
  })
})

function titleOf({ given, first, statement }: Case): string {
  return [`${statement}, after ${given}`, ...(first === undefined ? [] : [first])].join('; then ')
}

/** What all prechecks of a script count together; 'unasked' where one isn't asked or answered, or decides nothing, 'nothing' where there is nothing to ask. */
async function countOf(database: TestDatabase, sql: string): Promise<Case['counts']> {
  return withSession(database, async (session) => {
    const derived = await prechecksIn(session, sql)
    let count: number | 'nothing' = 'nothing'
    for (const precheck of derived) {
      if ('holds' in precheck.derived) continue
      if ('unasked' in precheck.derived || precheck.order !== null) return 'unasked'
      const limits = { budgetMs: 10_000, lockTimeoutMs: 1_000, role: null, examples: 5 }
      const answer = await ask(session, precheck.derived.ask, precheck, limits)
      if ('failed' in answer) return 'unasked'
      count = (count === 'nothing' ? 0 : count) + answer.counted
    }
    return count
  })
}

async function prechecksIn(session: Session, sql: string): Promise<Precheck[]> {
  const requests = precheckRequests([planOf(sql)])
  const known = await readKnownObjects(session, namesOf(requests))
  const options = { known, searchPath: ['public'], serverMajor: session.serverMajor }
  return derivePrechecks(requests, options)
}

async function withSession<Result>(
  database: TestDatabase,
  act: (session: Session) => Promise<Result>,
): Promise<Result> {
  const session = await connect(resolveConnection({ url: database.url, env: {} }), {
    name: 'test',
    applicationName: 'test',
    settings: { search_path: '' },
  })
  try {
    return await act(session)
  } finally {
    await session.close()
  }
}
