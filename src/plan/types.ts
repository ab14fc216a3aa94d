import type { PlanNote } from '../report/types.ts'
import type {
  FileDirectives,
  MigrationFiles,
  QueryExpectation,
  StatementDirectives,
} from '../runbook/types.ts'
import type { Effect, ObjectRef, QualifiedName, Script, Statement } from '../sql/types.ts'
import type { LockMode } from './lock-modes.ts'

/**
 * What succeeds or fails as one.
 * - `transaction`: BEGIN, statements, expectations, journal row, COMMIT.
 * - `statement`: one statement that allows no transaction, journaled before and after.
 * - `batch`: one statement repeated over key ranges, each batch a transaction with its journal row.
 */
export interface Step {
  /** 1-based within its migration. */
  readonly ordinal: number
  readonly kind: 'transaction' | 'statement' | 'batch'
  readonly statements: readonly PlannedStatement[]
  readonly title: string
  /** Why the file was cut before this step; absent for the first step of an uncut file. */
  readonly why?: string
  /** True when the file's own BEGIN … COMMIT made this transaction. */
  readonly ownTransaction: boolean
  /** The file's BEGIN as written (isolation level, …), when ownTransaction. */
  readonly begin?: string
  /** The file's own transaction ends with ROLLBACK: run, then rolled back, nothing expected of it. */
  readonly rollsBack?: boolean
  /** 'short': lock_timeout and statement_timeout. 'long': concurrent-timeout replaces both. */
  readonly budget: 'short' | 'long'
  /** What must be true when this step has ended (net effect of the steps so far is left to the migration's). */
  readonly expectations: readonly Expectation[]
  /** Tables whose rows are lost by TRUNCATE, DROP or DETACH in this step: counted before. */
  readonly removesRowsOf: readonly {
    readonly table: { schema: string | null; name: string }
    readonly by: 'TRUNCATE' | 'DROP TABLE' | 'DETACH PARTITION'
  }[]
  /** Rows may change: the counters are read. 'at-most' when savepoints or exception blocks blur them. */
  readonly rows: 'none' | 'exact' | 'at-most'
  /** Locks taken before the first statement; absent: each is taken where the file has it. */
  readonly locksUpFront?: LocksUpFront
}

/** A table that a transaction may lock before its first statement. */
export interface TableLock {
  readonly table: QualifiedName
  /** The strongest that the transaction takes on it anyway. */
  readonly mode: LockMode
  /** Where the file itself has set the search path that the name is looked up on. */
  readonly searchPath?: readonly string[]
}

/** What a transaction locks before its first statement. Empty: nothing. */
export interface LocksUpFront {
  /** In the first attempt. */
  readonly first: readonly TableLock[]
  /** In the next, where an attempt gave way to a lock soon enough. */
  readonly retried: readonly TableLock[]
  /** The first statement that takes one of them. */
  readonly statement: Statement | null
}

export interface PlannedStatement {
  readonly statement: Statement
  readonly directives: StatementDirectives
}

/** What must be true of one object: derived from the net effect of the statements. */
export interface Expectation {
  readonly object: ObjectRef
  readonly state: 'present' | 'absent'
  /** The last effect that speaks of the object's definition; absent for state 'absent'. */
  readonly column?: Effect['column']
  readonly constraint?: Effect['constraint']
  readonly index?: Effect['index']
  readonly trigger?: Effect['trigger']
  readonly enabled?: Effect['enabled']
  /** A constraint from before that VALIDATE CONSTRAINT names: valid now, its definition unknown to the file. */
  readonly validated?: true
  /** A table that the file attaches to its parent or detaches from it. */
  readonly partition?: { readonly parent: QualifiedName; readonly attached: boolean }
  /** Row security of a table as ALTER TABLE left it: ENABLE or DISABLE, FORCE or NO FORCE. */
  readonly rowSecurity?: { readonly enabled?: boolean; readonly forced?: boolean }
  /** A creation behind IF NOT EXISTS or a guard: what was there already must match the structure. */
  readonly mayPreexist: boolean
  readonly where: PlanNote['where']
}

export interface VerifyQuery {
  readonly statement: Statement
  readonly expectation: QueryExpectation
  /** The comment right above the query, else the query's first line. */
  readonly title: string
  /** Top-level ORDER BY: rows compare in order. */
  readonly ordered: boolean
}

export interface PlannedMigration {
  readonly version: string
  readonly name: string
  readonly file: string
  readonly checksum: string
  readonly files: MigrationFiles
  readonly directives: FileDirectives
  readonly script: Script
  readonly steps: readonly Step[]
  /** Net effect of the whole file. */
  readonly expectations: readonly Expectation[]
  readonly verify: { readonly file: string; readonly queries: readonly VerifyQuery[] } | null
  readonly rollback: {
    readonly file: string
    readonly script: Script
    readonly steps: readonly Step[]
    readonly directives: FileDirectives
  } | null
  readonly notes: readonly PlanNote[]
  /** Effects that no SQL can undo, in words. */
  readonly irreversible: readonly PlanNote[]
}
