import { compareExpressions, type Sameness } from './expression.ts'
import type { ConstraintDefinition, IndexDefinition, IndexKey, QualifiedName } from './types.ts'

export interface Comparison {
  /** False when anything certainly differs. */
  readonly equal: boolean
  /** One sentence each, expected beside actual. */
  readonly differences: readonly string[]
  /** False when two expressions may be the same but their texts can't prove it: not checked, then, rather than equal. */
  readonly expressionCertain: boolean
}

/**
 * Compares a constraint as written with the server's (parseConstraintDefinition). A foreign key written without the columns that it
 * references means the primary key's; a constraint made of an index has the index's columns. Neither can be compared here.
 */
export function sameConstraint(
  expected: ConstraintDefinition,
  actual: ConstraintDefinition,
): Comparison {
  const found = new Findings()
  found.compare('kind', expected.type, actual.type)
  if (expected.usingIndex === null) {
    if (expected.type !== 'check') found.list('columns', expected.columns, actual.columns)
    found.list('included columns', expected.include, actual.include)
    found.flag('NULLS NOT DISTINCT', expected.nullsNotDistinct, actual.nullsNotDistinct)
  }
  found.flag('DEFERRABLE', expected.deferrable, actual.deferrable)
  found.flag('INITIALLY DEFERRED', expected.initiallyDeferred, actual.initiallyDeferred)
  found.flag('ENFORCED', expected.enforced, actual.enforced)
  if (expected.enforced) found.flag('VALID', expected.valid, actual.valid)
  found.flag('NO INHERIT', expected.noInherit, actual.noInherit)
  found.flag('PERIOD or WITHOUT OVERLAPS', expected.period === true, actual.period === true)
  compareReferences(found, expected, actual)
  found.expression('expression', expected.expression, actual.expression)
  compareExclusion(found, expected.exclusion, actual.exclusion)
  return found.comparison()
}

/** Compares an index as written with the server's. CONCURRENTLY leaves no trace. */
export function sameIndex(expected: IndexDefinition, actual: IndexDefinition): Comparison {
  const found = new Findings()
  found.compare('method', expected.method, actual.method)
  found.flag('UNIQUE', expected.unique, actual.unique)
  found.flag('NULLS NOT DISTINCT', expected.nullsNotDistinct, actual.nullsNotDistinct)
  found.compare('number of keys', expected.keys.length, actual.keys.length)
  if (expected.keys.length === actual.keys.length) {
    expected.keys.forEach((key, i) => {
      const other = actual.keys[i]
      if (other !== undefined) compareKey(found, `key ${i + 1}`, key, other)
    })
  }
  found.list('included columns', expected.include, actual.include)
  found.expression('predicate', expected.predicate, actual.predicate)
  return found.comparison()
}

function compareReferences(
  found: Findings,
  { references: expected, onDeleteColumns = [] }: ConstraintDefinition,
  { references: actual, onDeleteColumns: actualColumns = [] }: ConstraintDefinition,
): void {
  if (expected === null || actual === null) return
  found.name('referenced table', expected.table, actual.table)
  if (expected.columns.length > 0) {
    found.list('referenced columns', expected.columns, actual.columns)
  }
  found.compare('ON DELETE', expected.onDelete, actual.onDelete)
  found.compare('ON UPDATE', expected.onUpdate, actual.onUpdate)
  found.compare('MATCH', expected.match, actual.match)
  found.list('ON DELETE columns', onDeleteColumns, actualColumns)
}

function compareExclusion(
  found: Findings,
  expected: ConstraintDefinition['exclusion'],
  actual: ConstraintDefinition['exclusion'],
): void {
  if (expected === undefined || actual === undefined) return
  found.compare('method', expected.method, actual.method)
  found.list(
    'operators',
    expected.elements.map(({ operator }) => operator),
    actual.elements.map(({ operator }) => operator),
  )
  expected.elements.forEach(({ key }, i) => {
    const other = actual.elements[i]?.key
    if (other !== undefined) compareKey(found, `element ${i + 1}`, key, other)
  })
  found.expression('predicate', expected.predicate, actual.predicate)
}

function compareKey(found: Findings, what: string, expected: IndexKey, actual: IndexKey): void {
  found.compare(`${what}, column`, expected.column, actual.column)
  found.expression(`${what}, expression`, expected.expression, actual.expression)
  found.flag(`${what}, DESC`, expected.descending, actual.descending)
  found.compare(`${what}, NULLS FIRST`, expected.nullsFirst, actual.nullsFirst)
  found.written(`${what}, operator class`, expected.opclass, actual.opclass)
  found.written(`${what}, collation`, expected.collation, actual.collation)
}

class Findings {
  readonly #differences: string[] = []
  #certain = true

  comparison(): Comparison {
    return {
      equal: this.#differences.length === 0,
      differences: this.#differences,
      expressionCertain: this.#certain,
    }
  }

  compare(what: string, expected: Plain, actual: Plain): void {
    if (expected !== actual) this.#differ(what, show(expected), show(actual))
  }

  flag(what: string, expected: boolean, actual: boolean): void {
    if (expected !== actual) this.#differ(what, expected ? 'yes' : 'no', actual ? 'yes' : 'no')
  }

  list(what: string, expected: readonly string[], actual: readonly string[]): void {
    if (JSON.stringify(expected) !== JSON.stringify(actual)) {
      this.#differ(what, `(${expected.join(', ')})`, `(${actual.join(', ')})`)
    }
  }

  /** The server leaves the schema out where its search path finds the name, the author may too. */
  name(what: string, expected: QualifiedName, actual: QualifiedName): void {
    const schemas = expected.schema !== null && actual.schema !== null
    const other = schemas && expected.schema !== actual.schema
    if (other || expected.name !== actual.name) this.#differ(what, full(expected), full(actual))
  }

  /** Operator classes and collations: the server leaves out the type's default even where it was written. */
  written(what: string, expected: string | null, actual: string | null): void {
    const [one, other] = [lastPart(expected), lastPart(actual)]
    if (one === other) return
    if (actual === null) this.#certain = false
    else this.#differ(what, show(expected), show(actual))
  }

  expression(what: string, expected: string | null, actual: string | null): void {
    if (expected === null && actual === null) return
    const result: Sameness =
      expected === null || actual === null ? 'different' : compareExpressions(expected, actual)
    if (result === 'different') this.#differ(what, show(expected), show(actual))
    if (result === 'unknown') this.#certain = false
  }

  #differ(what: string, expected: string, actual: string): void {
    this.#differences.push(`${what}: expected ${expected}, found ${actual}`)
  }
}

type Plain = string | number | boolean | null

function show(value: Plain): string {
  return value === null ? 'none' : String(value)
}

function full({ schema, name }: QualifiedName): string {
  return schema === null ? name : `${schema}.${name}`
}

function lastPart(name: string | null): string | null {
  return name === null ? null : name.replace(/^(?:"(?:[^"]|"")*"|[^".(]+)\.(?=[^\s(])/, '')
}
