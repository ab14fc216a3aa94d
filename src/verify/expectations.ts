import type { Expectation } from '../plan/types.ts'
import type { Query, Session, TextResult } from '../postgres/types.ts'
import type { Verification } from '../report/types.ts'
import type { ObjectKind } from '../sql/types.ts'
import { judgeColumn, readColumns } from './catalog/column.ts'
import { judgeConstraint } from './catalog/constraint.ts'
import { readConstraints } from './catalog/constraint-facts.ts'
import { type FactsQuery, factsOf } from './catalog/facts-query.ts'
import { readIndexes } from './catalog/index-facts.ts'
import { judgeNamed, namedKinds, readNamed } from './catalog/named-object.ts'
import { judgeRelation, readRelations } from './catalog/relation.ts'
import { judgeRoutine, readRoutines } from './catalog/routine.ts'
import { judgeIndex } from './catalog/table-index.ts'
import { judgeMember, readPolicies, readRules } from './catalog/table-member.ts'
import { judgeTrigger } from './catalog/trigger.ts'
import { readTriggers } from './catalog/trigger-facts.ts'
import { judgeEnumValue, judgeType, readTypes } from './catalog/type.ts'
import type { Scope } from './scope.ts'
import { verification } from './verification.ts'

/** A query, null where there is nothing to ask, and what its result says of each expectation. */
interface Check {
  readonly query: Query | null
  judge(result: TextResult | undefined): Verification[]
}

type CheckOf = (expectations: readonly Expectation[], scope: Scope) => Check

/** A kind's check: one query for all of its expectations, then each judged by itself. */
function check<Fact>(
  read: (expectations: readonly Expectation[], scope: Scope) => FactsQuery<Fact>,
  judge: (expectation: Expectation, facts: readonly Fact[], scope: Scope) => Verification,
): CheckOf {
  return (expectations, scope) => {
    const query = read(expectations, scope)
    return {
      query,
      judge(result) {
        const facts = factsOf(query, result)
        return expectations.map((expectation) => judge(expectation, facts, scope))
      },
    }
  }
}

const relation = check(readRelations, judgeRelation)
const routine = check(readRoutines, judgeRoutine)
const type = check(readTypes, judgeType)

const checks: Readonly<Partial<Record<ObjectKind, CheckOf>>> = {
  ...Object.fromEntries(namedKinds.map((kind) => [kind, check(readNamed(kind), judgeNamed(kind))])),
  table: relation,
  'foreign table': relation,
  view: relation,
  'materialized view': relation,
  sequence: relation,
  column: check(readColumns, judgeColumn),
  constraint: check(readConstraints, judgeConstraint),
  index: check(readIndexes, judgeIndex),
  trigger: check(readTriggers, judgeTrigger),
  policy: check(readPolicies, judgeMember),
  rule: check(readRules, judgeMember),
  function: routine,
  procedure: routine,
  aggregate: routine,
  type,
  domain: type,
  'enum value': check(readTypes, judgeEnumValue),
}

/** All that is asked of the catalog for some expectations, and what the answers say. */
export interface Inquiry {
  /** One query for each kind of object. */
  readonly queries: readonly Query[]
  /** Takes the results of the queries, in their order; gives one verification each expectation, in theirs. */
  judge(results: readonly TextResult[]): Verification[]
}

/**
 * What to ask about each expected object. The queries may run inside the migration's own transaction or outside, change no setting, and
 * take no lock on a user's table but what printing an expression needs for a moment.
 * `scope.searchPath` is what unqualified names were resolved with, its entries schemas (`$user` replaced).
 */
export function inquire(expectations: readonly Expectation[], scope: Scope): Inquiry {
  const kinds = [...new Set(expectations.map(({ object }) => object.kind))].map((kind) => {
    const ofKind = expectations.filter(({ object }) => object.kind === kind)
    return { ofKind, check: (checks[kind] ?? notChecked)(ofKind, scope) }
  })
  return {
    queries: kinds.flatMap(({ check }) => check.query ?? []),
    judge(results) {
      const found = new Map<Expectation, Verification>()
      let next = 0
      for (const { ofKind, check } of kinds) {
        const verifications = check.judge(check.query === null ? undefined : results[next++])
        for (const [place, expectation] of ofKind.entries()) {
          const verified = verifications[place]
          if (verified !== undefined) found.set(expectation, verified)
        }
      }
      return expectations.flatMap((expectation) => found.get(expectation) ?? [])
    },
  }
}

/** Looks up each expected object in the catalog, in one round trip. Results stand in the order of the expectations. */
export async function verifyExpectations(
  session: Session,
  expectations: readonly Expectation[],
  scope: Scope,
): Promise<Verification[]> {
  const { queries, judge } = inquire(expectations, scope)
  return judge(await session.pipeline(queries))
}

const notChecked: CheckOf = (expectations, scope) => ({
  query: null,
  judge: () =>
    expectations.map((expectation) =>
      verification(expectation, scope, {
        expected: expectation.state,
        actual: '',
        outcome: 'not-checked',
        reason: `objects of kind ${expectation.object.kind} are not looked up in the catalog`,
      }),
    ),
})
