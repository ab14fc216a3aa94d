import type { Expectation } from '../plan/types.ts'
import type { CheckOutcome, Verification } from '../report/types.ts'
import { quoteIdentifier } from '../sql/identifier.ts'
import type { Likeness } from './likeness.ts'
import { printName, type Scope } from './scope.ts'

export interface Judgement {
  readonly expected: string
  readonly actual: string
  readonly outcome: CheckOutcome
  readonly reason?: string
  /** Where the name found says more than the one written: an unnamed object, a function's arguments. */
  readonly object?: string
}

/** A judgement as a row of the report. */
export function verification(
  expectation: Expectation,
  scope: Scope,
  judgement: Judgement,
): Verification {
  const { object, where } = expectation
  const { expected, actual, outcome, reason } = judgement
  return {
    kind: object.kind,
    object: judgement.object ?? printObject(expectation, scope),
    table: object.table === undefined ? '' : printName(object.table, scope),
    expected,
    actual,
    outcome,
    ...(reason === undefined ? {} : { reason }),
    where,
  }
}

function printObject({ object }: Expectation, scope: Scope): string {
  if (object.name === null) return '(unnamed)'
  return object.table === undefined && object.schema !== null
    ? printName({ schema: object.schema, name: object.name }, scope)
    : quoteIdentifier(object.name)
}

/** For a dropped object that was looked up where it was, in its schema or table. */
export function judgeAbsence(found: boolean): Judgement {
  return found
    ? { expected: 'absent', actual: 'present', outcome: 'failed' }
    : { expected: 'absent', actual: 'absent', outcome: 'passed' }
}

/**
 * For a dropped object that may have been in any schema of the search path: one of its name in a later schema than the first may be another
 * object, which the dropped one hid.
 */
export function judgeAbsenceOnPath(
  found: { readonly schema: string } | null,
  { object }: Expectation,
  scope: Scope,
): Judgement {
  const judgement = judgeAbsence(found !== null)
  if (found === null || object.schema !== null || found.schema === scope.searchPath[0])
    return judgement
  const reason = `schema ${quoteIdentifier(found.schema)} of the search path has one of this name: it may be the one that should be gone, or another`
  return { ...judgement, outcome: 'not-checked', reason }
}

/** For an object of which nothing but its presence is expected. */
export function judgePresence(found: boolean): Judgement {
  return found
    ? { expected: 'present', actual: 'present', outcome: 'passed' }
    : { expected: 'present', actual: 'missing', outcome: 'failed' }
}

export interface Definition {
  /** 'UNIQUE (a, b)'. */
  readonly definition: string
  /** 'VALID', 'NOT VALID', 'enabled': what else is expected of the object beside its definition. */
  readonly state: string
}

/** A definition and a state expected beside those found: the definition is judged first, then the state. */
export function judgeDefinition(
  expectation: Expectation,
  wanted: Definition,
  found: Definition | null,
  likeness: Likeness,
): Judgement {
  const expected = printDefinition(wanted)
  if (found === null) return { expected, actual: 'missing', outcome: 'failed' }
  if (likeness === 'different' || (likeness === 'another expression' && expectation.mayPreexist)) {
    const reason = expectation.mayPreexist
      ? 'an object of this name was there already and was kept: its definition is another one'
      : 'the definition is another one'
    return { expected, actual: printDefinition(found), outcome: 'failed', reason }
  }
  if (wanted.state !== found.state) return { expected, actual: found.state, outcome: 'failed' }
  if (likeness === 'same') return { expected, actual: expected, outcome: 'passed' }
  const reason =
    'all but the expression is as expected; the server prints the expression in other words, and whether they mean the same was not determined'
  return { expected, actual: printDefinition(found), outcome: 'not-checked', reason }
}

function printDefinition({ definition, state }: Definition): string {
  return [definition, state].filter((part) => part !== '').join(', ')
}
