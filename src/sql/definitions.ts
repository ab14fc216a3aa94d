/** A name as written: `schema` is null when the statement leaves it to the search path. Unquoted, never escaped. */
export interface QualifiedName {
  readonly schema: string | null
  readonly name: string
}

/** Types in words as `format_type` prints them: 'integer', 'numeric(10,2)', 'timestamp with time zone', 'text[]'. */
export interface ColumnDefinition {
  readonly type: string
  readonly notNull: boolean
  /** In the one spelling of writtenExpression(); null for none. */
  readonly default: string | null
  readonly identity: 'always' | 'by default' | null
  readonly generated: 'stored' | 'virtual' | null
  readonly collation: string | null
}

export interface ConstraintDefinition {
  readonly type: 'primary key' | 'unique' | 'foreign key' | 'check' | 'exclude' | 'not null'
  readonly columns: readonly string[]
  readonly include: readonly string[]
  readonly nullsNotDistinct: boolean
  readonly references: {
    readonly table: QualifiedName
    readonly columns: readonly string[]
    readonly onDelete: string
    readonly onUpdate: string
    readonly match: string
  } | null
  readonly deferrable: boolean
  readonly initiallyDeferred: boolean
  /** Of a CHECK, in the one spelling of writtenExpression(). */
  readonly expression: string | null
  readonly valid: boolean
  readonly enforced: boolean
  readonly noInherit: boolean
  /** USING INDEX: the index that becomes the constraint's (and takes its name). */
  readonly usingIndex: string | null
  /** ON DELETE SET NULL (columns) or SET DEFAULT (columns), since PostgreSQL 15. */
  readonly onDeleteColumns?: readonly string[]
  /** WITHOUT OVERLAPS or PERIOD, since PostgreSQL 18. */
  readonly period?: boolean
  /** EXCLUDE: its access method, elements (key and operator) and predicate. */
  readonly exclusion?: {
    readonly method: string
    readonly elements: readonly { readonly key: IndexKey; readonly operator: string }[]
    readonly predicate: string | null
  }
}

export interface IndexKey {
  readonly column: string | null
  readonly expression: string | null
  /** As written, its parameters included; null for the type's default. */
  readonly opclass: string | null
  readonly descending: boolean
  /** null where it is as the direction has it by default (ascending: last, descending: first). */
  readonly nullsFirst: boolean | null
  readonly collation: string | null
}

export interface IndexDefinition {
  readonly method: string
  readonly unique: boolean
  readonly nullsNotDistinct: boolean
  /** Columns or expressions, with operator class and order as written. */
  readonly keys: readonly IndexKey[]
  readonly include: readonly string[]
  readonly predicate: string | null
  readonly concurrently: boolean
}

export interface TriggerDefinition {
  readonly function: QualifiedName
  readonly timing: 'before' | 'after' | 'instead of'
  readonly events: readonly string[]
  readonly forEach: 'row' | 'statement'
  readonly columns: readonly string[]
  readonly constraint: boolean
  readonly when?: string | null
  readonly arguments?: readonly string[]
  readonly deferrable?: boolean
  readonly initiallyDeferred?: boolean
  /** Transition tables: 'OLD TABLE AS name', 'NEW TABLE AS name'. */
  readonly referencing?: readonly string[]
  /** FROM of a constraint trigger. */
  readonly from?: QualifiedName | null
}
