import { startServer } from '../../../scripts/embedded.ts'
import { certificate, key } from '../../support/certificate.ts'
import { createDatabase, server, type TestDatabase } from '../../support/database.ts'
import { type RelayOptions, startRelay } from '../relay.ts'
import type { Arranged, CheckScenario } from '../scenario.ts'
import { stagingAt } from '../staging.ts'

const major = () => String(server().major)

/** Nothing listens there: port 1 is reserved. */
export const unreachable = 'postgresql://reader@127.0.0.1:1/staging?sslmode=disable'

const through =
  (options: RelayOptions) =>
  async ({ url }: TestDatabase): Promise<Arranged> => {
    const relay = await startRelay(url, options)
    return { url: relay.url, cleanUp: () => relay.close() }
  }

/** Another database, made with the options given, as the target or as staging. */
async function another(
  database: TestDatabase,
  as: 'url' | 'staging',
  options: string,
): Promise<Arranged> {
  const other = await createDatabase()
  await other.drop()
  await database.query(`create database "${other.name}" template template0 ${options}`)
  const arranged = as === 'url' ? { url: other.url } : stagingAt(other.url)
  return { ...arranged, cleanUp: () => other.drop() }
}

const withStaging = async ({ url }: TestDatabase) => stagingAt(url)
const withoutStaging = async () => stagingAt(unreachable)

const published = `create table item (id int, n int); create publication "every item" for table item;`

export const serverScenarios: readonly CheckScenario[] = [
  {
    check: 'server.reachable',
    outcome: 'passed',
    title: 'a server nearby, and staging',
    arrange: withStaging,
    says: [/answers in \d+\.\d ms/],
  },
  {
    check: 'server.reachable',
    outcome: 'warned',
    title: 'a server far away',
    arrange: through({ delayMs: 120 }),
    says: [/nearer to the database/],
  },
  {
    check: 'server.reachable',
    outcome: 'not-checked',
    title: 'a staging that nobody answers for',
    arrange: withoutStaging,
    says: [/127\.0\.0\.1:1/, /staging-url/],
  },

  {
    check: 'server.tls',
    outcome: 'passed',
    title: 'a server with a certificate',
    arrange: async () => {
      const secure = await startServer({ major: server().major, tls: { certificate, key } })
      return { url: `${secure.url('postgres')}?sslmode=require`, cleanUp: () => secure.stop() }
    },
    says: [/TLSv1\.[23]/],
  },
  {
    check: 'server.tls',
    outcome: 'warned',
    title: 'a host of its own without encryption',
    arrange: async ({ url }) => {
      const named = new URL(url)
      named.searchParams.set('hostaddr', named.hostname)
      named.hostname = 'db.example.com'
      return { url: named.href }
    },
    says: [/off, to db\.example\.com/, /sslmode=verify-full/],
  },
  {
    check: 'server.tls',
    outcome: 'not-checked',
    title: 'no encryption on the way to this machine itself',
    says: [/ends on this machine/],
  },

  {
    check: 'server.version',
    outcome: 'passed',
    title: 'the major that is expected',
    arrange: async () => ({ gates: { preflight: { version: major() } } }),
  },
  {
    check: 'server.version',
    outcome: 'passed',
    title: 'the version of staging',
    arrange: withStaging,
  },
  {
    check: 'server.version',
    outcome: 'failed',
    title: 'another major than is expected',
    gates: { preflight: { version: '10 - 13' } },
    says: [/10 - 13/, /right database/],
  },
  {
    check: 'server.version',
    outcome: 'warned',
    title: 'an older minor than staging’s',
    arrange: async ({ url }) => {
      const relay = await startRelay(url, { laterMinor: true })
      return { ...stagingAt(relay.url), cleanUp: () => relay.close() }
    },
    says: [/older than staging/, /Update the server/],
  },
  {
    check: 'server.version',
    outcome: 'not-checked',
    title: 'no version is expected',
    says: [/neither a version nor a staging-url/],
  },
  {
    check: 'server.version',
    outcome: 'not-checked',
    title: 'a staging that nobody answers for',
    arrange: withoutStaging,
    says: [/No connection to database "staging"/],
  },

  { check: 'server.primary', outcome: 'passed', title: 'a primary', says: [/a primary/] },
  {
    check: 'server.primary',
    outcome: 'failed',
    title: 'a database that was made read-only',
    arrange: async (database) => {
      await database.query(
        `alter database "${database.name}" set default_transaction_read_only = on`,
      )
      return {}
    },
    says: [/default_transaction_read_only = on/, /25006/],
  },
  {
    check: 'server.primary',
    outcome: 'failed',
    title: 'plan, on a database that was made read-only in another spelling',
    command: 'plan',
    arrange: async (database) => {
      await database.query(
        `alter database "${database.name}" set default_transaction_read_only = Yes`,
      )
      return {}
    },
    says: [/25006/],
  },
  {
    check: 'server.primary',
    outcome: 'not-checked',
    title: 'plan, whose own session is read-only',
    command: 'plan',
  },

  { check: 'server.pooler', outcome: 'passed', title: 'a direct connection' },
  {
    check: 'server.pooler',
    outcome: 'warned',
    title: 'a pooler in session mode',
    arrange: through({ ownPid: 12345 }),
    says: [/pid 12345/, /session mode/],
  },
  {
    check: 'server.pooler',
    outcome: 'not-checked',
    title: 'a pooler of which plan can’t tell the mode',
    command: 'plan',
    arrange: through({ ownPid: 12345 }),
    says: [/transaction mode is refused/],
  },

  {
    check: 'server.encoding',
    outcome: 'passed',
    title: 'UTF8, as on staging',
    arrange: withStaging,
  },
  {
    check: 'server.encoding',
    outcome: 'warned',
    title: 'a database that takes any bytes',
    arrange: (database) =>
      another(database, 'url', `encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'`),
    says: [/SQL_ASCII/],
  },
  {
    check: 'server.encoding',
    outcome: 'warned',
    title: 'another encoding than staging has',
    arrange: (database) =>
      another(database, 'staging', `encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'`),
    says: [/LATIN1.*as staging/],
  },
  {
    check: 'server.encoding',
    outcome: 'warned',
    title: 'a collation in use whose library has changed',
    arrange: async ({ query }) => {
      await query(
        `create collation "Ger man" (provider = icu, locale = 'de'); create table word (w text collate "Ger man")`,
      )
      await query(`update pg_collation set collversion = '1.2' where collname = 'Ger man'`)
      return {}
    },
    says: [/public\."Ger man" 1\.2, now /, /REFRESH COLLATION VERSION/],
  },
  {
    check: 'server.encoding',
    outcome: 'not-checked',
    title: 'a staging that nobody answers for',
    arrange: withoutStaging,
  },

  {
    check: 'server.replication',
    outcome: 'passed',
    title: 'nothing is published',
    says: [/no publication, no logical slot/],
  },
  {
    check: 'server.replication',
    outcome: 'warned',
    title: 'a column is added to a published table',
    files: { '1_add': 'alter table item add column extra text' },
    arrange: async ({ query }) => {
      await query(published)
      return {}
    },
    says: [/Subscriber first/, /1_add\.sql:1:1 .* item, published by every item: subscriber first/],
  },
  {
    check: 'server.replication',
    outcome: 'warned',
    title: 'a new table of a database that is decoded by a logical slot',
    arrange: async ({ query, name }) => {
      await query(`select pg_create_logical_replication_slot('slot_${name}', 'test_decoding')`)
      return { cleanUp: () => query(`select pg_drop_replication_slot('slot_${name}')`) }
    },
    says: [/test_decoding, inactive/],
  },
  {
    check: 'server.replication',
    outcome: 'failed',
    title: 'an update of a published table without a replica identity',
    files: { '1_fill': 'update item set n = 1' },
    arrange: async ({ query }) => {
      await query(published)
      return {}
    },
    says: [/REPLICA IDENTITY FULL/, /55000/, /every item/],
  },
  {
    check: 'server.replication',
    outcome: 'warned',
    title: 'the same, where airlock.yml asks for a warning',
    files: { '1_fill': 'update item set n = 1 where false' },
    gates: { preflight: { checks: { 'server.replication': 'warn' } } },
    arrange: async ({ query }) => {
      await query(published)
      return {}
    },
    says: [/REPLICA IDENTITY FULL/],
  },
  {
    check: 'server.replication',
    outcome: 'failed',
    title: 'a column added to a published table, where airlock.yml asks for a refusal',
    files: { '1_add': 'alter table item add column extra text' },
    gates: { preflight: { checks: { 'server.replication': 'fail' } } },
    arrange: async ({ query }) => {
      await query(published)
      return {}
    },
  },
  ...(
    [
      ['gives it a primary key', 'alter table item add primary key (n); update item set n = 1'],
      [
        'makes all of the row its identity',
        'alter table item replica identity full; delete from item',
      ],
      [
        'only inserts',
        'merge into item using (values (1)) v (n) on item.n = v.n when not matched then insert values (1)',
      ],
      ['looks at another schema', 'set search_path = hidden, public; update item set n = 1'],
    ] as const
  ).map(
    ([what, sql]): CheckScenario => ({
      check: 'server.replication',
      outcome: 'passed',
      title: `rows of a published table without a replica identity, by a plan that ${what}`,
      files: { '1_fill': sql },
      arrange: async ({ query }) => {
        await query(`create schema hidden; create table hidden.item (n int); ${published}`)
        return {}
      },
    }),
  ),
  {
    check: 'server.replication',
    outcome: 'failed',
    title: 'an update of a published table that the plan has taken its replica identity from',
    files: { '1_fill': 'alter table item replica identity nothing; update item set n = 1' },
    arrange: async ({ query }) => {
      await query(`${published}; alter table item replica identity full`)
      return {}
    },
    says: [/55000/],
  },
  {
    check: 'server.replication',
    outcome: 'not-checked',
    title: 'an update of a published table without a replica identity, behind a condition',
    files: { '1_fill': 'do $$ begin if 1 > 2 then update item set n = 1; end if; end $$' },
    arrange: async ({ query }) => {
      await query(published)
      return {}
    },
    says: [/behind a condition/],
  },
  {
    check: 'server.replication',
    outcome: 'not-checked',
    title: 'a table that is not there, where something is published',
    files: { '1_fill': 'update nowhere set n = 1' },
    arrange: async ({ query }) => {
      await query(published)
      return {}
    },
    says: [/no table nowhere yet/],
  },
  {
    check: 'server.replication',
    outcome: 'not-checked',
    title: 'SQL that the parse can’t see, where something is published',
    files: { '1_hidden': `do $$ begin execute format('select %s', 1); end $$` },
    arrange: async ({ query }) => {
      await query(published)
      return {}
    },
  },

  {
    check: 'server.timeouts',
    outcome: 'passed',
    title: 'the three timeouts, read back',
    settings: { 'lock-timeout': '3s' },
    says: [/lock_timeout = 3000ms/],
  },
  {
    check: 'server.timeouts',
    outcome: 'warned',
    title: 'a lock timeout that can never displace an autovacuum',
    settings: { 'lock-timeout': '1s' },
    says: [/1000ms \(deadlock_timeout\)/],
  },
  {
    check: 'server.timeouts',
    outcome: 'not-checked',
    title: 'a file that sets its own',
    files: { '1_own': `set lock_timeout = '5s';\ncreate table t (id int)` },
    says: [/set lock_timeout = '5s'/],
  },

  { check: 'server.event-triggers', outcome: 'passed', title: 'none' },
  {
    check: 'server.event-triggers',
    outcome: 'warned',
    title: 'one that fires for every DDL',
    arrange: async ({ query }) => {
      await query(
        `create function watch() returns event_trigger language plpgsql as 'begin end'; create event trigger "Watch it" on ddl_command_end execute function watch()`,
      )
      return {}
    },
    says: [/Watch it: on ddl_command_end, calls public\.watch\(\)/],
  },
  {
    check: 'server.event-triggers',
    outcome: 'not-checked',
    title: 'one that the plan makes itself',
    files: {
      '1_watch': `create function watch() returns event_trigger language plpgsql as 'begin end';
create event trigger watch on ddl_command_end execute function watch()`,
    },
  },
]
