import type { Place } from '../report/refusal.ts'
import type {
  ColumnDefinition,
  ConstraintDefinition,
  IndexDefinition,
  QualifiedName,
  TriggerDefinition,
} from './definitions.ts'

export type {
  ColumnDefinition,
  ConstraintDefinition,
  IndexDefinition,
  IndexKey,
  QualifiedName,
  TriggerDefinition,
} from './definitions.ts'

export interface Comment {
  /** Without `--` or the slashes and asterisks; one entry a line comment. */
  readonly text: string
  readonly kind: 'line' | 'block'
  readonly line: number
  readonly column: number
  /** UTF-16 offsets into the source. */
  readonly start: number
  readonly end: number
}

/** A parse-tree node of libpg-query: `{ NodeName: { …fields } }`. Only src/sql looks inside. */
export type Node = Readonly<Record<string, unknown>>

export interface Statement {
  /** 0-based, in file order. */
  readonly index: number
  /** The exact source, without leading comments and the closing semicolon. Inline COPY data excluded. */
  readonly text: string
  /** UTF-16 offsets of `text` into the source (BOM counted). */
  readonly start: number
  readonly end: number
  readonly where: Place
  /** The command tag in words, as Postgres would answer: 'CREATE INDEX', 'ALTER TABLE', 'DO'. */
  readonly kind: string
  readonly node: Node
  /** Comments between the previous statement and this one. */
  readonly leading: readonly Comment[]
  /** For COPY … FROM STDIN: the inline data, `\.` excluded; null otherwise. */
  readonly copyData: string | null
  /** What it does to the catalog and the data, in order. */
  readonly effects: readonly Effect[]
  /** What it needs of transactions. */
  readonly transaction: TransactionNeed
}

/**
 * How a statement stands to transactions:
 * - `any`: works inside and outside.
 * - `none`: refused by Postgres inside a transaction block (25001), with the reason.
 * - `needs`: works (or means something) only inside one: LOCK TABLE, SAVEPOINT, DECLARE CURSOR, SET LOCAL, ON COMMIT DROP.
 * - `begin`, `commit`, `rollback`: transaction control in the file itself.
 * - `may-commit`: CALL or DO whose body commits or may (2D000 inside a block); `certain` when the body shows a COMMIT or ROLLBACK.
 */
export type TransactionNeed =
  | {
      readonly type: 'any'
      /** What only the catalog knows and would make it 'none': 'REINDEX of a partitioned table or index'. */
      readonly unless?: string
    }
  | { readonly type: 'none'; readonly why: string }
  | { readonly type: 'needs'; readonly why: string }
  | { readonly type: 'begin' }
  | { readonly type: 'commit' }
  | { readonly type: 'rollback' }
  | { readonly type: 'may-commit'; readonly certain: boolean; readonly procedure?: QualifiedName }

export interface Script {
  readonly file: string
  readonly source: string
  readonly statements: readonly Statement[]
  /** All comments in file order, those after the last statement included. */
  readonly comments: readonly Comment[]
  /** psql meta-commands that were accepted and skipped (\restrict, \unrestrict). */
  readonly skipped: readonly { readonly text: string; readonly where: Place }[]
}

export type ObjectKind =
  | 'schema'
  | 'table'
  | 'column'
  | 'constraint'
  | 'index'
  | 'trigger'
  | 'event trigger'
  | 'function'
  | 'procedure'
  | 'aggregate'
  | 'view'
  | 'materialized view'
  | 'sequence'
  | 'type'
  | 'enum value'
  | 'domain'
  | 'extension'
  | 'policy'
  | 'rule'
  | 'foreign table'
  | 'publication'
  | 'subscription'
  | 'statistics'
  | 'collation'
  | 'operator'
  | 'cast'
  | 'role'
  | 'database'
  | 'tablespace'
  | 'foreign server'
  | 'foreign data wrapper'
  | 'user mapping'
  | 'language'
  | 'text search'
  | 'operator class'
  | 'operator family'
  | 'access method'
  | 'transform'
  | 'conversion'
  | 'large object'
  | 'parameter'
  | 'unknown'

export interface ObjectRef {
  readonly kind: ObjectKind
  readonly schema: string | null
  /** The object's own name; for an unnamed constraint or index null (matched by table and definition). */
  readonly name: string | null
  /** The table that a column, constraint, trigger, policy, rule or index belongs to (the type for an enum value, the domain for its constraint). */
  readonly table?: QualifiedName
  /** Functions, procedures, aggregates: input argument types as written, normalised (`pg_catalog.int4` → `integer`). */
  readonly arguments?: readonly string[]
}

/**
 * One thing a statement does. `op` says what, `object` to which object; `definition` is set for what can be compared with the
 * catalog afterwards.
 */
export interface Effect {
  readonly op:
    | 'create'
    | 'alter'
    | 'drop'
    | 'rename'
    | 'validate'
    | 'replace'
    | 'set schema'
    | 'set owner'
    | 'enable'
    | 'disable'
    | 'attach'
    | 'detach'
    | 'refresh'
    | 'cluster'
    | 'vacuum'
    | 'analyze'
    | 'reindex'
    | 'grant'
    | 'revoke'
    | 'comment'
    | 'set'
    | 'insert'
    | 'update'
    | 'delete'
    | 'merge'
    | 'truncate'
    | 'copy'
    | 'lock'
    | 'read'
    | 'unknown'
  readonly object: ObjectRef
  /** IF EXISTS / IF NOT EXISTS / OR REPLACE as written. */
  readonly ifExists: boolean
  readonly ifNotExists: boolean
  /** True inside a DO block behind a condition or an exception handler: may be skipped when the object is already (not) there. */
  readonly guarded: boolean
  /** CASCADE as written. */
  readonly cascade?: boolean
  readonly column?: Partial<ColumnDefinition>
  readonly constraint?: ConstraintDefinition
  readonly index?: IndexDefinition
  readonly trigger?: TriggerDefinition
  /** For rename: the new name; for set schema: the new schema; for attach/detach: the partition; for set: the value; for an enum value: its neighbour. */
  readonly to?: string
  readonly partition?: QualifiedName
  /** What an ALTER changes, in words a report can print: 'SET DEFAULT', 'TYPE', 'ENABLE ROW LEVEL SECURITY'. */
  readonly change?: string
  /** ALTER COLUMN … TYPE … USING: the expression, in the one spelling of writtenExpression(). */
  readonly using?: string
  /** For trigger/rule enablement after the statement: 'O' origin, 'D' disabled, 'R' replica, 'A' always (pg_trigger.tgenabled). */
  readonly enabled?: 'O' | 'D' | 'R' | 'A'
  /**
   * For unknown: why the parse can't tell ('EXECUTE', 'function call'). On a guarded effect: why it may or may not have happened, so that
   * nothing can be expected of it ('behind IF n > 1'); a guarded effect without one leaves the object there (or gone) in any case.
   */
  readonly reason?: string
  /** Other relations and functions that the object depends on (a view's tables, a trigger's function, a foreign key's target). */
  readonly uses?: readonly ObjectRef[]
  /** Temporary objects are gone with the session and never expected afterwards. */
  readonly temporary?: boolean
  /** `temporary` objects created ON COMMIT DROP. */
  readonly onCommitDrop?: boolean
  /** Set where an unqualified name is left to a search path of several schemas that the file itself set. */
  readonly searchPath?: readonly string[]
  /** ONLY: not the table's children or partitions. */
  readonly only?: boolean
}
