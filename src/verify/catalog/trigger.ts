import type { Expectation } from '../../plan/types.ts'
import type { Verification } from '../../report/types.ts'
import type { Scope } from '../scope.ts'
import { judgeAbsence, judgeDefinition, judgePresence, verification } from '../verification.ts'
import { enabledWords, judgeEnabled } from './enabled.ts'
import { memberOf } from './member.ts'
import { compareTrigger, definitionOf } from './trigger-comparison.ts'
import type { TriggerFact } from './trigger-facts.ts'
import { describeTrigger } from './trigger-words.ts'

export function judgeTrigger(
  expectation: Expectation,
  facts: readonly TriggerFact[],
  scope: Scope,
): Verification {
  const { object, state, trigger: wanted, enabled } = expectation
  const found = memberOf(facts, object, scope)
  const judge = () => {
    if (state === 'absent') return judgeAbsence(found !== null)
    if (wanted === undefined) {
      return enabled === undefined
        ? judgePresence(found !== null)
        : judgeEnabled(enabled, found?.enabled ?? null)
    }
    return judgeDefinition(
      expectation,
      { definition: describeTrigger(wanted, scope), state: enabledWords[enabled ?? 'O'] },
      found === null
        ? null
        : {
            definition: describeTrigger(definitionOf(found), scope),
            state: enabledWords[found.enabled],
          },
      found === null ? 'different' : compareTrigger(wanted, found, scope),
    )
  }
  return verification(expectation, scope, judge())
}
