import type { Place } from './refusal.ts'

export type Command = 'plan' | 'deploy' | 'verify' | 'rollback'

export type RunOutcome =
  | 'deployed'
  | 'nothing-to-do'
  | 'planned'
  | 'verified'
  | 'rolled-back'
  | 'refused'
  | 'failed'
  | 'needs-attention'
  | 'cancelled'

export type MigrationOutcome =
  | 'applied'
  | 'already-applied'
  | 'pending'
  | 'disabled'
  | 'waiting'
  | 'failed'
  | 'rolled-back'
  | 'not-run'

export type StepOutcome = 'done' | 'failed' | 'rolled-back' | 'not-run'

/** `not-checked` always comes with a reason and never counts as passed. */
export type CheckOutcome = 'passed' | 'warned' | 'failed' | 'not-checked'

/** One thing that was measured: what was expected beside what was found. */
export interface Verification {
  /** 'constraint', 'index', 'trigger', 'column', 'table', …, or 'query' for a verify script. */
  readonly kind: string
  /** Name as the server prints it, quotes included where it needs them. */
  readonly object: string
  /** The table it belongs to, as the server prints it; empty where there is none. */
  readonly table: string
  readonly expected: string
  readonly actual: string
  readonly outcome: CheckOutcome
  readonly reason?: string
  readonly where?: Place
  /** For a query of a verify script: its title (the comment above it) and both tables. */
  readonly query?: QueryTable
}

export interface QueryTable {
  readonly title: string
  readonly columns: readonly string[]
  /** Expected rows as written (`*` matches anything); empty for the short form. */
  readonly expectedRows: readonly (readonly string[])[]
  /** At most 100 rows are kept; null is NULL. */
  readonly actualRows: readonly (readonly (string | null)[])[]
  readonly actualRowCount: number
  /** The short form's conditions, as written. */
  readonly conditions: readonly string[]
}

/** Rows that a migration's own transactions touched in one table. */
export interface RowEffect {
  /** As the server prints it, schema-qualified. */
  readonly table: string
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  /** 'exact', 'at-most' (savepoints or exception blocks), 'not-checked' (with a reason). */
  readonly certainty: 'exact' | 'at-most' | 'not-checked'
  /** Rows lost to TRUNCATE, DROP TABLE or DETACH, counted before: set only then. */
  readonly removed?: {
    readonly by: 'TRUNCATE' | 'DROP TABLE' | 'DETACH PARTITION'
    readonly rows: number
  }
  readonly reason?: string
}

/** A NOTICE, WARNING, … that the server sent while a statement ran. */
export interface ServerNotice {
  readonly severity: string
  readonly code: string
  readonly message: string
  readonly detail?: string
  readonly hint?: string
  readonly where?: Place
}

export interface StepReport {
  /** 1-based within its migration. */
  readonly ordinal: number
  readonly kind: 'transaction' | 'statement' | 'batch'
  /** One line a person understands: 'transaction: 2 statements', 'CREATE INDEX CONCURRENTLY idx_a'. */
  readonly title: string
  /** Why the file was cut here; absent for a file of one transaction. */
  readonly why?: string
  outcome: StepOutcome
  durationMs: number
  readonly statements: number
  readonly where: Place
  /** Batched backfill: number of batches committed. */
  batches?: number
  /** How often a lock wait was given up and tried again. */
  retries?: number
  /** Time spent waiting for locks, as the observer saw it, in all attempts; absent: it was seen waiting for none. */
  waitedMs?: number
  /** How far a statement had come that ended before it was done: 'building index: scanning table, 43 %'. */
  progress?: string
}

/** A session at the other end of a lock, as the observer saw it last. What the role may not see is empty or null. */
export interface LockSession {
  /** 0: a prepared transaction, which has no backend. */
  readonly pid: number
  readonly application: string
  readonly user: string
  /** Address, 'local' for a Unix socket. */
  readonly client: string
  /** 'active', 'idle in transaction', 'prepared transaction'. */
  readonly state: string
  /** Age of its transaction, in milliseconds. */
  readonly transactionAgeMs: number | null
  /** When its newest query began, ISO 8601. */
  readonly queryStartedAt: string | null
  /** That query, at most 200 characters of it. */
  readonly query: string
}

/** A session that a statement of ours waited for. */
export interface BlockerReport extends LockSession {
  readonly version: string
  /** Ordinal of the step. */
  readonly step: number
  /** The statement of ours. */
  readonly where: Place
  /** How long it was in our way, in all attempts. */
  readonly waitedMs: number
  /** What we did about it, where airlock.yml asks for that. */
  readonly action?: 'cancelled' | 'terminated'
}

/** Sessions that waited because of us: one entry for each application, user, query and statement of ours. */
export interface BlockedReport {
  readonly application: string
  readonly user: string
  /** Its constants as parameters: `select … where id = $1`. */
  readonly query: string
  readonly version: string
  readonly step: number
  readonly where: Place
  /** 'held': for a lock that we had. 'queued': our own statement was waiting, and they stood behind it. */
  readonly behind: 'held' | 'queued'
  /** Different sessions. */
  readonly sessions: number
  /** The longest wait that was seen; it may have been up to one look longer. */
  readonly longestMs: number
}

/** Who was in whose way while the migrations ran. */
export interface LocksReport {
  readonly blockers: readonly BlockerReport[]
  readonly blocked: readonly BlockedReport[]
  /** How often the observer looked. 0: no statement ran long enough. */
  readonly looks: number
  /** Milliseconds between two looks: shorter waits may not have been seen. */
  readonly everyMs: number
  /** Why nobody looked for some of the time. */
  readonly reason?: string
}

export interface UndoReport {
  /** 'rollback script', 'derived inverses', 'transaction' (Postgres rolled it back), 'none'. */
  readonly by: 'transaction' | 'script' | 'inverses' | 'none'
  /** SQL that was run, in order. */
  readonly statements: readonly string[]
  readonly outcome: 'restored' | 'differs' | 'failed' | 'not-run'
  /** Lines '- before' / '+ after', empty when the fingerprints are equal. */
  readonly difference: readonly string[]
  /** Committed row changes that stay: never called restored. */
  readonly kept: readonly string[]
  /** What other sessions changed meanwhile, outside the migration's objects: not ours to judge. */
  readonly foreign?: readonly string[]
  readonly error?: ErrorReport
  readonly reason?: string
}

export interface MigrationReport {
  readonly version: string
  readonly name: string
  readonly file: string
  outcome: MigrationOutcome
  durationMs: number
  steps: StepReport[]
  rowEffects: RowEffect[]
  notices: ServerNotice[]
  verification: Verification[]
  rollback: UndoReport | null
  /** Warnings of the plan: cuts, lost atomicity, irreversible effects, hazards. */
  warnings: PlanNote[]
  expectDuration?: string
  lockImpact?: string
  /** For disabled, waiting, failed: one sentence. */
  reason?: string
}

/** Something that the plan says before anything runs. */
export interface PlanNote {
  /** Stable id, such as 'not-atomic', 'validate-in-transaction', 'empty-file'. */
  readonly id: string
  readonly severity: 'info' | 'warning'
  readonly message: string
  readonly where: Place
}

export interface ErrorReport {
  /** What failed, one sentence. */
  readonly message: string
  /** SQLSTATE where a server sent it. */
  readonly sqlstate?: string
  readonly detail?: string
  readonly hint?: string
  /** PL/pgSQL context. */
  readonly context?: string
  readonly where?: Place
  /** The statement, shortened, with a caret line where the server gave a position. */
  readonly excerpt?: string
  readonly version?: string
  /** Why, and what to do (refusals always have both). */
  readonly why?: string
  readonly fix?: string
}

export interface TargetReport {
  readonly name?: string
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  /** Role set for the migrations, where `role` is given. */
  readonly role?: string
  readonly serverVersion: string
  readonly systemIdentifier?: string
  /** 'TLSv1.3', or 'off'. */
  readonly tls: string
}

/** A session setting, as set and as read back with SHOW. */
export interface SessionSetting {
  readonly name: string
  readonly set: string
  readonly readBack: string
}

/** Who or what started the run, as the journal records it. */
export interface Origin {
  readonly who?: string
  readonly commit?: string
  readonly runUrl?: string
  /** Who approved the run, where the CI system tells. */
  readonly approvedBy?: string
}

export type CheckGroup =
  | 'server'
  | 'extensions'
  | 'privileges'
  | 'risk'
  | 'data'
  | 'drift'
  | 'approval'
  | 'backup'
  | 'restore point'

/** One gate as it was judged before anything changed: what was expected beside what was found. */
export interface CheckReport {
  /** Stable: 'server.version', 'data.foreign-key'. One id may have several entries, one an object. */
  readonly id: string
  readonly group: CheckGroup
  /** What was looked at, in a few words: 'PostgreSQL version', 'orphans of "Recipe"."ownerId"'. */
  readonly title: string
  readonly outcome: CheckOutcome
  readonly expected: string
  readonly actual: string
  /** Always with `not-checked`: why not. With `warned` and `failed`: why it matters. */
  readonly reason?: string
  /** What to do: always with `warned` and `failed`; with `not-checked` the GRANT or setting that would allow it. */
  readonly fix?: string
  /** The statement that the check was made for, or the key of airlock.yml. */
  readonly where?: Place
  /** Example keys, sessions, changed objects, one a line; at most 100. */
  readonly details?: readonly string[]
}

/** A backup as it was proven. */
export interface BackupReport {
  readonly kind: 'pg_dump' | 'command' | 'proof' | 'none'
  readonly outcome: CheckOutcome
  /** Path of the file or folder, where there is one. */
  readonly path?: string
  readonly bytes?: number
  /** Hex, of the file; of a folder: over the sorted list of its files' names and hashes. */
  readonly sha256?: string
  /** When it was begun, ISO 8601. */
  readonly startedAt?: string
  readonly durationMs: number
  /** One line for each proof: 'pg_restore lists 41 tables', 'holds all 5 tables of the plan'. */
  readonly checks: readonly CheckReport[]
  /** Why there is none, as airlock.yml says. */
  readonly reason?: string
}

/** What to hand to whoever restores. */
export interface RestorePointReport {
  readonly name: string
  /** Null: it was not made. */
  readonly lsn: string | null
  readonly walFile?: string
  /** Whether WAL was switched right after it; absent where that was not asked for. */
  readonly switched?: boolean
  /** 'archived', 'not yet archived', 'archiving is off', 'failing: …'. */
  readonly archive: string
  readonly createdAt?: string
  readonly outcome: CheckOutcome
  readonly reason?: string
}

/** One figure before and after. Texts are as psql prints them; null: could not be read. */
export interface BaselineRow {
  readonly name: string
  readonly before: string | null
  readonly after: string | null
  readonly note?: string
}

/** Rows of one table: what the migrations did themselves, and what is left for others. */
export interface RowCountReport {
  readonly table: string
  readonly before: number | null
  readonly after: number | null
  /** What this run inserted minus what it deleted; null: not known exactly. */
  readonly byUs: number | null
  /** after − before − byUs; null where one of them is not exact. */
  readonly byOthers: number | null
  /** False: an estimate of the planner's statistics, because counting exceeded its time. */
  readonly exact: boolean
  readonly reason?: string
}

/** A result set of the user's own queries, before and after. */
export interface ResultSetReport {
  readonly title: string
  readonly where?: Place
  readonly columns: readonly string[]
  /** At most 100 rows each. */
  readonly before: readonly (readonly (string | null)[])[]
  readonly after: readonly (readonly (string | null)[])[] | null
  /** Lines '- before' and '+ after'. */
  readonly difference: readonly string[]
  /** SQLSTATE and message where it could not be run. */
  readonly error?: string
}

export interface BaselineReport {
  readonly capturedAt: string
  readonly capturedAfterAt: string | null
  readonly rows: readonly RowCountReport[]
  /** `max(column)` and the like. */
  readonly probes: readonly BaselineRow[]
  readonly queries: readonly ResultSetReport[]
  /** Top statements by mean time, from pg_stat_statements. */
  readonly statements: readonly ResultSetReport[]
  /** Counters of pg_stat_database, as deltas over the run. */
  readonly counters: readonly BaselineRow[]
  /** Invalid indexes and constraints NOT VALID, by name. */
  readonly invalid: readonly BaselineRow[]
  /** What could not be captured, in sentences with the GRANT that would allow it. */
  readonly notes: readonly string[]
}

/** One attempt series of one smoke check. */
export interface SmokeResult {
  readonly name: string
  readonly kind: 'http' | 'command' | 'sql'
  /** 'before' anything changed, after a version, or at the end. */
  readonly when: 'before' | 'after-migration' | 'end'
  readonly version?: string
  readonly outcome: CheckOutcome
  readonly expected: string
  readonly actual: string
  readonly attempts: number
  /** Of the last attempt. */
  readonly latencyMs: number
  /** Attempts that no application answered: refused, reset, timed out. */
  readonly connectionErrors: number
  readonly reason?: string
}

/** A success criterion of the runbook, ticked by evidence or not. */
export interface CriterionReport {
  readonly id:
    | 'constraints'
    | 'indexes'
    | 'row-counts'
    | 'application-errors'
    | 'performance'
    | 'lock-waits'
    | 'smoke-tests'
  /** As the runbook says it: 'All constraints created and VALID'. */
  readonly title: string
  readonly outcome: CheckOutcome
  readonly expected: string
  readonly actual: string
  readonly reason?: string
  readonly details?: readonly string[]
}

/** Who is called when a person is needed. */
export interface ContactReport {
  readonly role: string
  readonly contact: string
}

/** Everything known of a run: the JSON report is this object. Later issues only add keys. */
export interface Report {
  readonly schemaVersion: 1
  readonly command: Command
  runId?: string
  origin?: Origin
  outcome: RunOutcome
  exitCode: number
  target: TargetReport | null
  readonly startedAt: string
  durationMs: number
  migrations: MigrationReport[]
  session: SessionSetting[]
  error: ErrorReport | null
  /** Sentences on what happens next, the first for the reader in a hurry. */
  next: string[]
  /** Warnings that belong to no migration. */
  warnings: string[]
  /** Whole-run undo (`undo: run`) and the fingerprint proof. */
  fingerprint: {
    readonly before: string
    readonly after: string
    /** Nothing differs but what is foreign. */
    readonly equal: boolean
    readonly difference: readonly string[]
    /** What other sessions changed meanwhile, outside the objects of the migrations. */
    readonly foreign?: readonly string[]
  } | null
  /** The gates before the first change, in the order in which they were judged. */
  checks: CheckReport[]
  backup: BackupReport | null
  restorePoint: RestorePointReport | null
  baseline: BaselineReport | null
  smoke: SmokeResult[]
  criteria: CriterionReport[]
  contacts: ContactReport[]
  /** Null: no migration was run. */
  locks: LocksReport | null
  /** What `plan` saw and `deploy` given `plan-digest` insists on; absent where no database was asked. */
  planDigest?: string
}
