import type { TestDatabase } from '../../support/database.ts'
import type { Arranged, CheckScenario } from '../scenario.ts'

/** Runs the SQL before the deployment. */
const given =
  (...statements: readonly string[]) =>
  async (database: TestDatabase): Promise<Arranged> => {
    for (const sql of statements) await database.query(sql)
    return {}
  }

/** The migrations run as a role that may make things, and read none. */
async function asRole({ query, name }: TestDatabase, role: string): Promise<Arranged> {
  await query(
    `create role ${role}; grant usage, create on schema public to ${role}; grant create on database ${name} to ${role}`,
  )
  return {
    settings: { role },
    cleanUp: () => query(`drop owned by ${role} cascade; drop role ${role}`),
  }
}

const people = [
  'create table "Us""er" ("Id" int primary key, name text)',
  `insert into "Us""er" select n, 'p' || n from generate_series(1, 9) n`,
  'create table "order" (id int primary key, "Owner" int, "größe" int)',
  'insert into "order" select n, n, n from generate_series(1, 9) n',
]

const foreignKey = {
  '1_key':
    'alter table "order" add constraint "k y" foreign key ("Owner") references "Us""er" not valid;\nalter table "order" validate constraint "k y";',
}

const mails = [
  'create domain "E mail" as text',
  'create domain "work mail" as "E mail"',
  'create table "mail box" (home "E mail", work "work mail")',
  `insert into "mail box" values ('a@b', 'c@d')`,
]

const booking = 'create table booking (id int primary key, "time" int4range)'
const exclude = 'alter table booking add exclude using gist ("time" with &&) where (id < 3)'

export const dataScenarios: readonly CheckScenario[] = [
  {
    check: 'data.foreign-key',
    outcome: 'passed',
    title: 'every row has its parent',
    files: foreignKey,
    arrange: given(...people),
    says: [
      /Orphans of "order" \("Owner"\)/,
      /0 rows without their "Us""er"/,
      /^0 orphaned rows, as of \d{4}-/m,
    ],
  },
  {
    check: 'data.foreign-key',
    outcome: 'failed',
    title: 'two rows without a parent',
    files: foreignKey,
    arrange: given(...people, 'update "order" set "Owner" = 900 + id where id > 7'),
    says: [/2 orphaned rows/, /id = 8, "Owner" = 908/, /1_key\.sql:2/],
  },
  {
    check: 'data.foreign-key',
    outcome: 'not-checked',
    title: 'an earlier migration corrects the rows',
    files: { '0_fix': 'update "order" set "Owner" = null where "Owner" > 900', ...foreignKey },
    arrange: given(...people, 'update "order" set "Owner" = 900 + id where id > 7'),
    says: [/2 orphaned rows/, /0_fix\.sql:1 changes these rows first/],
  },
  {
    check: 'data.foreign-key',
    outcome: 'failed',
    title: 'a composite key with MATCH FULL on a partitioned table',
    files: {
      '1_key':
        'alter table app."part ed" add foreign key (a, b) references app.pair (x, y) match full',
    },
    arrange: given(
      'create schema app',
      'create table app.pair (x int, y text, unique (x, y))',
      `insert into app.pair values (1, 'one')`,
      'create table app."part ed" (id int, a int, b text) partition by list (id)',
      'create table app."part 1" partition of app."part ed" default',
      `insert into app."part ed" values (1, 1, 'one'), (2, null, null), (3, 1, null), (4, 1, 'two')`,
    ),
    says: [/2 orphaned rows/, /a = 1, b = NULL/, /a = 1, b = two/],
  },
  {
    check: 'data.foreign-key',
    outcome: 'failed',
    title: 'a constraint from before that is validated',
    files: { '1_validate': 'alter table "order" validate constraint old_key' },
    arrange: given(
      ...people,
      'alter table "order" add constraint old_key foreign key ("Owner") references "Us""er" not valid',
      'alter table "order" disable trigger all',
      'update "order" set "Owner" = 77 where id = 3',
      'alter table "order" enable trigger all',
    ),
    says: [/1 orphaned row,/, /id = 3, "Owner" = 77/],
  },
  {
    check: 'data.foreign-key',
    outcome: 'not-checked',
    title: 'the referenced table is made by the plan',
    files: {
      '0_new': 'create table fresh (id int primary key)',
      '1_key': 'alter table "order" add foreign key ("Owner") references fresh',
    },
    arrange: given(...people),
    says: [/created by migrations\/0_new\.sql:1 first/],
  },
  {
    check: 'data.foreign-key',
    outcome: 'not-checked',
    title: 'a role that may not read the rows',
    files: foreignKey,
    arrange: async (database) => {
      for (const sql of people) await database.query(sql)
      return asRole(database, `blind_${database.name}`)
    },
    says: [/permission denied/, /GRANT SELECT ON public\."order", public\."Us""er" TO blind_/],
  },
  {
    check: 'data.foreign-key',
    outcome: 'not-checked',
    title: 'a policy would hide rows from the role',
    files: foreignKey,
    arrange: async (database) => {
      const role = `hidden_${database.name}`
      const arranged = await asRole(database, role)
      for (const sql of people) await database.query(sql)
      await database.query(
        `grant select on all tables in schema public to ${role}; alter table "order" enable row level security`,
      )
      return arranged
    },
    says: [/row-level security/, /ALTER ROLE hidden_\w+ BYPASSRLS/],
  },
  {
    check: 'data.unique',
    outcome: 'passed',
    title: 'NULLs are all different, and the predicate leaves the duplicates out',
    files: {
      '1_index':
        'create unique index concurrently u on "order" (lower("größe"::text), "Owner") where id < 8',
    },
    arrange: given(
      ...people,
      'update "order" set "größe" = 1, "Owner" = 1 where id > 7',
      'update "order" set "Owner" = null, "größe" = 5 where id < 4',
    ),
    says: [/0 values that occur more than once, as of/],
  },
  {
    check: 'data.unique',
    outcome: 'failed',
    title: 'two duplicates of a name with capitals',
    files: { '1_unique': 'alter table "order" add unique ("größe")' },
    arrange: given(...people, 'update "order" set "größe" = 5 where id in (6, 7)'),
    says: [/1 value that occurs more than once/, /"größe" = 5, rows = 3/],
  },
  {
    check: 'data.unique',
    outcome: 'not-checked',
    title: 'an operator class of which nobody knows what is equal',
    files: { '1_unique': 'create unique index on "order" ("größe" other_ops)' },
    arrange: given(
      ...people,
      'create operator class other_ops for type int using btree as operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1 btint4cmp(int, int)',
    ),
    says: [/operator class other_ops/],
  },
  {
    check: 'data.check',
    outcome: 'passed',
    title: 'NULL passes a CHECK',
    files: { '1_check': 'alter table "order" add constraint positive check ("größe" > 0)' },
    arrange: given(...people, 'update "order" set "größe" = null where id = 4'),
    says: [/0 rows, as of/],
  },
  {
    check: 'data.check',
    outcome: 'failed',
    title: 'a negative value in a child of the table, by a function of the path that the file sets',
    files: {
      '1_check': `set search_path to app, public; alter table "order" add check (sane("größe"))`,
    },
    arrange: given(
      ...people,
      'create schema app',
      `create function app.sane(int) returns boolean language sql immutable as 'select $1 > 0'`,
      'create table child () inherits ("order")',
      'insert into child values (10, 10, -10)',
    ),
    says: [/1 row, as of/, /"größe" = -10/],
  },
  {
    check: 'data.check',
    outcome: 'not-checked',
    title: 'the rows are corrected through a view',
    files: {
      '1_check': 'update seen set "größe" = 1;\nalter table "order" add check ("größe" > 0)',
    },
    arrange: given(
      ...people,
      'update "order" set "größe" = -1 where id = 4',
      'create view seen as select * from "order"',
    ),
    says: [/1 row, as of/, /1_check\.sql:1 may change these rows first/],
  },
  {
    check: 'data.check',
    outcome: 'failed',
    title: 'no examples are wanted',
    files: { '1_check': 'alter table "order" add check ("größe" > 0)' },
    gates: { preflight: { 'data-examples': 0 } },
    arrange: given(...people, 'update "order" set "größe" = -4711 where id < 3'),
    says: [/2 rows, as of/, /^(?![\s\S]*4711)/],
  },
  {
    check: 'data.check',
    outcome: 'not-checked',
    title: 'the column is made by the plan',
    files: {
      '1_check':
        'alter table "order" add column fresh int default -1;\nalter table "order" add check (fresh > 0)',
      '2_fix': 'select 1',
    },
    arrange: given(...people, 'truncate "order"'),
    says: [/created by migrations\/1_check\.sql:1 first/],
  },
  {
    check: 'data.check',
    outcome: 'not-checked',
    title: 'there is no time',
    files: {
      '1_check': 'alter table "order" add check ("größe" > 0 and pg_sleep(0.1) is not null)',
    },
    gates: { preflight: { 'data-budget': '200ms' } },
    arrange: given(...people),
    says: [/preflight\.data-budget \(200 ms\)/],
  },
  {
    check: 'data.not-null',
    outcome: 'passed',
    title: 'no NULL',
    files: { '1_not_null': 'alter table "order" alter "größe" set not null' },
    arrange: given(...people),
    says: [/0 rows with NULL, as of/],
  },
  {
    check: 'data.not-null',
    outcome: 'failed',
    title: 'NULL in a column of a new primary key',
    files: { '1_key': 'alter table bare add primary key (a, b)' },
    arrange: given('create table bare (a int, b int)', 'insert into bare values (1, 1), (2, null)'),
    says: [/1 row with NULL/, /a = 2, b = NULL/],
  },
  {
    check: 'data.not-null',
    outcome: 'failed',
    title: 'a new column that no row has a value for',
    files: { '1_add': 'alter table "order" add column must text not null' },
    arrange: given(...people),
    says: [/Give must a default/],
  },
  {
    check: 'data.not-null',
    outcome: 'not-checked',
    title: 'the plan fills the column first',
    files: {
      '1_not_null': `update "order" set "größe" = 0 where "größe" is null;\nalter table "order" alter "größe" set not null`,
    },
    arrange: given(...people, 'update "order" set "größe" = null where id = 4'),
    says: [/1 row with NULL/, /1_not_null\.sql:1 changes these rows first/],
  },
  {
    check: 'data.domain',
    outcome: 'passed',
    title: 'every value of the domain is in order',
    files: { '1_domain': 'alter domain "E mail" add constraint sane check (value like \'%@%\')' },
    arrange: given(...mails),
    says: [/0 values, as of/],
  },
  {
    check: 'data.domain',
    outcome: 'failed',
    title: 'a value of a domain over the domain',
    files: { '1_domain': 'alter domain "E mail" add constraint sane check (value like \'%@%\')' },
    arrange: given(...mails, `insert into "mail box" values ('a@b', 'nobody')`),
    says: [/1 value,/, /column = public\."mail box"\.work, value = nobody/],
  },
  {
    check: 'data.domain',
    outcome: 'not-checked',
    title: 'a condition that the server can not make out',
    files: { '1_domain': 'alter domain "E mail" add check (absent(value))' },
    arrange: given(...mails),
    says: [/absent/],
  },
  {
    check: 'data.type',
    outcome: 'passed',
    title: 'every number fits the smaller type',
    files: { '1_type': 'alter table "order" alter "größe" type smallint' },
    arrange: given(...people),
    says: [/0 values that do not fit, as of/],
  },
  {
    check: 'data.type',
    outcome: 'failed',
    title: 'a text that is too long, blanks at its end aside',
    files: { '1_type': 'alter table "Us""er" alter name type varchar(3)' },
    arrange: given(
      ...people,
      `update "Us""er" set name = 'long' where "Id" = 2`,
      `update "Us""er" set name = 'fit   ' where "Id" = 3`,
    ),
    says: [/1 value that does not fit/, /"Id" = 2, name = long/],
  },
  {
    check: 'data.type',
    outcome: 'not-checked',
    title: 'a USING expression of its own',
    files: { '1_type': 'alter table "Us""er" alter name type int using length(name)' },
    arrange: given(...people),
    says: [/USING/],
  },
  {
    check: 'data.exclusion',
    outcome: 'passed',
    title: 'no two rows exclude each other',
    files: { '1_exclude': exclude },
    arrange: given(booking, `insert into booking values (1, '[1,5)'), (2, '[5,9)')`),
    says: [/0 pairs of rows, as of/],
  },
  {
    check: 'data.exclusion',
    outcome: 'failed',
    title: 'two rows that overlap',
    files: { '1_exclude': exclude },
    arrange: given(booking, `insert into booking values (1, '[1,5)'), (2, '[4,9)'), (3, '[9,10)')`),
    says: [/1 pair of rows/, /id = 1, other id = 2|id = 2, other id = 1/],
  },
  {
    check: 'data.exclusion',
    outcome: 'not-checked',
    title: 'the plan changes the rows first',
    files: { '1_exclude': `delete from booking where id = 2; ${exclude}` },
    arrange: given(booking, `insert into booking values (1, '[1,5)'), (2, '[4,9)')`),
    says: [/1_exclude\.sql:1 changes these rows first/],
  },
]
