import type { Place } from '../../report/refusal.ts'
import type {
  ConstraintDefinition,
  Effect,
  IndexDefinition,
  QualifiedName,
} from '../../sql/types.ts'

export type PrecheckId =
  | 'data.foreign-key'
  | 'data.unique'
  | 'data.check'
  | 'data.not-null'
  | 'data.domain'
  | 'data.type'
  | 'data.exclusion'

/** What a statement demands of rows that are there already. */
export type Demand =
  | {
      readonly kind: 'constraint'
      readonly name: string | null
      readonly constraint: ConstraintDefinition
    }
  /** A constraint from before, whose definition only the catalog has. */
  | { readonly kind: 'validate'; readonly name: string }
  | { readonly kind: 'index'; readonly name: string | null; readonly index: IndexDefinition }
  | { readonly kind: 'set not null'; readonly column: string }
  /** NOT NULL and without a default: refused as soon as there is a row. */
  | { readonly kind: 'required column'; readonly column: string }
  | {
      readonly kind: 'type'
      readonly column: string
      readonly type: string
      readonly using: string | null
    }

/** One effect of the plan and where it stands. */
export interface PlannedEffect {
  readonly effect: Effect
  readonly where: Place
  /** The command tag of its statement. */
  readonly tag: string
}

/** A demand as the plan makes it, before the catalog was asked. */
export interface PrecheckRequest extends PlannedEffect {
  readonly version: string
  /** The table, or the domain, as written. */
  readonly owner: QualifiedName
  readonly ofDomain: boolean
  readonly demand: Demand
  /** Functions that its expressions call: one that the plan replaces first would answer otherwise now. */
  readonly calls: readonly QualifiedName[]
  /** Types that decide what passes: one that the plan changes first would answer otherwise now. */
  readonly types: readonly QualifiedName[]
  /** The schemas that the file itself set before the statement; null where it leaves that to the session. */
  readonly searchPath: readonly string[] | null
  /** What the plan does before it to tables of these names, or may do to any, oldest first; what its own statement does first included. */
  readonly earlier: (names: readonly string[]) => readonly PlannedEffect[]
}

/** A table as the catalog has it. */
export interface KnownRelation extends QualifiedName {
  readonly schema: string
  /** pg_class.relkind */
  readonly kind: string
  /** Changing its rows may change those of other tables: it has triggers (those of foreign keys included), rules (a view), a parent or children. */
  readonly reachesOthers: boolean
  readonly rowSecurity: boolean
  /** False for an index that a failed build left behind. */
  readonly valid: boolean
  /** Columns of its primary key; empty where there is none. */
  readonly key: readonly string[]
  readonly columns: readonly {
    readonly name: string
    /** As format_type() prints it, of a domain the type behind it. */
    readonly type: string
    readonly notNull: boolean
  }[]
  readonly constraints: readonly KnownConstraint[]
}

export interface KnownConstraint {
  readonly name: string
  readonly valid: boolean
  /** As pg_get_constraintdef() prints it under an empty search_path. */
  readonly definition: string
}

/** A domain and the columns that have it, or a domain over it. */
export interface KnownDomain extends QualifiedName {
  readonly schema: string
  readonly columns: readonly {
    readonly schema: string
    readonly table: string
    readonly column: string
  }[]
  readonly constraints: readonly KnownConstraint[]
}

/** A type that somebody made. */
export interface KnownType extends QualifiedName {
  readonly schema: string
  /** A domain with a DEFAULT, of its own or taken over from the domain below it. */
  readonly hasDefault: boolean
  /** The types that it is made of, however deep: below a domain, elements of an array, attributes of a row, bounds of a range. */
  readonly parts: readonly QualifiedName[]
}

/** What was looked up for a list of requests. Null: there is none of that name along the path. */
export interface KnownObjects {
  relation(name: QualifiedName, path: readonly string[]): KnownRelation | null
  domain(name: QualifiedName, path: readonly string[]): KnownDomain | null
  type(name: QualifiedName, path: readonly string[]): KnownType | null
}

/** How violating rows are found: a SELECT that returns each of them once, as texts to show. */
export interface ViolationQuery {
  readonly sql: string
  /** What each column of the SELECT is, in words: '"id"'. */
  readonly labels: readonly string[]
}

/** How the answer is told. */
export interface PrecheckWords {
  /** 'orphans of "Company"."ownerId"' */
  readonly title: string
  /** '0 rows without their "User"' */
  readonly expected: string
  /** What is counted, one and many: 'orphaned row', 'orphaned rows'. */
  readonly counted: readonly [one: string, many: string]
  /** What a person may do about violating rows. */
  readonly fix: string
}

/** What a demand comes to, once the catalog is known. */
export type Derived = PrecheckWords &
  (
    | { readonly ask: ViolationQuery }
    /** No row can violate it: why. */
    | { readonly holds: string }
    /** It can't be asked: why. */
    | { readonly unasked: string }
  )

/** What the plan does first to the rows that a precheck is about. */
export interface Order {
  /**
   * - `structure`: the table or column isn't there yet, or not as it will be: it can't be asked.
   * - `rows`: these rows are changed first: what is found now decides nothing.
   * - `perhaps`: these rows may be changed first: violations found now need not be there then.
   */
  readonly kind: 'structure' | 'rows' | 'perhaps'
  /** 'created by migrations/1_a.sql:3 first' */
  readonly says: string
}

/** One question to the data, derived from one statement. */
export interface Precheck {
  readonly id: PrecheckId
  readonly where: Place
  readonly version: string
  readonly derived: Derived
  readonly order: Order | null
  /** Under which names in expressions are looked up. */
  readonly searchPath: readonly string[]
  /** What is read, as SQL writes it: for the GRANT. */
  readonly reads: readonly string[]
  /** Whether a policy may hide rows from the role. */
  readonly rowSecurity: boolean
}
