import type { Expectation } from '../../src/plan/types.ts'
import type { ConstraintDefinition, IndexDefinition, ObjectRef } from '../../src/sql/types.ts'

const where = { file: 'migrations/1_a.sql', line: 1, column: 1 }

/** An object that must be there; the rest says how. */
export function present(object: ObjectRef, rest: Partial<Expectation> = {}): Expectation {
  return { object, state: 'present', mayPreexist: false, where, ...rest }
}

export function absent(object: ObjectRef): Expectation {
  return { object, state: 'absent', mayPreexist: false, where }
}

/** A member of a table; `table` as `name`, or `[schema, name]`. */
export function member(
  kind: ObjectRef['kind'],
  table: string | readonly [string, string],
  name: string | null,
): ObjectRef {
  const [schema, tableName] = typeof table === 'string' ? [null, table] : table
  return { kind, schema, name, table: { schema, name: tableName } }
}

export function constraint(parts: Partial<ConstraintDefinition>): ConstraintDefinition {
  return {
    type: 'unique',
    columns: [],
    include: [],
    nullsNotDistinct: false,
    references: null,
    deferrable: false,
    initiallyDeferred: false,
    expression: null,
    valid: true,
    enforced: true,
    noInherit: false,
    usingIndex: null,
    ...parts,
  }
}

export function reference(
  table: string | readonly [string, string],
  parts: Partial<NonNullable<ConstraintDefinition['references']>> = {},
): NonNullable<ConstraintDefinition['references']> {
  const [schema, name] = typeof table === 'string' ? [null, table] : table
  return {
    table: { schema, name },
    columns: [],
    onDelete: 'NO ACTION',
    onUpdate: 'NO ACTION',
    match: 'SIMPLE',
    ...parts,
  }
}

type Key = IndexDefinition['keys'][number]

/** Keys as column names, or in full. */
export function index(
  keys: readonly (string | Partial<Key>)[],
  parts: Partial<IndexDefinition> = {},
): IndexDefinition {
  return {
    method: 'btree',
    unique: false,
    nullsNotDistinct: false,
    keys: keys.map((key) => ({
      column: null,
      expression: null,
      opclass: null,
      descending: false,
      nullsFirst: null,
      collation: null,
      ...(typeof key === 'string' ? { column: key } : key),
    })),
    include: [],
    predicate: null,
    concurrently: false,
    ...parts,
  }
}
