import type { Expectation } from '../../plan/types.ts'
import type { Judgement } from '../verification.ts'

type Enabled = NonNullable<Expectation['enabled']>

/** pg_trigger.tgenabled, pg_rewrite.ev_enabled, pg_event_trigger.evtenabled in words. */
export const enabledWords: Readonly<Record<Enabled, string>> = {
  O: 'enabled',
  D: 'disabled',
  R: 'enabled on replicas only',
  A: 'enabled always',
}

/** For a trigger or rule of which only its state is expected; `found` is null where there is none. */
export function judgeEnabled(wanted: Enabled, found: Enabled | null): Judgement {
  const expected = enabledWords[wanted]
  if (found === null) return { expected, actual: 'missing', outcome: 'failed' }
  return { expected, actual: enabledWords[found], outcome: wanted === found ? 'passed' : 'failed' }
}
