import type { Expectation } from '../../plan/types.ts'
import type { Verification } from '../../report/types.ts'
import type { ObjectKind } from '../../sql/types.ts'
import { printName, reach, type Scope, sameType, schemasOf } from '../scope.ts'
import { judgeAbsenceOnPath, judgePresence, verification } from '../verification.ts'
import type { FactsQuery } from './facts-query.ts'

export interface RoutineFact {
  readonly schema: string
  readonly name: string
  /** pg_proc.prokind. */
  readonly kind: string
  /** Types of the input arguments in words. */
  readonly arguments: readonly string[]
}

/** Functions, procedures and aggregates of the expected names, each overload. */
export function readRoutines(
  expectations: readonly Expectation[],
  scope: Scope,
): FactsQuery<RoutineFact> {
  return {
    text: `
    select n.nspname as schema, p.proname as name, p.prokind as kind,
      pg_catalog.to_json(array(
        select pg_catalog.format_type(u.type, null)
          from pg_catalog.unnest(p.proargtypes::oid[]) with ordinality as u (type, place) order by u.place
      )) as arguments
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where p.proname = any ($1) and n.nspname = any ($2)
    order by 1, 2, p.oid
    `,
    values: [
      expectations.flatMap(({ object }) => object.name ?? []),
      schemasOf(expectations, scope),
    ],
  }
}

const kinds: Readonly<Partial<Record<ObjectKind, string>>> = {
  function: 'fw',
  procedure: 'p',
  aggregate: 'a',
}

export function judgeRoutine(
  expectation: Expectation,
  facts: readonly RoutineFact[],
  scope: Scope,
): Verification {
  const { object, state } = expectation
  const candidates = facts.filter(
    (fact) =>
      fact.name === object.name &&
      (kinds[object.kind] ?? '').includes(fact.kind) &&
      (object.arguments === undefined || sameTypes(object.arguments, fact.arguments)),
  )
  const found = reach(candidates, object.schema, scope)
  const types = object.arguments ?? found?.arguments
  const name = printName({ schema: object.schema, name: object.name ?? '' }, scope)
  const judgement =
    state === 'absent'
      ? judgeAbsenceOnPath(found, expectation, scope)
      : judgePresence(found !== null)
  return verification(expectation, scope, {
    ...judgement,
    object: types === undefined ? name : `${name}(${types.join(', ')})`,
  })
}

/** Arguments are told apart by their types without modifiers: varchar(10) is varchar. */
function sameTypes(written: readonly string[], found: readonly string[]): boolean {
  return (
    written.length === found.length &&
    written.every((type, place) => sameType(type.replace(/\([\d, ]*\)/, ''), found[place] ?? ''))
  )
}
