import type { TestDatabase } from '../../support/database.ts'
import type { Arranged, CheckScenario } from '../scenario.ts'

/** Runs the SQL before the deployment. */
const given =
  (...statements: readonly string[]) =>
  async (database: TestDatabase): Promise<Arranged> => {
    for (const sql of statements) await database.query(sql)
    return {}
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

export const dataScenarios: readonly CheckScenario[] = [
  {
    check: 'data.foreign-key',
    outcome: 'passed',
    title: 'every row has its parent',
    files: foreignKey,
    arrange: given(...people),
    says: [/orphans of "order" \("Owner"\)/, /0 rows without their "Us""er"/, /^0 orphaned rows, as of \d{4}-/m],
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
]
