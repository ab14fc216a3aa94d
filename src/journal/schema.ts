/**
 * The journal's own migrations, applied in order under the run's lock. A script that has been released is never edited: a new one is
 * appended. `airlock.journal_version` says how far a database is.
 */
export const journalScripts: readonly string[] = [
  `
create schema if not exists airlock;
comment on schema airlock is 'Journal of pg-airlock: which runs, migrations and steps changed this database';

create table airlock.journal_version (
  version integer primary key,
  installed_at timestamptz not null default clock_timestamp()
);
comment on table airlock.journal_version is 'Versions of the journal''s own tables';
comment on column airlock.journal_version.version is 'Number of the script, counted from 1';
comment on column airlock.journal_version.installed_at is 'When the script was applied';

create table airlock.runs (
  id text primary key,
  epoch bigint not null,
  command text not null,
  outcome text,
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  database_user text not null default session_user,
  actor text,
  repository text,
  commit_sha text,
  run_url text,
  tool_version text not null,
  settings jsonb not null,
  fingerprint_before text,
  fingerprint_after text,
  error jsonb
);
comment on table airlock.runs is 'One row for each run that changed, or set out to change, this database';
comment on column airlock.runs.id is 'Random id; part of the application_name of the run''s connections';
comment on column airlock.runs.epoch is 'Raised when another run takes over: a run whose epoch is not the one it started with may write nothing more';
comment on column airlock.runs.command is 'deploy or rollback';
comment on column airlock.runs.outcome is 'Outcome as in the report; null while the run goes on; abandoned when a later run found it dead';
comment on column airlock.runs.started_at is 'When the run took its lock and began';
comment on column airlock.runs.ended_at is 'When it ended, or was found dead';
comment on column airlock.runs.database_user is 'Role that was logged in';
comment on column airlock.runs.actor is 'Who started it, as the CI system says, else the operating system''s user';
comment on column airlock.runs.repository is 'Repository that the migrations came from';
comment on column airlock.runs.commit_sha is 'Commit that the migrations came from';
comment on column airlock.runs.run_url is 'Page of the CI run';
comment on column airlock.runs.tool_version is 'Version of pg-airlock';
comment on column airlock.runs.settings is 'Settings that were in force, without secrets';
comment on column airlock.runs.fingerprint_before is 'The catalog before the first change, as a canonical text';
comment on column airlock.runs.fingerprint_after is 'The catalog after the last change, as a canonical text';
comment on column airlock.runs.error is 'What failed, where, SQLSTATE; null when nothing did';

create table airlock.migrations (
  id bigint generated always as identity primary key,
  run_id text not null references airlock.runs (id),
  version text not null,
  name text not null,
  file text not null,
  checksum text not null,
  state text not null check (state in ('running', 'applied', 'verified', 'failed', 'rolled-back')),
  half_done boolean not null default false,
  step_count integer not null,
  statement_count integer not null,
  started_at timestamptz not null default clock_timestamp(),
  applied_at timestamptz,
  verified_at timestamptz,
  rolled_back_at timestamptz,
  rolled_back_by text references airlock.runs (id),
  duration_ms bigint,
  row_effects jsonb not null default '[]',
  fingerprint_before text,
  undo jsonb,
  error jsonb
);
comment on table airlock.migrations is 'One row for each time that a migration was begun; the rows that count now are running, applied, verified or half done';
comment on column airlock.migrations.id is 'Order in which they were begun';
comment on column airlock.migrations.run_id is 'Run that began it';
comment on column airlock.migrations.version is 'Version from the file name';
comment on column airlock.migrations.name is 'Name from the file name';
comment on column airlock.migrations.file is 'Path of the forward script';
comment on column airlock.migrations.checksum is 'SHA-256 of the forward script; line endings and a BOM do not count';
comment on column airlock.migrations.state is 'running, applied (committed), verified, failed, rolled-back';
comment on column airlock.migrations.half_done is 'True while some, not all, of its steps are in the database';
comment on column airlock.migrations.step_count is 'Number of steps that the plan made of it';
comment on column airlock.migrations.statement_count is 'Number of SQL statements';
comment on column airlock.migrations.started_at is 'When its first step began';
comment on column airlock.migrations.applied_at is 'When its last step was committed';
comment on column airlock.migrations.verified_at is 'When its expectations and its verify script were found true';
comment on column airlock.migrations.rolled_back_at is 'When it was undone';
comment on column airlock.migrations.rolled_back_by is 'Run that undid it';
comment on column airlock.migrations.duration_ms is 'Milliseconds from its first step to its last, without verification';
comment on column airlock.migrations.row_effects is 'Rows that its own transactions inserted, updated, deleted, for each table';
comment on column airlock.migrations.fingerprint_before is 'The catalog before its first step, kept while it is half done so that any later run can undo it';
comment on column airlock.migrations.undo is 'How far its undo has come, while one is under way: by script or inverses, how many are done, which statements';
comment on column airlock.migrations.error is 'What failed, where, SQLSTATE; null when nothing did';
create unique index migrations_current on airlock.migrations (version)
  where state in ('running', 'applied', 'verified') or half_done;
comment on index airlock.migrations_current is 'No version can be applied twice';

create table airlock.steps (
  migration_id bigint not null references airlock.migrations (id),
  ordinal integer not null,
  run_id text not null references airlock.runs (id),
  kind text not null,
  title text not null,
  state text not null check (state in ('started', 'done', 'failed', 'rolled-back')),
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  duration_ms bigint,
  statement_count integer not null,
  before jsonb,
  progress jsonb,
  row_effects jsonb not null default '[]',
  error jsonb,
  primary key (migration_id, ordinal)
);
comment on table airlock.steps is 'One row for each step: what succeeds or fails as one';
comment on column airlock.steps.migration_id is 'Migration that it belongs to';
comment on column airlock.steps.ordinal is 'Place in the migration, counted from 1';
comment on column airlock.steps.run_id is 'Run that carried it out last';
comment on column airlock.steps.kind is 'transaction, statement (one that allows no transaction) or batch';
comment on column airlock.steps.title is 'What a person calls it';
comment on column airlock.steps.state is 'started (outside a transaction, fate not yet known), done, failed, rolled-back';
comment on column airlock.steps.started_at is 'When it began';
comment on column airlock.steps.ended_at is 'When it ended';
comment on column airlock.steps.duration_ms is 'Milliseconds that it took';
comment on column airlock.steps.statement_count is 'Number of SQL statements';
comment on column airlock.steps.before is 'What was true of its objects before it began, with their OIDs: how a later run tells what became of it';
comment on column airlock.steps.progress is 'Batched backfill: last key, pass, batches and rows so far';
comment on column airlock.steps.row_effects is 'Rows that its transaction inserted, updated, deleted, for each table';
comment on column airlock.steps.error is 'What failed, SQLSTATE; null when nothing did';

create function airlock.hold_run(run text, run_epoch bigint) returns void
language plpgsql set search_path = pg_catalog as $$
begin
  update airlock.runs set epoch = epoch where id = run and epoch = run_epoch and outcome is null;
  if not found then
    raise exception using errcode = 'AL001', message = 'another run has taken over this database';
  end if;
end
$$;
comment on function airlock.hold_run(text, bigint) is
  'Called in every transaction that writes to the journal: fails unless the run still holds its epoch, so that a run thought dead can commit nothing';

insert into airlock.journal_version (version) values (1);
`,
  `
alter table airlock.runs
  add column backup jsonb,
  add column restore_point jsonb,
  add column baseline jsonb,
  add column checks jsonb,
  add column criteria jsonb,
  add column plan_digest text,
  add column approved_by text;
comment on column airlock.runs.backup is 'The backup before the first change, as it was proven: path, bytes, SHA-256, each proof; null where none was asked for';
comment on column airlock.runs.restore_point is 'The restore point before the first change: name, LSN, WAL file, whether that was archived by the end of the run; null where none was asked for';
comment on column airlock.runs.baseline is 'Row counts and other figures before and after';
comment on column airlock.runs.checks is 'Every check before the first change: expected, found, outcome';
comment on column airlock.runs.criteria is 'The success criteria and what they were judged by';
comment on column airlock.runs.plan_digest is 'Digest of what was planned: files, checksums, steps, target';
comment on column airlock.runs.approved_by is 'Who approved the run, as the CI system says';

insert into airlock.journal_version (version) values (2);
`,
]
