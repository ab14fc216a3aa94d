/** Tables with few rows, so that hundreds of copies cost little. */
export const everyKindOfStepTables = `
create type mood as enum ('bad', 'good');
create table item (id integer primary key, n integer not null, touched integer not null default 0, doubled integer, mood mood not null default 'good');
insert into item (id, n) select i, i * 10 from generate_series(1, 30) as i;
create table counter (name text primary key, n integer not null default 0);
insert into counter (name) values ('plain'), ('own'), ('off'), ('label');
create table event (id integer not null, at date not null, note text) partition by range (at);
create table event_old partition of event for values from ('2024-01-01') to ('2025-01-01');
create table event_new partition of event for values from ('2025-01-01') to ('2026-01-01');
insert into event select i, date '2024-06-01' + i * 20, 'note ' || i from generate_series(1, 25) as i;
create index item_to_drop on item (n);
create index item_to_rebuild on item (touched);
create procedure add_one(which text) language sql as $$ update counter set n = n + 1 where name = which $$;
`

/** Statements that are not idempotent: running one twice fails, or leaves a number that is too high. */
export const everyKindOfStep: Readonly<Record<string, string>> = {
  'migrations/1_plain.sql': `
UPDATE counter SET n = n + 1 WHERE name = 'plain';
CREATE TABLE note (id integer PRIMARY KEY, text text);
COPY note FROM STDIN;
1\tone
2\ttwo
\\.
CALL add_one('plain');
`,
  'migrations/verify/1_plain_verify.sql': `
SELECT count(*) AS notes FROM note;
-- expect: notes = 2
`,
  'migrations/2_labels.sql': `
UPDATE counter SET n = n + 1 WHERE name = 'label';
ALTER TYPE mood ADD VALUE 'great';
UPDATE item SET mood = 'great', touched = touched + 1 WHERE id <= 10;
`,
  'migrations/3_backfill.sql': `
-- airlock: batch key=id todo="doubled is null" size=8
UPDATE item SET doubled = n * 2, touched = touched + 1 WHERE id > $1 AND id <= $2;

ALTER TABLE item ALTER COLUMN doubled SET NOT NULL;
`,
  'migrations/4_own.sql': `
SET airlock_test.who = 'somebody';

BEGIN;
UPDATE counter SET n = n + 1 WHERE name = 'own';
CREATE TABLE owned (id integer);
COMMIT;

CREATE INDEX CONCURRENTLY owned_id ON owned (id);

INSERT INTO note VALUES (3, current_setting('airlock_test.who'));
`,
  'migrations/5_concurrently.sql': `
DROP INDEX CONCURRENTLY item_to_drop;
REINDEX INDEX CONCURRENTLY item_to_rebuild;
CREATE UNIQUE INDEX CONCURRENTLY item_n ON item (n);
ALTER TABLE event DETACH PARTITION event_old CONCURRENTLY;
REINDEX TABLE CONCURRENTLY event_new;
`,
  'migrations/6_off.sql': `-- airlock: transaction=off

ALTER TYPE mood ADD VALUE 'superb';
CREATE INDEX CONCURRENTLY IF NOT EXISTS note_text ON note (text);
CREATE TABLE IF NOT EXISTS other (id integer);
ALTER TABLE other ADD COLUMN more text DEFAULT 'x';
`,
  'migrations/7_maintenance.sql': `-- airlock: retry=safe

CREATE TABLE kept (id integer);
VACUUM (ANALYZE) item;
INSERT INTO kept VALUES (1);
`,
  'migrations/8_rewritten.sql': `
ALTER TABLE note ADD CONSTRAINT note_text_length CHECK (length(text) < 100) NOT VALID;
ALTER TABLE note VALIDATE CONSTRAINT note_text_length;
ALTER TABLE note ALTER COLUMN id TYPE bigint;
DROP TABLE owned;
`,
}

export const everyKindOfStepRows = `select
  (select json_agg(c order by name) from counter c) as counters,
  (select json_agg(i order by id) from item i) as items,
  (select json_agg(e order by id) from event e) as events,
  (select json_agg(e order by id) from event_old e) as old_events,
  (select query_to_xml('select * from note order by id', true, false, '') where to_regclass('note') is not null) as notes,
  (select query_to_xml('select count(*) from kept', true, false, '') where to_regclass('kept') is not null) as kept`

export const undoTables = `
create table base (id integer primary key, n integer);
create index base_n on base (n);
`

/** Undone by inverses, and by a script that can't run twice. */
export const undoable: Readonly<Record<string, string>> = {
  'migrations/1_base.sql': 'CREATE INDEX base_id_n ON base (id, n);',
  'migrations/2_inverses.sql': `
ALTER TABLE base ADD COLUMN extra integer;
CREATE INDEX CONCURRENTLY base_extra ON base (extra);
CREATE VIEW base_view AS SELECT id FROM base;
CREATE INDEX CONCURRENTLY base_extra_n ON base (extra, n);
`,
  'migrations/3_script.sql': `
CREATE TABLE scripted (id integer, n integer);
CREATE INDEX CONCURRENTLY scripted_id ON scripted (id);
`,
  'migrations/rollbacks/3_script_rollback.sql': `
DROP INDEX CONCURRENTLY scripted_id;
ALTER TABLE scripted DROP COLUMN n;
DROP INDEX CONCURRENTLY IF EXISTS nothing_of_this_name;
DROP TABLE scripted;
`,
}

/** Its last statement fails after four that Postgres can't take back. */
export const failingHalfWay: Readonly<Record<string, string>> = {
  'migrations/1_half.sql': `
ALTER TABLE base ADD COLUMN extra integer;
CREATE INDEX CONCURRENTLY base_extra ON base (extra);
DROP INDEX CONCURRENTLY base_n;
CREATE VIEW base_view AS SELECT id FROM base;
CREATE UNIQUE INDEX CONCURRENTLY base_twice ON base ((id / 1000000));
`,
}

/** All its steps are committed when its verify script says no. */
export const failingVerification: Readonly<Record<string, string>> = {
  ...undoable,
  'migrations/verify/3_script_verify.sql': `
SELECT count(*) AS lines FROM scripted;
-- expect: lines = 1
`,
}
