import type { TestDatabase } from '../../support/database.ts'
import { limitedRole } from '../roles.ts'
import type { CheckScenario } from '../scenario.ts'

/** What every deployment needs: a place for the journal and for new tables. */
const base =
  'grant create on database :database to :role; grant usage, create on schema public to :role;'

const as = (grants: string, attributes?: string) => (database: TestDatabase) =>
  limitedRole(database, `${base} ${grants}`, attributes)

const mine =
  'create table "Own.ed" (id int primary key, n int); alter table "Own.ed" owner to :role;'
const theirs = 'create table other (id int primary key, n int);'

const failing = (
  check: string,
  title: string,
  sql: string,
  grants: string,
  says: readonly RegExp[],
): CheckScenario => ({
  check,
  outcome: 'failed',
  title,
  files: { '1_change': sql },
  arrange: as(grants),
  says,
})

export const privilegesScenarios: readonly CheckScenario[] = [
  {
    check: 'privileges.role',
    outcome: 'passed',
    title: 'a role that is no superuser',
    arrange: as(''),
    says: [/no superuser/],
  },
  {
    check: 'privileges.role',
    outcome: 'passed',
    title: 'a superuser, said to be one',
    says: [/: superuser/],
  },
  {
    check: 'privileges.role',
    outcome: 'failed',
    title: 'a connection limit that leaves no room for the connection that runs the migrations',
    arrange: as('', 'connection limit 2'),
    says: [/CONNECTION LIMIT 2, 2 in use/, /CONNECTION LIMIT 3/],
  },
  {
    check: 'privileges.role',
    outcome: 'not-checked',
    title: 'a file that goes on as another role',
    files: { '1_other': 'set role pg_monitor; select 1; reset role' },
    says: [/pg_monitor/],
  },

  {
    check: 'privileges.ownership',
    outcome: 'passed',
    title: 'the owner changes its table with nothing but what that takes',
    files: {
      '1_change': `alter table "Own.ed" add column name text;
        create index on "Own.ed" (n); comment on table "Own.ed" is 'mine'; drop table "Own.ed"`,
    },
    arrange: as(mine),
    says: [/ownership of table "Own.ed"/],
  },
  {
    check: 'privileges.ownership',
    outcome: 'passed',
    title: 'a table of a role whose privileges are inherited',
    files: { '1_change': 'alter table other add column name text' },
    arrange: async (database) => {
      const owner = await limitedRole(
        database,
        `${theirs} alter table other owner to :role; ${base}`,
      )
      const member = await limitedRole(
        database,
        `${base} grant "${owner.name.replaceAll('"', '""')}" to :role`,
      )
      return {
        ...member,
        cleanUp: async () => {
          await member.cleanUp?.()
          await owner.cleanUp?.()
        },
      }
    },
  },
  failing(
    'privileges.ownership',
    'a table of another owner is altered',
    'create table a (id int);\nalter table other add column name text',
    theirs,
    [
      /ownership of table other/,
      /its owner is postgres/,
      /ALTER TABLE public.other OWNER TO "deploy ""er""/,
    ],
  ),
  ...(
    [
      ['an index on', 'create index on other (n)'],
      ['a constraint of', 'alter table other add check (n > 0)'],
      ['a comment on', `comment on column other.n is 'x'`],
      ['dropping', 'drop table other'],
      ['clustering', 'cluster other using other_pkey'],
      ['rebuilding the index of', 'reindex table other'],
      ['granting on', 'grant select on other to public'],
      ['publishing', 'create publication p for table other'],
    ] as const
  ).map(([what, sql]) =>
    failing('privileges.ownership', `${what} a table of another owner`, sql, theirs, [/other/]),
  ),
  failing(
    'privileges.ownership',
    'an extension of another owner',
    'alter extension pg_trgm update',
    'create extension pg_trgm;',
    [/^Let its owner run the statement/m],
  ),
  failing(
    'privileges.ownership',
    'a foreign server of another owner',
    `alter server far options (add host 'x')`,
    'create extension postgres_fdw; create server far foreign data wrapper postgres_fdw;',
    [/ALTER SERVER far OWNER TO/],
  ),
  failing(
    'privileges.ownership',
    'the schema of the database’s owner',
    `comment on schema public is 'x'`,
    'alter schema public owner to pg_database_owner;',
    [/^ALTER SCHEMA public OWNER TO/m],
  ),
  {
    check: 'privileges.ownership',
    outcome: 'passed',
    title: 'the index of a table that one may maintain',
    files: { '1_change': 'reindex index other_n' },
    arrange: as(
      `${theirs} create index other_n on other (n);
       do $do$ begin
         if pg_catalog.current_setting('server_version_num')::int >= 170000 then grant maintain on other to :role;
         else alter table other owner to :role; end if; end $do$`,
    ),
  },
  {
    check: 'privileges.ownership',
    outcome: 'warned',
    title: 'ANALYZE of a table of another owner, which leaves it out with a warning',
    files: { '1_change': 'analyze other' },
    arrange: as(theirs),
    says: [/leave it out/],
  },
  {
    check: 'privileges.ownership',
    outcome: 'warned',
    title: 'a grant on a table that one may only read, which grants nothing, with a warning',
    files: { '1_change': 'grant select on other to public' },
    arrange: as(`${theirs} grant select on other to :role`),
    says: [/leave it out/],
  },
  {
    check: 'privileges.ownership',
    outcome: 'not-checked',
    title: 'a table that is made by SQL which the parse can’t see',
    files: {
      '1_change': `do $$ begin execute format('create table %s (id int)', 'made'); end $$;\nalter table made add column n int`,
    },
    arrange: as(''),
    says: [/no such object yet/],
  },

  {
    check: 'privileges.schemas',
    outcome: 'passed',
    title: 'a schema of one’s own and one that the plan makes',
    files: {
      '1_change':
        'create schema "new one"; create table "new one".t (id int primary key); create table u (id int)',
    },
    arrange: as(''),
  },
  ...(
    [
      ['', 'its search path'],
      ['set search_path = "$user", public; ', 'the search path that the file sets'],
    ] as const
  ).map(
    ([sql, whose]): CheckScenario => ({
      check: 'privileges.schemas',
      outcome: 'passed',
      title: `the schema of the role’s own name comes first on ${whose}`,
      files: { '1_change': `${sql}create table t (id int)` },
      arrange: as('create schema authorization :role; revoke create on schema public from :role'),
    }),
  ),
  {
    check: 'privileges.schemas',
    outcome: 'passed',
    title: 'a schema of the role’s own name that the file puts first and nobody has made',
    files: { '1_change': 'set search_path = "$user", public; create table t (id int)' },
    arrange: as(''),
  },
  {
    check: 'privileges.schemas',
    outcome: 'not-checked',
    deploys: true,
    title: 'what a file makes as another role, until it takes that back',
    files: {
      '1_change': 'set role pg_monitor; create table t (id int)',
      '2_own': 'create schema s',
    },
    arrange: as(
      'grant pg_monitor to :role; grant create on schema public to pg_monitor; revoke create on schema public from :role',
    ),
    says: [/SET ROLE makes it run as pg_monitor/],
  },
  {
    check: 'privileges.schemas',
    outcome: 'failed',
    title:
      'no CREATE on the schema of a new table, made after the file has taken its SET ROLE back',
    files: { '1_change': 'set role pg_monitor; reset role; create table t (id int)' },
    arrange: as('grant pg_monitor to :role; revoke create on schema public from :role'),
    says: [/CREATE on schema public/],
  },
  {
    check: 'privileges.schemas',
    outcome: 'failed',
    title: 'no CREATE on the schema of a new table',
    files: { '1_change': 'create table t (id int)' },
    arrange: as('revoke create on schema public from :role'),
    says: [/CREATE on schema public/, /GRANT CREATE ON SCHEMA public TO/],
  },
  {
    check: 'privileges.schemas',
    outcome: 'failed',
    title: 'no CREATE on the schema of one’s own table that gets an index',
    files: { '1_change': 'alter table "Own.ed" add unique (n)' },
    arrange: as(`${mine} revoke create on schema public from :role`),
    says: [/CREATE on the schema of table "Own.ed"/],
  },
  {
    check: 'privileges.schemas',
    outcome: 'failed',
    title: 'no USAGE on a schema that is written',
    files: { '1_change': 'insert into "se cret".t values (1)' },
    arrange: as(
      'create schema "se cret"; create table "se cret".t (id int); grant insert on "se cret".t to :role',
    ),
    says: [/GRANT USAGE ON SCHEMA "se cret"/],
  },
  {
    check: 'privileges.schemas',
    outcome: 'not-checked',
    title: 'a schema that is made by SQL which the parse can’t see',
    files: {
      '1_change': `do $$ begin execute format('create schema %s', 'hidden'); end $$;\ncreate table hidden.t (id int)`,
    },
    arrange: as(''),
  },

  {
    check: 'privileges.tables',
    outcome: 'passed',
    title: 'rows and references with just the privileges that they take',
    files: {
      '1_change': `create table t (id int references other (id));
        insert into other values (1, 1) on conflict (id) do update set n = 2; update other set n = n + 1; delete from other where id = 1;
        create trigger g before insert on other for each row execute function suppress_redundant_updates_trigger()`,
    },
    arrange: as(
      `${theirs} grant select, insert, update, delete, references, trigger on other to :role`,
    ),
  },
  ...(
    [
      ['REFERENCES', 'create table t (id int references other (id))', 'select, insert'],
      ['INSERT', 'insert into other values (1)', 'select, update, delete'],
      ['UPDATE', 'update other set n = 1', 'select, insert, delete'],
      ['SELECT', 'update other set n = n + 1', 'insert, update, delete'],
      ['SELECT', 'create table t as select * from other', 'insert, update, delete'],
      [
        'UPDATE',
        'insert into other values (1) on conflict (id) do update set n = 1',
        'select, insert',
      ],
      ['DELETE', 'delete from other', 'select, insert, update'],
      ['TRUNCATE', 'truncate other', 'select, insert, update, delete'],
      [
        'TRIGGER',
        'create trigger g before insert on other execute function suppress_redundant_updates_trigger()',
        'select',
      ],
    ] as const
  ).map(([privilege, sql, granted]) =>
    failing(
      'privileges.tables',
      `no ${privilege} for ${sql.split(' ')[0]}`,
      sql,
      `${theirs} grant ${granted} on other to :role`,
      [
        new RegExp(`${privilege} on table other`),
        new RegExp(`GRANT ${privilege} ON TABLE public.other TO`),
      ],
    ),
  ),
  failing(
    'privileges.tables',
    'no EXECUTE of the trigger’s function',
    'create trigger g before insert on "Own.ed" for each row execute function f()',
    `${mine} create function f() returns trigger language plpgsql as 'begin return new; end'; revoke execute on function f() from public`,
    [/GRANT EXECUTE ON ROUTINE public.f\(\) TO/],
  ),
  failing(
    'privileges.tables',
    'a table in a schema that the search path names and the role may not use',
    'insert into hidden values (1)',
    `create schema "se cret"; create table "se cret".hidden (id int); grant insert on "se cret".hidden to :role;
     alter role :role set search_path = public, "se cret"`,
    [/GRANT USAGE ON SCHEMA "se cret" TO/, /would not find table hidden/],
  ),
  {
    check: 'privileges.tables',
    outcome: 'warned',
    title: 'row security that would hide rows from the update',
    files: { '1_change': 'update other set n = 1' },
    arrange: as(
      `${theirs} grant select, update on other to :role; alter table other enable row level security; create policy p on other using (n > 1)`,
    ),
    says: [/row security applies/],
  },
  {
    check: 'privileges.tables',
    outcome: 'warned',
    title: 'row security on the second table that is changed',
    files: { '1_change': 'update other set n = 1; delete from "Second"' },
    arrange: as(
      `${theirs} create table "Second" (id int); grant select, update on other to :role; grant delete on "Second" to :role;
       alter table other enable row level security; alter table "Second" enable row level security`,
    ),
    says: [/all rows of table "Second"/],
  },
  failing(
    'privileges.tables',
    'no EXECUTE of a procedure',
    'call p()',
    `create procedure p() language sql as 'select 1'; revoke execute on procedure p() from public`,
    [/GRANT EXECUTE ON ROUTINE public.p\(\) TO/],
  ),
  {
    check: 'privileges.tables',
    outcome: 'not-checked',
    title: 'a privilege on some columns only',
    files: { '1_change': 'update other set n = 1' },
    arrange: as(`${theirs} grant update (n) on other to :role`),
    says: [/some columns/],
  },

  {
    check: 'privileges.special',
    outcome: 'passed',
    title: 'a trusted extension, a schema and a trusted language',
    files: {
      '1_change': `create schema s; create extension pg_trgm; create function f() returns int language sql as 'select 1'`,
    },
    arrange: as(''),
  },
  failing(
    'privileges.special',
    'an extension that is not trusted',
    'create extension pageinspect',
    '',
    [/not trusted/, /superuser/],
  ),
  failing(
    'privileges.special',
    'a new schema without CREATE on the database',
    'create schema s',
    'create schema airlock authorization :role; revoke create on database :database from :role',
    [/CREATE on the database/, /GRANT CREATE ON DATABASE/],
  ),
  ...(
    [
      ['ALTER SYSTEM', `alter system set work_mem = '8MB'`, /ALTER SYSTEM ON PARAMETER work_mem/],
      ['a setting of superusers', 'set session_replication_role = replica', /SET ON PARAMETER/],
      ['a new role', 'create role airlock_never_made', /CREATEROLE/],
      ['a file of the server', `copy "Own.ed" from '/tmp/x'`, /pg_read_server_files/],
      ['a program of the server', `copy "Own.ed" to program 'cat'`, /pg_execute_server_program/],
      [
        'an untrusted language',
        `create function f() returns int language c as 'x', 'y'`,
        /not trusted/,
      ],
      [
        'a role that one is no member of',
        'alter table "Own.ed" owner to pg_monitor',
        /GRANT pg_monitor TO/,
      ],
      ['all tables published', 'create publication p for all tables', /superuser/],
      [
        'an event trigger',
        'create event trigger e on ddl_command_end execute function f()',
        /superuser/,
      ],
    ] as const
  ).map(([title, sql, fix]) => failing('privileges.special', title, sql, mine, [fix])),
  {
    check: 'privileges.special',
    outcome: 'passed',
    title: 'SET ROLE to a role that only the one which logs in is a member of',
    files: { '1_change': 'set role pg_monitor; reset role' },
    arrange: async (database) => {
      const role = await limitedRole(database, base)
      const quoted = `"${role.name.replaceAll('"', '""')}"`
      const login = await limitedRole(database, `${base} grant ${quoted}, pg_monitor to :role`)
      return {
        ...login,
        settings: { role: role.name },
        cleanUp: async () => {
          await login.cleanUp?.()
          await role.cleanUp?.()
        },
      }
    },
  },
  {
    check: 'privileges.special',
    outcome: 'not-checked',
    deploys: true,
    title: 'a role that is made only where it isn’t there',
    files: {
      '1_change': `do $$ begin if not exists (select from pg_catalog.pg_roles where rolname = 'pg_monitor') then create role pg_monitor; end if; end $$`,
    },
    arrange: as(''),
    says: [/behind a condition or a handler/],
  },
  {
    check: 'privileges.special',
    outcome: 'failed',
    title: 'a role that is made behind a condition, and another in any case',
    files: {
      '1_change': `do $$ begin if 1 > 2 then create role pg_monitor; end if; create role airlock_never_made; end $$`,
    },
    arrange: as(''),
    says: [/CREATEROLE/],
  },
  ...(
    [
      ['an untrusted extension', 'create extension pageinspect'],
      ['all tables published', 'create publication p for all tables'],
    ] as const
  ).map(
    ([what, sql]): CheckScenario => ({
      check: 'privileges.special',
      outcome: 'not-checked',
      title: `${what} by the administrator of a hosted server, who is no superuser`,
      files: { '1_change': sql },
      arrange: (database) =>
        limitedRole(
          database,
          `${base} do $do$ begin create role rds_superuser; exception when duplicate_object then null; end $do$; grant rds_superuser to :role`,
        ),
      says: [/rds_superuser stands for a hosted server/],
    }),
  ),
  failing(
    'privileges.special',
    'default privileges of a role that one is no member of',
    'alter default privileges for role pg_monitor grant select on tables to public',
    '',
    [/the privileges of role pg_monitor/],
  ),
  {
    check: 'privileges.special',
    outcome: 'not-checked',
    deploys: true,
    title: 'a new owner, whose CREATE on the schema isn’t looked up',
    files: { '1_change': 'alter table "Own.ed" owner to pg_monitor' },
    arrange: as(`${mine} grant pg_monitor to :role; grant create on schema public to pg_monitor`),
    says: [/whether pg_monitor has CREATE on the schema/],
  },
  {
    check: 'privileges.special',
    outcome: 'not-checked',
    title: 'what EXECUTE runs',
    files: { '1_change': `do $$ begin execute format('select %s', 1); end $$` },
    arrange: as(''),
    says: [/EXECUTE/],
  },

  {
    check: 'privileges.journal',
    outcome: 'passed',
    title: 'the first run of a role that may create a schema',
    arrange: as(''),
  },
  {
    check: 'privileges.journal',
    outcome: 'failed',
    title: 'a role that may create no schema',
    arrange: (database) => limitedRole(database, 'grant usage, create on schema public to :role'),
    says: [/GRANT CREATE ON DATABASE/],
  },
  {
    check: 'privileges.journal',
    outcome: 'failed',
    title: 'a schema airlock of somebody else',
    arrange: as('create schema airlock; grant usage on schema airlock to :role'),
    says: [/ALTER SCHEMA airlock OWNER TO/],
  },
  {
    check: 'privileges.journal',
    outcome: 'not-checked',
    title: 'an event trigger that may refuse the journal’s tables',
    arrange: as(
      `create function watch() returns event_trigger language plpgsql as 'begin end'; create event trigger "Watch" on ddl_command_end execute function watch()`,
    ),
    says: [/Watch/],
  },
]
