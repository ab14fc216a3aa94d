import type { Expectation } from '../../plan/types.ts'
import type { Verification } from '../../report/types.ts'
import { quoteIdentifier } from '../../sql/identifier.ts'
import type { ConstraintDefinition } from '../../sql/types.ts'
import { likest } from '../likeness.ts'
import type { Scope } from '../scope.ts'
import {
  type Definition,
  type Judgement,
  judgeAbsence,
  judgeDefinition,
  judgePresence,
  verification,
} from '../verification.ts'
import { compareConstraint, definitionOf } from './constraint-comparison.ts'
import type { ConstraintFact } from './constraint-facts.ts'
import { describeConstraint } from './constraint-words.ts'
import { membersOf } from './member.ts'

export function judgeConstraint(
  expectation: Expectation,
  facts: readonly ConstraintFact[],
  scope: Scope,
): Verification {
  const { object, constraint: wanted } = expectation
  const { owner, members } = membersOf(facts, object, scope)
  const named = members.filter((fact) => object.name === null || fact.name === object.name)
  const judge = () => {
    if (expectation.state === 'absent') return judgeAbsence(named.length > 0)
    if (expectation.validated && wanted === undefined) return judgeValidity(named[0])
    if (wanted === undefined) return judgePresence(named.length > 0)
    return wanted.type === 'not null' && isFlagOnly(owner, scope)
      ? judgeFlag(wanted, owner?.notNull ?? [], scope)
      : judgePresent(expectation, wanted, named, scope)
  }
  return verification(expectation, scope, judge())
}

function judgePresent(
  expectation: Expectation,
  wanted: ConstraintDefinition,
  named: readonly ConstraintFact[],
  scope: Scope,
): Judgement {
  const best = likest(
    named.map((fact) => ({ fact, likeness: compareConstraint(wanted, fact, scope) })),
  )
  // Without a name only a constraint of the same structure can be the one meant.
  const unlike = expectation.object.name === null && best?.likeness === 'different'
  const found = unlike ? null : best
  const judgement = judgeDefinition(
    expectation,
    wantedDefinition(wanted, scope),
    found && foundDefinition(found.fact, wanted, scope),
    found?.likeness ?? 'different',
  )
  return found === null
    ? judgement
    : { ...judgement, object: quoteIdentifier(found.fact.name ?? '') }
}

/** One from before, whose definition the script doesn't tell: VALIDATE CONSTRAINT speaks of its validity alone. */
function judgeValidity(fact: ConstraintFact | undefined): Judgement {
  const expected = 'VALID'
  if (fact === undefined) return { expected, actual: 'missing', outcome: 'failed' }
  return fact.valid
    ? { expected, actual: expected, outcome: 'passed' }
    : { expected, actual: 'NOT VALID', outcome: 'failed' }
}

/** Before 18 the NOT NULL of a column (before 17 that of a domain) is a flag without name or row in pg_constraint. */
function isFlagOnly(owner: ConstraintFact | null, { serverMajor }: Scope): boolean {
  return serverMajor < (owner?.isDomain ? 17 : 18)
}

function judgeFlag(
  wanted: ConstraintDefinition,
  notNull: readonly string[],
  scope: Scope,
): Judgement {
  const expected = describeConstraint(wanted, scope)
  return isNotNull(wanted, notNull)
    ? { expected, actual: expected, outcome: 'passed' }
    : { expected, actual: 'missing', outcome: 'failed' }
}

function isNotNull(wanted: ConstraintDefinition, notNull: readonly string[]): boolean {
  return wanted.columns.length === 0
    ? notNull.length > 0
    : wanted.columns.every((column) => notNull.includes(column))
}

function wantedDefinition(wanted: ConstraintDefinition, scope: Scope): Definition {
  return { definition: describeConstraint(wanted, scope), state: stateOf(wanted, true) }
}

function foundDefinition(
  fact: ConstraintFact,
  wanted: ConstraintDefinition,
  scope: Scope,
): Definition {
  const found = definitionOf(fact, wanted)
  return { definition: describeConstraint(found, scope), state: stateOf(found, fact.indexValid) }
}

function stateOf({ enforced, valid }: ConstraintDefinition, indexValid: boolean): string {
  // A constraint that is not enforced is never validated (18).
  if (!enforced) return 'NOT ENFORCED'
  if (!indexValid) return 'INVALID'
  return valid ? 'VALID' : 'NOT VALID'
}
