import type { Session } from '../postgres/types.ts'
import type {
  BackupReport,
  BaselineReport,
  CheckReport,
  CriterionReport,
  ErrorReport,
  RestorePointReport,
  RowEffect,
  RunOutcome,
} from '../report/types.ts'
import { quoteLiteral } from '../sql/identifier.ts'
import { journalScripts } from './schema.ts'
import type { BatchProgress, StepBefore } from './state.ts'
import { storableJson, toldJson } from './storable.ts'

/** The run as the journal knows it: who may write. */
export interface RunKey {
  readonly id: string
  readonly epoch: number
}

/** What is told of a run when it begins. Nothing of it is secret. */
export interface RunFacts {
  readonly id: string
  readonly command: string
  readonly actor: string | null
  readonly repository: string | null
  readonly commit: string | null
  readonly runUrl: string | null
  readonly toolVersion: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly fingerprintBefore: string
  readonly gates?: GateFacts
}

/** What the gates found before the first change. Absent: not asked for. */
export interface GateFacts {
  readonly checks?: readonly CheckReport[]
  readonly backup?: BackupReport | null
  readonly restorePoint?: RestorePointReport | null
  readonly planDigest?: string | null
  readonly approvedBy?: string | null
}

export interface RunEnd {
  readonly outcome: RunOutcome
  readonly fingerprintAfter: string | null
  readonly error: ErrorReport | null
  /** As of now: its WAL may have been archived meanwhile. Absent: what was recorded at the beginning stays. */
  readonly restorePoint?: RestorePointReport | null
  readonly baseline?: BaselineReport | null
  readonly criteria?: readonly CriterionReport[]
}

export interface MigrationFacts {
  readonly version: string
  readonly name: string
  readonly file: string
  readonly checksum: string
  readonly stepCount: number
  readonly statementCount: number
  /** Kept only where a later run may have to undo the migration: those of several steps. */
  readonly fingerprintBefore: string | null
}

export interface StepFacts {
  readonly ordinal: number
  readonly kind: string
  readonly title: string
  readonly statements: number
}

const text = (value: string | null) => (value === null ? 'null' : quoteLiteral(value))
const json = (value: unknown, written = storableJson) =>
  value === null || value === undefined ? 'null' : `${quoteLiteral(written(value))}::jsonb`
/** What is only read by people. */
const told = (value: unknown) => json(value, toldJson)

/** Brings the journal from `version` (0: none) to the newest, in one transaction. Called under the run's lock. */
export async function installJournal(session: Session, version: number): Promise<void> {
  const pending = journalScripts.slice(version)
  if (pending.length === 0) return
  await session.simple(
    `begin read write; set local search_path = pg_catalog; ${pending.join('\n')}; commit`,
  )
}

/**
 * Ends, on paper, every run that was left without an end: its epoch is raised, so that should something of it still live, it can commit nothing
 * more. What the journal says after this is final. Called under the run's lock.
 */
export async function abandonRuns(session: Session): Promise<void> {
  await session.simple(
    `update airlock.runs set outcome = 'abandoned', ended_at = pg_catalog.clock_timestamp(), epoch = epoch + 1 where outcome is null`,
  )
}

/** Records the run. Called under the run's lock. */
export async function beginRun(session: Session, facts: RunFacts): Promise<RunKey> {
  const { checks, backup, restorePoint, planDigest = null, approvedBy = null } = facts.gates ?? {}
  const results = await session.simple(`
begin isolation level read committed read write;
set local search_path = pg_catalog;
insert into airlock.runs (id, epoch, command, actor, repository, commit_sha, run_url, tool_version, settings, fingerprint_before,
  checks, backup, restore_point, plan_digest, approved_by)
select ${text(facts.id)}, coalesce(max(epoch), 0) + 1, ${text(facts.command)}, ${text(facts.actor)}, ${text(facts.repository)},
       ${text(facts.commit)}, ${text(facts.runUrl)}, ${text(facts.toolVersion)}, ${json(facts.settings)}, ${text(facts.fingerprintBefore)},
       ${told(checks)}, ${told(backup)}, ${told(restorePoint)}, ${text(planDigest)}, ${text(approvedBy)}
from airlock.runs
returning epoch;
commit`)
  return { id: facts.id, epoch: Number(results[2]?.rows[0]?.[0]) }
}

/** Replaces a run's picture of the catalog before its first change. */
export function runBegins(run: RunKey, fingerprintBefore: string): string {
  return `update airlock.runs set fingerprint_before = ${text(fingerprintBefore)} where id = ${text(run.id)}`
}

/** The last word of a run. */
export async function endRun(session: Session, run: RunKey, end: RunEnd): Promise<void> {
  await session.simple(
    inTransaction(
      run,
      `update airlock.runs set outcome = ${text(end.outcome)}, ended_at = clock_timestamp(),
  fingerprint_after = ${text(end.fingerprintAfter)}, error = ${told(end.error)},
  restore_point = coalesce(${told(end.restorePoint)}, restore_point), baseline = ${told(end.baseline)}, criteria = ${told(end.criteria)} where id = ${text(run.id)}`,
    ),
  )
}

/**
 * What comes before a journal row inside a migration's transaction: the login role and a safe search path, for this transaction
 * only, because a migration's own SET ROLE would make the row fail with 42501; and the proof that the run still holds its epoch.
 */
export function journalPrologue(run: RunKey): string {
  return `set local session authorization default; set local role none; set local search_path = pg_catalog;
select airlock.hold_run(${text(run.id)}, ${run.epoch});`
}

/** A whole journal transaction of its own, as one message. */
export function inTransaction(run: RunKey, statements: string): string {
  return `begin isolation level read committed read write; ${journalPrologue(run)} ${statements}; commit`
}

/** The row of a version that counts now. */
export const current = (version: string) =>
  `(select id from airlock.migrations where version = ${text(version)} and (state in ('running', 'applied', 'verified') or half_done))`

/** The row of a migration that begins: one row a beginning, so that history is kept. */
export function migrationBegun(run: RunKey, facts: MigrationFacts): string {
  return `insert into airlock.migrations (run_id, version, name, file, checksum, state, step_count, statement_count, fingerprint_before)
select ${text(run.id)}, ${text(facts.version)}, ${text(facts.name)}, ${text(facts.file)}, ${text(facts.checksum)}, 'running',
  ${facts.stepCount}, ${facts.statementCount}, ${text(facts.fingerprintBefore)}`
}

/** A half-done migration goes on. It stays with the run that began it, whose picture of the catalog is the one from before it. */
export function migrationResumed(version: string, checksum: string): string {
  return `update airlock.migrations set state = 'running', half_done = false, checksum = ${text(checksum)}, error = null where id = ${current(version)}`
}

/** All its steps are committed. `verified` when its expectations held and it has no verify script to wait for. */
export function migrationApplied(
  version: string,
  end: {
    readonly durationMs: number
    readonly rowEffects: readonly RowEffect[]
    readonly verified: boolean
  },
): string {
  return `update airlock.migrations set state = ${end.verified ? "'verified'" : "'applied'"}, half_done = false, applied_at = clock_timestamp(),
  verified_at = ${end.verified ? 'clock_timestamp()' : 'null'}, duration_ms = ${Math.round(end.durationMs)},
  row_effects = ${json(end.rowEffects)}, fingerprint_before = ${end.verified ? 'null' : 'fingerprint_before'} where id = ${current(version)}`
}

export function migrationVerified(version: string): string {
  return `update airlock.migrations set state = 'verified', verified_at = clock_timestamp(), fingerprint_before = null where id = ${current(version)}`
}

/**
 * A migration that failed. `halfDone`: some of its steps are still in the database, so the row stays current. Where no row was
 * begun (its first transaction was rolled back), one is written for the history.
 */
export function migrationFailed(
  run: RunKey,
  facts: MigrationFacts,
  end: {
    readonly halfDone: boolean
    readonly begun: boolean
    readonly error: ErrorReport
    readonly durationMs: number
  },
): string {
  // Nothing of it was noted yet. Written twice, since an answer may be lost, it must still be one row.
  const insert = end.begun
    ? ''
    : `${migrationBegun(run, facts)} where not exists (
  select from airlock.migrations where run_id = ${text(run.id)} and version = ${text(facts.version)} and state = 'failed');`
  return `${insert} update airlock.migrations set state = 'failed', half_done = ${end.halfDone}, error = ${told(end.error)},
  duration_ms = ${Math.round(end.durationMs)} where id = ${current(facts.version)}`
}

/** Undone: the version is pending again. */
export function migrationRolledBack(run: RunKey, version: string): string {
  return `update airlock.steps set state = 'rolled-back' where migration_id = ${current(version)} and state in ('done', 'started', 'failed');
update airlock.migrations set state = 'rolled-back', half_done = false, rolled_back_at = clock_timestamp(), rolled_back_by = ${text(run.id)},
  fingerprint_before = null, undo = null where id = ${current(version)}`
}

/** Committed before a statement that allows no transaction, so that a rerun knows to ask the catalog. */
export function stepStarted(
  run: RunKey,
  version: string,
  step: StepFacts,
  before: StepBefore,
  rowEffects: readonly RowEffect[],
): string {
  return `insert into airlock.steps (migration_id, ordinal, run_id, kind, title, state, statement_count, before, row_effects)
values (${current(version)}, ${step.ordinal}, ${text(run.id)}, ${text(step.kind)}, ${text(step.title)}, 'started', ${step.statements}, ${json(before)}, ${json(rowEffects)})
on conflict (migration_id, ordinal) do update set state = 'started', run_id = excluded.run_id, started_at = clock_timestamp(),
  ended_at = null, before = excluded.before, error = null`
}

export function stepDone(
  run: RunKey,
  version: string,
  step: StepFacts,
  end: {
    readonly durationMs: number
    readonly rowEffects: readonly RowEffect[]
    readonly progress?: BatchProgress
  },
): string {
  return `insert into airlock.steps (migration_id, ordinal, run_id, kind, title, state, statement_count, ended_at, duration_ms, row_effects, progress)
values (${current(version)}, ${step.ordinal}, ${text(run.id)}, ${text(step.kind)}, ${text(step.title)}, 'done', ${step.statements},
  clock_timestamp(), ${Math.round(end.durationMs)}, ${json(end.rowEffects)}, ${json(end.progress)})
on conflict (migration_id, ordinal) do update set state = 'done', run_id = excluded.run_id, ended_at = clock_timestamp(),
  duration_ms = excluded.duration_ms, row_effects = excluded.row_effects, progress = excluded.progress, error = null`
}

/** One batch of a backfill, in its own transaction. */
export function stepProgress(
  run: RunKey,
  version: string,
  step: StepFacts,
  progress: BatchProgress,
  rowEffects: readonly RowEffect[],
): string {
  return `insert into airlock.steps (migration_id, ordinal, run_id, kind, title, state, statement_count, progress, row_effects)
values (${current(version)}, ${step.ordinal}, ${text(run.id)}, ${text(step.kind)}, ${text(step.title)}, 'started', ${step.statements}, ${json(progress)}, ${json(rowEffects)})
on conflict (migration_id, ordinal) do update set state = 'started', run_id = excluded.run_id, progress = excluded.progress,
  row_effects = excluded.row_effects, error = null`
}

export function stepFailed(version: string, ordinal: number, error: ErrorReport): string {
  return `update airlock.steps set state = 'failed', ended_at = clock_timestamp(), error = ${told(error)}
where migration_id = ${current(version)} and ordinal = ${ordinal}`
}

/** A statement outside a transaction failed and left nothing: it is as if it had never begun. */
export function stepLeftNothing(version: string, ordinal: number): string {
  return `delete from airlock.steps where migration_id = ${current(version)} and ordinal = ${ordinal} and state = 'started'`
}
