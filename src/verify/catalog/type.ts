import type { Expectation } from '../../plan/types.ts'
import type { Verification } from '../../report/types.ts'
import { quoteLiteral } from '../../sql/identifier.ts'
import { reach, type Scope, schemasOf } from '../scope.ts'
import { judgeAbsence, judgeAbsenceOnPath, judgePresence, verification } from '../verification.ts'
import type { FactsQuery } from './facts-query.ts'

export interface TypeFact {
  readonly schema: string
  readonly name: string
  readonly isDomain: boolean
  /** Labels of an enum in their order. */
  readonly labels: readonly string[]
}

/** Types, domains and the labels of enums, by the type's name. Row types of tables are no types of their own. */
export function readTypes(
  expectations: readonly Expectation[],
  scope: Scope,
): FactsQuery<TypeFact> {
  return {
    text: `
    select n.nspname as schema, t.typname as name, t.typtype = 'd' as "isDomain",
      pg_catalog.to_json(array(
        select e.enumlabel from pg_catalog.pg_enum e where e.enumtypid = t.oid order by e.enumsortorder
      )) as labels
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    left join pg_catalog.pg_class c on c.oid = t.typrelid
    where (c.oid is null or c.relkind = 'c') and t.typname = any ($1) and n.nspname = any ($2)
    order by 1, 2
    `,
    values: [
      expectations.flatMap(({ object }) => object.table?.name ?? object.name ?? []),
      schemasOf(expectations, scope),
    ],
  }
}

export function judgeType(
  expectation: Expectation,
  facts: readonly TypeFact[],
  scope: Scope,
): Verification {
  const { object, state } = expectation
  const wanted = object.kind === 'domain'
  const named = facts.filter(({ name, isDomain }) => name === object.name && isDomain === wanted)
  const found = reach(named, object.schema, scope)
  return verification(
    expectation,
    scope,
    state === 'absent'
      ? judgeAbsenceOnPath(found, expectation, scope)
      : judgePresence(found !== null),
  )
}

/** A label belongs to the type that the search path leads to. */
export function judgeEnumValue(
  expectation: Expectation,
  facts: readonly TypeFact[],
  scope: Scope,
): Verification {
  const { object, state } = expectation
  const named = facts.filter(({ name }) => name === object.table?.name)
  const found = reach(named, object.table?.schema ?? object.schema, scope)
  const label = object.name ?? ''
  const has = found?.labels.includes(label) === true
  return verification(expectation, scope, {
    ...(state === 'absent' ? judgeAbsence(has) : judgePresence(has)),
    object: quoteLiteral(label),
  })
}
