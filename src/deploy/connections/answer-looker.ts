import { type Lookout, lookAtBackend } from '../../postgres/answer-watch.ts'
import type { Session } from '../../postgres/types.ts'

/**
 * The observer looks after the worker's answers: no connection is made for it, so it may look often. It is connected anew where it is lost itself,
 * patiently: when that fails, nothing is in reach.
 */
export function byObserver(observer: Session): Lookout {
  return {
    firstMs: 3_000,
    mostMs: 5_000,
    failures: 1,
    look: (pid) => lookAtBackend(observer, pid),
  }
}
