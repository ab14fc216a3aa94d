import type { TestDatabase } from '../../support/database.ts'
import { deployFiles } from '../../support/engine.ts'
import type { CheckScenario } from '../scenario.ts'
import { leastPrivileged } from './least-privilege.ts'

const first = { '1_first': 'create table first (id int primary key, name text)' }
const files = { ...first, '2_second': 'create table second (id int)' }

/** A deployment, and what somebody did by hand after it. */
function after(sql: string): (database: TestDatabase) => Promise<object> {
  return async (database) => {
    await deployFiles(database, { files: first })
    if (sql !== '') await database.query(sql)
    return {}
  }
}

const counting = { '1_count': 'update counter set n = n + 1;\n\ncommit;\n\nselect 1 / 0;' }

/** An attempt that changed a row, failed afterwards and was undone. */
function undoneAttempt(sql = ''): (database: TestDatabase) => Promise<object> {
  return async (database) => {
    await database.query('create table counter (n int); insert into counter values (0)')
    await deployFiles(database, { files: counting })
    if (sql !== '') await database.query(sql)
    return {}
  }
}

export const driftScenarios: readonly CheckScenario[] = [
  {
    check: 'drift.kept-rows',
    outcome: 'failed',
    title: 'the same file again, after its attempt was undone and its rows were kept',
    files: counting,
    arrange: undoneAttempt(),
    says: [/public\.counter: 1 updated/, /retry=safe/],
  },
  {
    check: 'drift.kept-rows',
    outcome: 'passed',
    title: 'the file says that doing it again is harmless',
    files: { '1_count': `-- airlock: retry=safe\n\n${counting['1_count']}` },
    arrange: undoneAttempt(),
    says: [/none/],
  },
  {
    check: 'drift.kept-rows',
    outcome: 'not-checked',
    // Whoever may not read the rest of the journal is refused before any check.
    title: 'a role that may not read when a migration was undone',
    files: counting,
    arrange: async (database) => {
      await undoneAttempt()(database)
      const least = await leastPrivileged(database)
      await database.query(
        `grant usage on schema airlock to ${least.role}; grant select on all tables in schema airlock to ${least.role};
         revoke select on airlock.migrations from ${least.role}`,
      )
      const [row] = await database.query<{ columns: string }>(
        `select string_agg(quote_ident(attname), ', ') as columns from pg_attribute
         where attrelid = 'airlock.migrations'::regclass and attnum > 0 and attname <> 'rolled_back_at'`,
      )
      await database.query(`grant select (${row?.columns}) on airlock.migrations to ${least.role}`)
      return least
    },
    says: [/GRANT USAGE ON SCHEMA airlock, SELECT ON airlock\.migrations, airlock\.steps TO/],
  },
  {
    check: 'drift.catalog',
    outcome: 'passed',
    title: 'nothing but rows changed since the last deployment',
    files,
    arrange: after(`insert into first values (1, 'a')`),
    says: [/unchanged/],
  },
  {
    check: 'drift.catalog',
    outcome: 'warned',
    title: 'an index, a column and a default by hand',
    files,
    arrange: after(
      `create index by_hand on first (name); alter table first add column extra int, alter name set default 'x'`,
    ),
    says: [
      /\+ index public\.by_hand: /,
      /\+ column public\.first\.extra/,
      /~ column public\.first\.name: default none → /,
    ],
  },
  {
    check: 'drift.catalog',
    outcome: 'failed',
    title: 'a table dropped by hand, where that refuses',
    files,
    gates: { preflight: { drift: 'fail' } },
    arrange: after('alter table first drop column name'),
    says: [/- column public\.first\.name/, /preflight\.drift: accept/],
  },
  {
    check: 'drift.catalog',
    outcome: 'passed',
    title: 'a change by hand that is accepted and recorded',
    files,
    gates: { preflight: { drift: 'accept' } },
    arrange: after('create view by_hand as select 1 as one'),
    says: [/accepted, and recorded with this run/, /\+ view public\.by_hand/],
  },
  {
    check: 'drift.catalog',
    outcome: 'not-checked',
    title: 'the first deployment',
    says: [/no run of pg-airlock/],
  },
  {
    check: 'drift.catalog',
    outcome: 'not-checked',
    title: 'the last run was killed',
    files,
    arrange: after('update airlock.runs set fingerprint_after = null'),
    says: [/is not recorded/],
  },
  {
    check: 'drift.catalog',
    outcome: 'not-checked',
    title: 'a kind of object that neither then nor now could be read',
    files,
    arrange: async (database) => {
      const role = await leastPrivileged(database, 'revoke select on pg_policy from public')
      await deployFiles(database, { files: first, url: role.url })
      return role
    },
    says: [/not known of polic/],
  },
  {
    check: 'drift.catalog',
    outcome: 'not-checked',
    title: 'the last run saw another major version',
    files,
    arrange: after(
      `update airlock.runs set fingerprint_after = regexp_replace(fingerprint_after, '"serverMajor":\\d+', '"serverMajor":13')`,
    ),
    says: [/saw PostgreSQL 13/],
  },
  {
    check: 'drift.catalog',
    outcome: 'not-checked',
    title: 'somebody edited the journal',
    files,
    arrange: after(`update airlock.runs set fingerprint_after = fingerprint_after || 'x'`),
    says: [/can’t be read/],
  },
]
