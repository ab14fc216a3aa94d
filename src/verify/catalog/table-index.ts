import type { Expectation } from '../../plan/types.ts'
import type { Verification } from '../../report/types.ts'
import { quoteIdentifier } from '../../sql/identifier.ts'
import { likest } from '../likeness.ts'
import { reach, type Scope } from '../scope.ts'
import {
  type Judgement,
  judgeAbsence,
  judgeAbsenceOnPath,
  judgeDefinition,
  judgePresence,
  verification,
} from '../verification.ts'
import { compareIndex, definitionOf } from './index-comparison.ts'
import type { IndexFact } from './index-facts.ts'
import { describeIndex } from './index-words.ts'
import { membersOf } from './member.ts'

export function judgeIndex(
  expectation: Expectation,
  facts: readonly IndexFact[],
  scope: Scope,
): Verification {
  const named = candidates(expectation, facts, scope)
  const [first = null] = named
  const judge = () => {
    if (expectation.state === 'present') return judgePresent(expectation, named)
    return expectation.object.table === undefined
      ? judgeAbsenceOnPath(first, expectation, scope)
      : judgeAbsence(first !== null)
  }
  return verification(expectation, scope, judge())
}

function judgePresent(expectation: Expectation, named: readonly IndexFact[]): Judgement {
  const { object, index: wanted } = expectation
  if (wanted === undefined) return judgePresence(named.length > 0)
  const best = likest(named.map((fact) => ({ fact, likeness: compareIndex(wanted, fact) })))
  // Without a name only an index of the same structure can be the one meant.
  const found = object.name === null && best?.likeness === 'different' ? null : best
  const judgement = judgeDefinition(
    expectation,
    { definition: describeIndex(wanted), state: 'VALID' },
    found && { definition: describeIndex(definitionOf(found.fact)), state: stateOf(found.fact) },
    found?.likeness ?? 'different',
  )
  if (found === null) return judgement
  const printed = { ...judgement, object: quoteIdentifier(found.fact.name ?? '') }
  const pending = found.likeness !== 'different' && found.fact.partitioned && !found.fact.valid
  return pending ? { ...printed, outcome: 'not-checked', reason: awaitsPartitions } : printed
}

const awaitsPartitions =
  'an index of a partitioned table becomes valid when each partition has its own; whether that is wanted here was not determined'

/** By its table where that is known; else (DROP INDEX) by its own name, indexes being in the same schema as their table. */
function candidates({ object }: Expectation, facts: readonly IndexFact[], scope: Scope) {
  if (object.table !== undefined) {
    const { members } = membersOf(facts, object, scope)
    return members.filter((fact) => object.name === null || fact.name === object.name)
  }
  const found = reach(
    facts.filter((fact) => fact.name === object.name),
    object.schema,
    scope,
  )
  return found === null ? [] : [found]
}

/** An index in use by queries; one that a build or DROP … CONCURRENTLY left half-way is neither ready nor live. */
function stateOf({ valid, ready, live }: IndexFact): string {
  return valid && ready && live ? 'VALID' : 'INVALID'
}
