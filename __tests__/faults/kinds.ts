import { workspaceOf } from '../support/workspace.ts'
import { filesOf, type Scenario } from './scenario.ts'

/**
 * Folders of migrations, one a kind of step, small enough to run hundreds of times. What runs twice or not at all shows: counters go up, and
 * rows are inserted where nothing keeps them unique. `gate()` waits while a test holds the advisory lock 4711, so that a statement can be met in its midst.
 */
export const kinds = [
  'transaction',
  'statements',
  'index',
  'rebuild',
  'detach',
  'label',
  'vacuum',
  'batch',
  'inverses',
  'script',
] as const
export type Kind = (typeof kinds)[number]

const tables = `
create table counter (name text primary key, n integer not null);
insert into counter values ('a', 0), ('b', 0);
create table log (line text);
create table item (id integer primary key, n integer not null, touched integer not null default 0, doubled integer);
insert into item (id, n) select i, i * 10 from generate_series(1, 12) as i;
create index item_touched on item (touched);
create table event (id integer, at date not null) partition by range (at);
create table event_old partition of event for values from ('2024-01-01') to ('2025-01-01');
insert into event values (1, '2024-06-01');
create type mood as enum ('bad', 'good');
create function gate(value anyelement) returns anyelement language plpgsql immutable as $$
  begin perform pg_catalog.pg_advisory_xact_lock_shared(4711); return value; end $$;
`

const rows = `select (select json_agg(c order by name) from counter c), (select json_agg(line order by line) from log),
  (select json_agg(i order by id) from item i), (select json_agg(e order by id) from event e),
  (select json_agg(enumlabel order by enumsortorder) from pg_enum)`

/** What every kind begins and ends with: a fault must not reach what was done before, nor what comes after. */
const around = (files: Readonly<Record<string, string>>) => ({
  'migrations/1_before.sql': `INSERT INTO log VALUES ('before');`,
  ...files,
})

const one = (sql: string) =>
  around({
    'migrations/2_kind.sql': sql,
    'migrations/3_after.sql': `INSERT INTO log VALUES ('after');`,
  })

/** The statement outside a transaction stands between two transactions of its file, of which the first can be taken back. */
const outside = (statement: string) =>
  one(`CREATE TABLE made (id integer);
${statement}
UPDATE counter SET n = n + 1 WHERE name = 'b';
INSERT INTO log VALUES ('kind');
`)

const files: Readonly<Record<Kind, Readonly<Record<string, string>>>> = {
  // In one round trip.
  transaction: {
    ...one(`UPDATE counter SET n = n + 1 WHERE name = 'a';
CREATE TABLE made (id integer);
UPDATE item SET touched = touched + 1 WHERE id = 1;
INSERT INTO log VALUES ('kind');
`),
    'migrations/verify/2_kind_verify.sql': `SELECT gate(count(*)) AS lines FROM made;
-- expect: lines = 0
`,
  },
  // COPY has its rows sent between two statements: each is a round trip.
  statements: one(`UPDATE counter SET n = n + 1 WHERE name = 'a';
COPY log FROM STDIN;
copied
\\.
INSERT INTO log SELECT gate('kind'::text);
`),
  index: outside('CREATE UNIQUE INDEX CONCURRENTLY item_n ON item (gate(n));'),
  rebuild: outside('REINDEX INDEX CONCURRENTLY item_touched;'),
  detach: outside('ALTER TABLE event DETACH PARTITION event_old CONCURRENTLY;'),
  label: outside("ALTER TYPE mood ADD VALUE 'great';"),
  vacuum: outside('VACUUM item;'),
  batch: one(`-- airlock: batch key=id todo="doubled is null" size=5
UPDATE item SET doubled = gate(n * 2), touched = touched + 1 WHERE id > $1 AND id <= $2;

INSERT INTO log VALUES ('kind');
`),
  // Fails at its last statement, after some that Postgres can't take back.
  inverses: around({
    'migrations/2_half.sql': `ALTER TABLE item ADD COLUMN extra integer;
CREATE INDEX CONCURRENTLY item_extra ON item (extra);
DROP INDEX CONCURRENTLY item_touched;
CREATE VIEW item_view AS SELECT id FROM item;
CREATE UNIQUE INDEX CONCURRENTLY item_twice ON item ((n / 1000000));
`,
  }),
  // All its steps are committed when its verify script says no; its rollback script can't run twice.
  script: around({
    'migrations/2_scripted.sql': `CREATE TABLE made (id integer, n integer);
CREATE INDEX CONCURRENTLY made_id ON made (id);
`,
    'migrations/rollbacks/2_scripted_rollback.sql': `DROP INDEX CONCURRENTLY made_id;
ALTER TABLE made DROP COLUMN n;
DROP TABLE made;
`,
    'migrations/verify/2_scripted_verify.sql': `SELECT count(*) AS lines FROM made;
-- expect: lines = 1
`,
  }),
}

/** How the run of a kind ends when nothing disturbs it. */
export const undisturbedEnding: Readonly<Record<Kind, number>> = {
  ...Object.fromEntries(kinds.map((kind) => [kind, 0])),
  inverses: 1,
  script: 1,
} as Record<Kind, number>

/** The folder and the database of a kind; the caller disposes of the folder. */
export function scenarioOf(kind: Kind, gates: Scenario['gates']): Scenario {
  const workspace = workspaceOf(files[kind])
  workspace.write('airlock.yml', JSON.stringify(gates))
  return { workspace, files: filesOf(workspace), gates, setUp: [tables], rows }
}
