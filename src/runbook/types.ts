import type { Place } from '../report/refusal.ts'

/** Every setting, after input or flag > target > file > default. Durations in milliseconds. */
export interface Settings {
  readonly command: 'plan' | 'deploy' | 'verify' | 'rollback'
  /** Connection URL; undefined: PG* variables. */
  readonly databaseUrl: string | undefined
  /** Connection URL of the database that the target must resemble; undefined for commands that don't compare. */
  readonly stagingUrl: string | undefined
  readonly migrations: string
  readonly target: string | undefined
  readonly role: string | undefined
  readonly to: string | undefined
  readonly only: string | undefined
  readonly lastRun: boolean
  readonly onFailure: 'rollback' | 'stop'
  readonly undo: 'migration' | 'run'
  readonly outOfOrder: 'refuse' | 'allow'
  readonly failOnWarning: boolean
  readonly forbidDeletes: boolean
  readonly allowDataLoss: boolean
  readonly lockTimeout: number
  readonly statementTimeout: number
  readonly idleInTransactionTimeout: number
  readonly concurrentTimeout: number
  readonly blockTimeout: number
  /** How long a migration goes on trying after what passes by itself. */
  readonly retryTimeout: number
  /** How long to wait for another run to end before refusing. */
  readonly runLockTimeout: number
  /** What `plan` printed and was approved. */
  readonly planDigest: string | undefined
  readonly report: string | undefined
  readonly summary: string | undefined
}

/** Directives of a file, parsed and checked. Durations in milliseconds. */
export interface FileDirectives {
  readonly transaction?: 'off'
  readonly lockTimeout?: number
  readonly statementTimeout?: number
  readonly concurrentTimeout?: number
  readonly retryTimeout?: number
  readonly disabled?: true
  readonly after?: { readonly version: string; readonly soakMs: number; readonly soak: string }
  readonly rollback?: { readonly none: true; readonly reason: string }
  readonly retry?: 'safe'
  /** Where strong locks of a transaction are taken; undefined: first where that costs the application nothing. */
  readonly locks?: 'as-written' | 'up-front'
  readonly partial?: 'ok'
  readonly expectDuration?: string
  readonly lockImpact?: string
  readonly allow: readonly {
    readonly hazard: string
    readonly reason: string
    readonly where: Place
  }[]
}

/** Directives directly above one statement. */
export interface StatementDirectives {
  readonly lockTimeout?: number
  readonly statementTimeout?: number
  readonly concurrentTimeout?: number
  readonly allow: readonly {
    readonly hazard: string
    readonly reason: string
    readonly where: Place
  }[]
  readonly batch?: BatchDirective
}

export interface BatchDirective {
  /** One column, or several for row comparison. */
  readonly key: readonly string[]
  readonly todo: string
  readonly size: number
  readonly pauseMs: number
  readonly where: Place
}

/** One file of the migrations folder, as read. */
export interface SourceFile {
  /** Relative to the working directory, with `/`. */
  readonly path: string
  readonly text: string
}

/** A migration's files, before any SQL is parsed. */
export interface MigrationFiles {
  /** As written in the file name, without V: '20250115120000', '1.2'. */
  readonly version: string
  /** The groups, compared as numbers one by one. */
  readonly order: readonly bigint[]
  /** Name after the version: 'add_composite_unique_constraints'. */
  readonly name: string
  readonly forward: SourceFile
  readonly rollback?: SourceFile
  readonly verify?: SourceFile
  /** SHA-256 in hex; line endings and a BOM don't count. */
  readonly checksum: string
}

/** What a query of a verify script must return. */
export type QueryExpectation =
  | {
      readonly form: 'table'
      readonly columns: readonly string[]
      readonly rows: readonly (readonly ExpectedCell[])[]
      readonly where: Place
    }
  | { readonly form: 'short'; readonly conditions: readonly Condition[]; readonly where: Place }

/** A cell as written: anything, NULL, or text to be equal to. */
export type ExpectedCell =
  | { readonly type: 'any' }
  | { readonly type: 'null' }
  | { readonly type: 'text'; readonly text: string }

export interface Condition {
  /** Column name; null for `rows` (the row count). */
  readonly column: string | null
  readonly operator: '=' | '!=' | '<' | '<=' | '>' | '>=' | 'is null' | 'is not null' | 'between'
  readonly values: readonly string[]
  /** As written. */
  readonly text: string
}
