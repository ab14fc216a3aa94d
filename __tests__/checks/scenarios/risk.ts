import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { TestDatabase } from '../../support/database.ts'
import { until } from '../../support/engine.ts'
import type { CheckScenario } from '../scenario.ts'
import { leastPrivileged } from './least-privilege.ts'

const files = { '1_change': 'alter table "Planned" add column extra int' }
const index = { '1_index': 'create index concurrently planned_id on "Planned" (id)' }

const arrangePlanned = async ({ query }: TestDatabase) => {
  await query('create table "Planned" (id int)')
  return {}
}

/** A walsender that is listed in pg_stat_replication, as a standby's is; returns what ends it. */
async function standby({ url }: TestDatabase, name: string): Promise<() => Promise<void>> {
  const options = { connectionString: url, application_name: name, replication: 'true' }
  const client = new pg.Client(options)
  await client.connect()
  return () => client.end()
}

/** Another session with a transaction that it leaves open. */
async function holding(
  database: TestDatabase,
  sql: string,
  application = 'reporting',
): Promise<void> {
  const session = await database.connect(application)
  await session.query(sql)
}

export const riskScenarios: readonly CheckScenario[] = [
  {
    check: 'risk.long-transactions',
    outcome: 'passed',
    title: 'a young transaction on a planned table, an old one elsewhere',
    files,
    gates: { preflight: { 'long-transactions': '1h' } },
    arrange: async (database) => {
      await arrangePlanned(database)
      await database.query('create table elsewhere (id int)')
      await holding(database, 'begin; insert into elsewhere values (1)')
      const young = await database.connect('young')
      await young.query('begin; select * from "Planned"')
      return { cleanUp: () => young.end() }
    },
    settings: { 'lock-timeout': '100ms' },
    says: [/1 younger/],
  },
  {
    check: 'risk.long-transactions',
    outcome: 'failed',
    title: 'an old transaction that has read a planned table',
    files,
    gates: { preflight: { 'long-transactions': '10ms' } },
    arrange: async (database) => {
      await arrangePlanned(database)
      await holding(database, 'begin; select *\n  from "Planned"; select pg_sleep(0.05)')
      return {}
    },
    says: [
      /pid \d+, user \w+, application reporting, client [\w.:]+, idle in transaction/,
      /"Planned": /,
    ],
  },
  {
    check: 'risk.long-transactions',
    outcome: 'failed',
    title: 'a pg_dump whose snapshot an index build would wait for',
    files: index,
    gates: { preflight: { 'long-transactions': '10ms' } },
    arrange: async (database) => {
      await arrangePlanned(database)
      await holding(
        database,
        'begin isolation level repeatable read; select 1; select pg_sleep(0.05)',
        'pg_dump',
      )
      return {}
    },
    says: [/a running pg_dump/, /holds a snapshot/],
  },
  {
    check: 'risk.long-transactions',
    outcome: 'failed',
    title: 'a writer without a snapshot that an index build would wait for',
    files: index,
    gates: { preflight: { 'long-transactions': '10ms' } },
    arrange: async (database) => {
      await arrangePlanned(database)
      await holding(database, 'begin; insert into "Planned" values (1)')
      await new Promise((resolve) => setTimeout(resolve, 30))
      return {}
    },
    says: [/locks "Planned": begin; insert/],
  },
  {
    check: 'risk.long-transactions',
    outcome: 'passed',
    title: 'a VACUUM of another table, which an index build does not wait for',
    files: index,
    gates: { preflight: { 'long-transactions': '10ms' } },
    arrange: async (database) => {
      await arrangePlanned(database)
      await database.query('create table elsewhere as select generate_series(1, 20000) as id')
      const vacuuming = await database.connect('vacuuming')
      await vacuuming.query("set vacuum_cost_delay = '100ms'; set vacuum_cost_limit = 1")
      const answer = vacuuming.query('vacuum elsewhere').catch(() => null)
      await until(() =>
        database.query(
          `select from pg_stat_activity where application_name = 'vacuuming' and backend_xmin is not null and now() - xact_start > interval '20ms'`,
        ),
      )
      return {
        cleanUp: async () => {
          await database.query(
            `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'vacuuming' and datname = current_database()`,
          )
          await answer
        },
      }
    },
    says: [/none/],
  },
  {
    check: 'risk.long-transactions',
    outcome: 'not-checked',
    title: 'a role that can’t see the age of a session in the way',
    files,
    settings: { 'lock-timeout': '100ms' },
    arrange: async (database) => {
      await arrangePlanned(database)
      await holding(database, 'begin; select * from "Planned"')
      return leastPrivileged(database)
    },
    says: [/GRANT pg_read_all_stats TO least_/, /state not visible/],
  },
  ...(
    [
      ['is dropped', 'drop table child'],
      ['loses its foreign key', 'alter table child drop constraint to_planned'],
    ] as const
  ).map(
    ([what, sql]): CheckScenario => ({
      check: 'risk.long-transactions',
      outcome: 'failed',
      title: `an old transaction on the table that is referenced by one which ${what}`,
      files: { '1_drop': sql },
      gates: { preflight: { 'long-transactions': '10ms' } },
      arrange: async (database) => {
        await database.query(
          'create table "Planned" (id int primary key); create table child (id int constraint to_planned references "Planned" (id))',
        )
        await holding(database, 'begin; select * from "Planned"; select pg_sleep(0.05)')
        return {}
      },
      says: [/locks "Planned"/],
    }),
  ),
  {
    check: 'risk.long-transactions',
    outcome: 'failed',
    title: 'an old transaction on a table that only the file’s own search path finds',
    files: {
      '1_change': 'set search_path = "Else where", public; alter table there add column n int',
    },
    gates: { preflight: { 'long-transactions': '10ms' } },
    arrange: async (database) => {
      await database.query('create schema "Else where"; create table "Else where".there ()')
      await holding(database, 'begin; select from "Else where".there; select pg_sleep(0.05)')
      return {}
    },
    says: [/locks "Else where"\.there/],
  },
  ...(
    [
      [
        'a table that is not there',
        'alter table nowhere add column n int',
        /not there yet: nowhere/,
      ],
      [
        'what EXECUTE locks',
        `do $$ begin execute format('select %s', 1); end $$`,
        /1_change\.sql:1:1 DO/,
      ],
    ] as const
  ).map(
    ([title, sql, says]): CheckScenario => ({
      check: 'risk.long-transactions',
      outcome: 'not-checked',
      title,
      files: { '1_change': sql },
      says: [says],
    }),
  ),
  {
    check: 'risk.idle-in-transaction',
    outcome: 'passed',
    title: 'a session that has been idle with locks on another table',
    files,
    gates: { preflight: { 'idle-in-transaction': '0s' } },
    arrange: async (database) => {
      await arrangePlanned(database)
      await database.query('create table elsewhere (id int)')
      await holding(database, 'begin; insert into elsewhere values (1)')
      return {}
    },
  },
  {
    check: 'risk.idle-in-transaction',
    outcome: 'failed',
    title: 'a session that has been idle for longer than is allowed',
    files,
    gates: { preflight: { 'idle-in-transaction': '10ms' } },
    arrange: async (database) => {
      await arrangePlanned(database)
      await holding(database, 'begin; lock table "Planned" in access share mode')
      await new Promise((resolve) => setTimeout(resolve, 30))
      return {}
    },
    says: [/idle in transaction for/, /pg_terminate_backend/],
  },
  {
    check: 'risk.idle-in-transaction',
    outcome: 'not-checked',
    title: 'a role that can’t see what other sessions do',
    files,
    arrange: async (database) => {
      await arrangePlanned(database)
      return leastPrivileged(database)
    },
    says: [/pg_read_all_stats/],
  },
  {
    check: 'risk.prepared-transactions',
    outcome: 'passed',
    title: 'a prepared transaction that is not in the way',
    files,
    arrange: async (database) => {
      await arrangePlanned(database)
      await database.query('create table elsewhere (id int)')
      return preparing(database, 'insert into elsewhere values (1)')
    },
  },
  {
    check: 'risk.prepared-transactions',
    outcome: 'failed',
    title: 'a prepared transaction that has written a planned table',
    files,
    arrange: async (database) => {
      await arrangePlanned(database)
      return preparing(database, 'insert into "Planned" values (1)')
    },
    says: [/'forgotten \w+'/, /"Planned"/, /ROLLBACK PREPARED/],
  },
  {
    check: 'risk.prepared-transactions',
    outcome: 'not-checked',
    title: 'a role that may not read pg_prepared_xacts',
    files,
    arrange: async (database) => {
      await arrangePlanned(database)
      return leastPrivileged(database, 'revoke select on pg_prepared_xacts from public')
    },
    says: [/GRANT SELECT ON pg_catalog\.pg_prepared_xacts/],
  },
  {
    check: 'risk.lock-waits',
    outcome: 'passed',
    title: 'nobody waits for a lock',
  },
  {
    check: 'risk.lock-waits',
    outcome: 'warned',
    title: 'a session that is stuck behind another',
    gates: { preflight: { 'lock-waits': '10ms' } },
    arrange: async (database) => {
      await arrangePlanned(database)
      await holding(database, 'begin; lock table "Planned" in exclusive mode')
      const stuck = await database.connect('stuck')
      const answer = stuck.query('insert into "Planned" values (1)').catch(() => null)
      await until(() =>
        database.query(
          `select from pg_locks where not granted and relation = '"Planned"'::regclass and clock_timestamp() - waitstart > interval '20ms'`,
        ),
      )
      return {
        cleanUp: async () => {
          await database.query(
            `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
          )
          await answer
        },
      }
    },
    says: [/application stuck/, /waits .* for RowExclusiveLock on "Planned", behind pid \d+/],
  },
  {
    check: 'risk.lock-waits',
    outcome: 'not-checked',
    title: 'a role that may not read pg_locks',
    arrange: (database) => leastPrivileged(database, 'revoke select on pg_locks from public'),
    says: [/GRANT SELECT ON pg_catalog\.pg_locks/],
  },
  {
    check: 'risk.autovacuum',
    outcome: 'passed',
    title: 'a table that nothing is wrong with',
    files,
    arrange: arrangePlanned,
  },
  {
    check: 'risk.autovacuum',
    outcome: 'warned',
    title: 'a planned table for which autovacuum is switched off',
    files,
    arrange: async (database) => {
      await arrangePlanned(database)
      await database.query('alter table "Planned" set (autovacuum_enabled = off)')
      return {}
    },
    says: [/"Planned": autovacuum is switched off/],
  },
  {
    check: 'risk.autovacuum',
    outcome: 'warned',
    title: 'a planned table that is due for an autovacuum to prevent wraparound',
    files,
    arrange: async (database) => {
      await arrangePlanned(database)
      // Postgres takes no lower limit than this; each subtransaction that writes uses up a transaction id.
      await database.query('alter table "Planned" set (autovacuum_freeze_max_age = 100000)')
      await database.query(
        `create table spent (); do $$ begin for n in 1..100100 loop begin insert into spent default values; exception when others then null; end; end loop; end $$; drop table spent`,
      )
      return {}
    },
    says: [/"Planned": an autovacuum to prevent wraparound is due, age 100,\d+ of 100,000/],
  },
  {
    check: 'risk.autovacuum',
    outcome: 'not-checked',
    title: 'a role that can’t see the workers',
    files,
    arrange: async (database) => {
      await arrangePlanned(database)
      return leastPrivileged(database)
    },
    says: [/pg_read_all_stats/],
  },
  {
    check: 'risk.replication',
    outcome: 'passed',
    title: 'no slot of this database',
  },
  {
    check: 'risk.replication',
    outcome: 'warned',
    title: 'a logical slot that nobody reads',
    arrange: async ({ query }) => {
      const name = `slot_${randomBytes(5).toString('hex')}`
      await query(`select pg_create_logical_replication_slot($1, 'test_decoding')`, [name])
      return { cleanUp: () => query('select pg_drop_replication_slot($1)', [name]) }
    },
    says: [/logical slot slot_\w+, inactive, retains/, /pg_drop_replication_slot/],
  },
  {
    check: 'risk.replication',
    outcome: 'not-checked',
    title: 'a role that may not read pg_stat_replication',
    arrange: (database) =>
      leastPrivileged(database, 'revoke select on pg_stat_replication from public'),
    says: [/pg_read_all_stats/],
  },
  {
    check: 'risk.replication',
    outcome: 'warned',
    title: 'a standby that will replay an ACCESS EXCLUSIVE lock',
    files,
    arrange: async (database) => {
      await arrangePlanned(database)
      return { cleanUp: await standby(database, 'reporting_standby') }
    },
    says: [/1 standby \(reporting_standby\) will replay it on "Planned"/, /without lock_timeout/],
  },
  {
    check: 'risk.connection-slots',
    outcome: 'passed',
    title: 'enough connections are left',
    gates: { preflight: { 'connection-slots': 1 } },
  },
  {
    check: 'risk.connection-slots',
    outcome: 'warned',
    title: 'fewer connections are left than are asked for',
    gates: { preflight: { 'connection-slots': 100_000 } },
    says: [/100,001 free/, /max_connections 200, less \d+ reserved/],
  },
  {
    check: 'risk.connection-slots',
    outcome: 'warned',
    title: 'the database has a limit of its own',
    arrange: async ({ query }) => {
      const [row] = await query<{ name: string }>(`select quote_ident(current_database()) as name`)
      await query(`alter database ${row?.name} connection limit 4`)
      return {}
    },
    says: [/CONNECTION LIMIT 4 of the database/],
  },
  {
    check: 'risk.connection-slots',
    outcome: 'passed',
    title: 'the limit of the role that connects, which privileges.role judges',
    gates: { preflight: { 'connection-slots': 10 } },
    arrange: async (database) => {
      const arranged = await leastPrivileged(database)
      await database.query(`alter role ${arranged.role} connection limit 4`)
      return arranged
    },
  },
  {
    check: 'risk.connection-slots',
    outcome: 'not-checked',
    title: 'a role that may not read pg_stat_database',
    arrange: (database) =>
      leastPrivileged(database, 'revoke select on pg_stat_database from public'),
    says: [/GRANT SELECT/],
  },
  {
    check: 'risk.transaction-id-age',
    outcome: 'passed',
    title: 'a young database',
    says: [/at most 1,500,000,000/],
  },
  {
    check: 'risk.transaction-id-age',
    outcome: 'failed',
    title: 'older than is accepted',
    gates: { preflight: { 'transaction-id-age': 1 } },
    arrange: async ({ query }) => {
      for (const name of ['a', 'b', 'c']) await query(`create table ${name} ()`)
      return {}
    },
    says: [/VACUUM \(FREEZE\)/],
  },
  {
    check: 'risk.transaction-id-age',
    outcome: 'not-checked',
    title: 'a role that may not read pg_database',
    arrange: (database) =>
      leastPrivileged(
        database,
        'revoke select on pg_database from public; grant select (datname, oid) on pg_database to public',
      ),
    says: [/GRANT SELECT ON pg_catalog\.pg_database/],
  },
  {
    check: 'risk.invalid-indexes',
    outcome: 'passed',
    title: 'the only one is rebuilt by the plan',
    files: { '1_rebuild': 'drop index "Bad"; create index "Bad" on "Planned" (id)' },
    arrange: withInvalidIndex,
    says: [/index public\."Bad" on public\."Planned" \(1 drops it\)/],
  },
  {
    check: 'risk.invalid-indexes',
    outcome: 'warned',
    title: 'a unique index that duplicates kept from being built',
    arrange: withInvalidIndex,
    says: [/unique index public\."Bad" on public\."Planned"/, /REINDEX INDEX CONCURRENTLY/],
  },
  {
    check: 'risk.invalid-indexes',
    outcome: 'warned',
    title: 'of a partitioned table, whose partition lacks its own',
    arrange: async ({ query }) => {
      await query(
        `create table "Planned" (id int) partition by list (id); create table one partition of "Planned" for values in (1); create index "Bad" on only "Planned" (id)`,
      )
      return {}
    },
    says: [/partitions’ indexes and ALTER INDEX … ATTACH PARTITION each/],
  },
  {
    check: 'risk.invalid-indexes',
    outcome: 'not-checked',
    title: 'a role that may not see running builds',
    arrange: (database) =>
      leastPrivileged(database, 'revoke select on pg_stat_progress_create_index from public'),
    says: [/GRANT SELECT/],
  },
  {
    check: 'risk.not-valid-constraints',
    outcome: 'passed',
    title: 'the only one is validated by the plan',
    files: { '1_validate': 'alter table "Planned" validate constraint "is positive"' },
    arrange: withNotValid,
    says: [/\(1 validates it\)/],
  },
  {
    check: 'risk.not-valid-constraints',
    outcome: 'warned',
    title: 'a CHECK that was never validated',
    arrange: withNotValid,
    says: [/constraint "is positive" on public\."Planned": CHECK/],
  },
  {
    check: 'risk.not-valid-constraints',
    outcome: 'warned',
    title: 'a CHECK of a domain that was never validated',
    arrange: withNotValidDomain,
    says: [/constraint long on public\."Name": CHECK/],
  },
  ...(['alter domain "Name" validate constraint long', 'drop domain "Name"'] as const).map(
    (sql): CheckScenario => ({
      check: 'risk.not-valid-constraints',
      outcome: 'passed',
      title: `the only one is a domain’s: ${sql.split(' ')[0]}`,
      files: { '1_settle': sql },
      arrange: withNotValidDomain,
      says: [/settled by the plan/],
    }),
  ),
  {
    check: 'risk.not-valid-constraints',
    outcome: 'not-checked',
    title: 'a role that may not read pg_constraint',
    arrange: (database) => leastPrivileged(database, 'revoke select on pg_constraint from public'),
    says: [/GRANT SELECT ON pg_catalog\.pg_constraint/],
  },
  {
    check: 'risk.room',
    outcome: 'passed',
    title: 'a query says that there is enough',
    files: index,
    gates: { preflight: { 'free-space': { query: 'select 10 * 1024 ^ 3' } } },
    arrange: withRows,
    says: [/10\.?0? GB free/, /index planned_id on "Planned": about 2\d\d kB/],
  },
  {
    check: 'risk.room',
    outcome: 'failed',
    title: 'a rewrite and an index beside less room than that',
    files: {
      '1_rewrite':
        'alter table "Planned" alter column id type bigint; create index planned_id on "Planned" (id)',
    },
    gates: { preflight: { 'free-space': '300kB' } },
    arrange: withRows,
    says: [/rewrite for TYPE of column "Planned"\.id: about [34]\d\d kB/, /index planned_id/],
  },
  {
    check: 'risk.room',
    outcome: 'failed',
    title: 'an index on a table that only the file’s own search path finds',
    files: { '1_index': 'set search_path = "Else where", public; create index on "Planned" (id)' },
    gates: { preflight: { 'free-space': '100kB' } },
    arrange: async (database) => {
      await withRows(database)
      await database.query(
        'create schema "Else where"; alter table "Planned" set schema "Else where"',
      )
      return {}
    },
    says: [/about 2\d\d kB/],
  },
  {
    check: 'risk.room',
    outcome: 'not-checked',
    title: 'an index on a table that is not there',
    files: { '1_index': 'create index i on nowhere (id)' },
    gates: { preflight: { 'free-space': '10GB' } },
    says: [/nothing yet to measure for index i on nowhere/],
  },
  {
    check: 'risk.room',
    outcome: 'not-checked',
    title: 'no free space is configured',
    files: index,
    arrange: withRows,
    says: [/preflight\.free-space/],
  },
  {
    check: 'risk.room',
    outcome: 'not-checked',
    title: 'the query would write',
    files: index,
    gates: { preflight: { 'free-space': { query: 'delete from "Planned"' } } },
    arrange: withRows,
    says: [/one that only reads: it is not a query/],
  },
]

async function preparing(database: TestDatabase, sql: string) {
  const gid = `forgotten ${randomBytes(5).toString('hex')}`
  const session = await database.connect('transaction manager')
  await session.query(`begin; ${sql}; prepare transaction '${gid}'`)
  return { cleanUp: () => session.query(`rollback prepared '${gid}'`) }
}

async function withInvalidIndex({ query }: TestDatabase) {
  await query('create table "Planned" (id int)')
  await query('insert into "Planned" values (1), (1)')
  await query('create unique index concurrently "Bad" on "Planned" (id)').catch(() => null)
  return {}
}

async function withNotValid({ query }: TestDatabase) {
  await query('create table "Planned" (id int)')
  await query('insert into "Planned" values (1)')
  await query('alter table "Planned" add constraint "is positive" check (id > 0) not valid')
  return {}
}

async function withNotValidDomain({ query }: TestDatabase) {
  await query('create domain "Name" as text')
  await query('alter domain "Name" add constraint long check (length(value) > 3) not valid')
  return {}
}

async function withRows({ query }: TestDatabase) {
  await query('create table "Planned" (id int)')
  await query('insert into "Planned" select generate_series(1, 10000)')
  await query('analyze "Planned"')
  return {}
}
