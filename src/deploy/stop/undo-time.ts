import type { Run } from '../run.ts'
import type { Cancellation } from './cancellation.ts'
import type { Cancellable, Stoppable } from './cancelling.ts'

/**
 * What an undo gets after a request to stop: GitHub insists 7.5 s after the first signal, and by then the journal and the reports are to be
 * written.
 */
export const undoBudgetMs = 5_000

/** How long cleaning up after a failed statement may take once the run is asked to stop: the runner kills after ten seconds. */
export const cleanUpBudgetMs = 3_000

/**
 * A run's undo, or its clean-up, as far as requests to stop are concerned: it goes on after the first, for `budgetMs` counted from it, and ends at the second. `requested`
 * says that its time is over.
 */
export function stoppableUndo(cancellation: Cancellation, budgetMs: number): Stoppable {
  const cancellable: Cancellable = { now: false }
  const isOver = () => {
    const { insisted, requestedAt } = cancellation
    return insisted || (requestedAt !== null && Date.now() - requestedAt >= budgetMs)
  }
  return {
    cancellable,
    cancellation: {
      get requested() {
        return isOver()
      },
      get insisted() {
        return cancellation.insisted
      },
      get requestedAt() {
        return cancellation.requestedAt
      },
      onRequest: (listener) => cancellation.onRequest(listener),
    },
  }
}

/**
 * The run as its undo sees it: its statements run, and are cancelled, by the undo's own time; the journal guards by the epoch what it commits. A full disk
 * does not cancel them: what is undone gives room back.
 */
export function asUndo(run: Run): Run {
  const { cancellation, cancellable } = run.undo
  return {
    ...run,
    cancellation,
    cancellable,
    guards: { ...run.guards, disk: undefined },
    lock: { lost: null, retake: () => run.lock.retake() },
  }
}

/** The run as the clean-up after a failed statement sees it: a request to stop gives it three seconds, a second ends it at once. */
export function asCleanUp(run: Run): Run {
  return { ...run, cancellation: run.cleanUp.cancellation, cancellable: run.cleanUp.cancellable }
}

/** There is no time left to undo anything. */
export function isUndoOver({ undo }: Pick<Run, 'undo'>): boolean {
  return undo.cancellation.requested
}
