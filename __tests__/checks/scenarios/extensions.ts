import { createDatabase } from '../../support/database.ts'
import type { CheckScenario } from '../scenario.ts'
import { stagingAt } from '../staging.ts'
import { unreachable } from './server.ts'

const trigram = 'create extension pg_trgm'

/** Staging with the SQL run on it. */
async function staging(sql: string) {
  const other = await createDatabase()
  await other.query(sql)
  return { ...stagingAt(other.url), cleanUp: () => other.drop() }
}

export const extensionsScenarios: readonly CheckScenario[] = [
  {
    check: 'extensions.installed',
    outcome: 'passed',
    title: 'installed in any version',
    gates: { preflight: { extensions: { pg_trgm: 'any' } } },
    arrange: async ({ query }) => {
      await query(trigram)
      return {}
    },
  },
  {
    check: 'extensions.installed',
    outcome: 'passed',
    title: 'made by a pending migration',
    gates: { preflight: { extensions: { pg_trgm: '>= 1.4' } } },
    files: { '1_trigram': trigram },
    says: [/by a pending migration/],
  },
  {
    check: 'extensions.installed',
    outcome: 'passed',
    title: 'in the version of staging',
    gates: { preflight: { extensions: { pg_trgm: 'staging' } } },
    arrange: async ({ query, url }) => {
      await query(trigram)
      return stagingAt(url)
    },
  },
  {
    check: 'extensions.installed',
    outcome: 'passed',
    title: 'neither on staging nor here, where it is to be as on staging',
    gates: { preflight: { extensions: { pg_trgm: 'staging' } } },
    arrange: () => staging('select 1'),
    says: [/none, as on staging/],
  },
  {
    check: 'extensions.installed',
    outcome: 'failed',
    title: 'not on staging, where it is to be as on staging',
    gates: { preflight: { extensions: { pg_trgm: 'staging' } } },
    arrange: async ({ query }) => {
      await query(trigram)
      return staging('select 1')
    },
    says: [/DROP EXTENSION pg_trgm/],
  },
  {
    check: 'extensions.installed',
    outcome: 'failed',
    title: 'not installed',
    gates: { preflight: { extensions: { 'uuid-ossp': 'any' } } },
    says: [/not installed/, /CREATE EXTENSION "uuid-ossp"/],
  },
  {
    check: 'extensions.installed',
    outcome: 'failed',
    title: 'unknown to the server',
    gates: { preflight: { extensions: { no_such: 'any' } } },
    says: [/files are not on the server/, /package/],
  },
  {
    check: 'extensions.installed',
    outcome: 'failed',
    title: 'older than wanted',
    gates: { preflight: { extensions: { pg_trgm: '>= 99' } } },
    arrange: async ({ query }) => {
      await query(trigram)
      return {}
    },
    says: [/>= 99/, /ALTER EXTENSION pg_trgm UPDATE/],
  },
  {
    check: 'extensions.installed',
    outcome: 'not-checked',
    title: 'to be as on staging, without one',
    gates: { preflight: { extensions: { pg_trgm: 'staging' } } },
    says: [/no staging-url/],
  },

  {
    check: 'extensions.needed',
    outcome: 'passed',
    title: 'made before it is used',
    files: {
      '1_trigram': 'create extension if not exists pg_trgm; create extension citext',
      '2_use': `create table t (name citext, other text, id uuid default gen_random_uuid());
        create index on t using gin (other gin_trgm_ops); select similarity('a', 'b')`,
    },
  },
  {
    check: 'extensions.needed',
    outcome: 'passed',
    title: 'brought by CASCADE of an extension that requires it',
    files: { '1_use': 'create extension earthdistance cascade; create table t (a cube)' },
  },
  {
    check: 'extensions.needed',
    outcome: 'passed',
    title: 'in the schema of the role’s own name, on the search path that the file sets',
    files: { '1_use': 'set search_path = "$user", public; create table public.t (a citext)' },
    arrange: async ({ query }) => {
      await query('create schema postgres; create extension citext schema postgres')
      return {}
    },
  },
  ...(
    [
      [
        'an extension that is made only where the server has it',
        `if exists (select from pg_catalog.pg_available_extensions where name = 'postgis') then create extension postgis; end if`,
      ],
      [
        'a type that is used only where it is there',
        `if to_regtype('geometry') is not null then create table t (place geometry); end if`,
      ],
    ] as const
  ).map(
    ([title, sql]): CheckScenario => ({
      check: 'extensions.needed',
      outcome: 'not-checked',
      title,
      files: { '1_use': `do $$ begin ${sql}; end $$` },
      says: [/behind a condition or a handler/],
    }),
  ),
  {
    check: 'extensions.needed',
    outcome: 'failed',
    title: 'an operator class of an extension that is not installed',
    files: {
      '1_use': 'create table t (name text);\ncreate index on t using gin (name gin_trgm_ops)',
    },
    says: [/extension pg_trgm/, /CREATE EXTENSION pg_trgm/, /Operator class gin_trgm_ops/],
  },
  ...(
    [
      ['a type', 'create table t (name citext)', /CREATE EXTENSION citext/],
      [
        'a function',
        'alter table t alter id set default uuid_generate_v4()',
        /CREATE EXTENSION "uuid-ossp"/,
      ],
      [
        'a function that is called',
        `select crypt('a', gen_salt('bf'))`,
        /CREATE EXTENSION pgcrypto/,
      ],
      ['an access method', 'create index on t using bloom (id)', /CREATE EXTENSION bloom/],
      [
        'a type whose extension the server hasn’t got',
        'create table p (place geometry)',
        /package of postgis/,
      ],
      ['an extension that the server hasn’t got', 'create extension postgis', /package/],
      [
        'a version that the server hasn’t got',
        `create extension pg_trgm version '0.1'`,
        /available: .*1\.6/,
      ],
    ] as const
  ).map(
    ([title, sql, says]): CheckScenario => ({
      check: 'extensions.needed',
      outcome: 'failed',
      title,
      files: { '1_use': sql },
      arrange: async ({ query }) => {
        await query('create table t (id int)')
        return {}
      },
      says: [says],
    }),
  ),
  {
    check: 'extensions.needed',
    outcome: 'failed',
    title: 'an operator class in a schema that the search path leaves out',
    files: {
      '1_use': 'create table t (name text); create index on t using gin (name gin_trgm_ops)',
    },
    arrange: async ({ query }) => {
      await query('create schema "Ext"; create extension pg_trgm schema "Ext"')
      return {}
    },
    says: [/it is in schema "Ext"/, /"Ext"\.gin_trgm_ops/],
  },
  {
    check: 'extensions.needed',
    outcome: 'not-checked',
    title: 'a function that nobody knows',
    files: {
      '1_use': `do $$ begin execute format('create function %s() returns int language sql as $f$ select 1 $f$', 'mine'); end $$;\nselect mine()`,
    },
    says: [/no known extension/],
  },

  {
    check: 'extensions.staging',
    outcome: 'passed',
    title: 'the same, but for one that the plan makes',
    files: { '1_trigram': trigram },
    arrange: () => staging(trigram),
  },
  {
    check: 'extensions.staging',
    outcome: 'warned',
    title: 'one that staging has and the target has not',
    arrange: () => staging('create extension hstore'),
    says: [/hstore: not installed, on staging \d/, /CREATE EXTENSION hstore/],
  },
  {
    check: 'extensions.staging',
    outcome: 'not-checked',
    title: 'a staging that nobody answers for',
    arrange: async () => stagingAt(unreachable),
  },
]
