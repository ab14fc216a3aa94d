import type { Blocker } from '../../observe/waits.ts'
import { applicationPrefix } from '../../postgres/application-name.ts'
import type { BlockersPolicy } from '../../runbook/gates/locks.ts'

/** What is to be done about a session in the way; `why` where airlock.yml names its application and it is left alone all the same. */
export type BlockerDecision =
  | { readonly end: 'cancel' | 'terminate' }
  | { readonly end: null; readonly why: string | null }

/**
 * Whether airlock.yml lets a session in the way be ended: a client's, in the same database, of an application that it names, in a transaction at
 * least as old as it says, that holds what we wait for: one that is merely queued before us waits as we do. Never one of pg-airlock, of this run or another, and never a prepared transaction, which has no backend. One that is
 * idle in its transaction runs nothing that could be cancelled.
 */
export function decideBlocker(policy: BlockersPolicy, session: Blocker): BlockerDecision {
  const { application, backendType, transactionAgeMs, pid, sameDatabase, state, holds } = session
  const left = (why: string | null): BlockerDecision => ({ end: null, why })
  if (!holds) return left(null)
  if (pid === 0 || !sameDatabase || application.startsWith(applicationPrefix())) return left(null)
  if (!policy.applications.some((pattern) => isNamed(pattern, application))) return left(null)
  if (backendType === '' || transactionAgeMs === null) {
    return left('the age of its transaction is not visible: GRANT pg_read_all_stats TO our role')
  }
  if (backendType !== 'client backend') return left(null)
  if (transactionAgeMs < policy['older-than']) return left(null)
  if (policy.action === 'cancel' && state !== 'active') {
    return left(
      `it is ${state}: there is nothing to cancel; only \`action: terminate\` would end it`,
    )
  }
  return { end: policy.action }
}

/** Exactly, or by its beginning where the pattern ends in a star. */
function isNamed(pattern: string, application: string): boolean {
  return pattern.endsWith('*')
    ? application.startsWith(pattern.slice(0, -1))
    : application === pattern
}
