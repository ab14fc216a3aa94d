import type { Session } from '../../postgres/types.ts'
import { type Cancellation, Cancelled, stopIfAsked } from './cancellation.ts'
import {
  type Cancellable,
  Canceller,
  cancelAnew,
  type SendCancel,
  type Stoppable,
} from './cancelling.ts'
import { cleanUpBudgetMs, stoppableUndo } from './undo-time.ts'

export interface Cancels extends Pick<Stoppable, 'cancellable'> {
  readonly undo: Stoppable
  readonly cleanUp: Stoppable
  /** Cancels the statement that runs now, for another reason than a request. */
  readonly cancelStatement: () => void
  readonly stopListening: () => void
}

/** Has requests to stop cancel what the worker does: a statement at the first, an undo's or a clean-up's when its time is over. */
export function cancelsOf(
  cancellation: Cancellation,
  undoBudgetMs: number,
  send: SendCancel,
): Cancels {
  const cancellable: Cancellable = { now: false }
  const undo = stoppableUndo(cancellation, undoBudgetMs)
  const cleanUp = stoppableUndo(cancellation, cleanUpBudgetMs)
  const statements = new Canceller(cancellable, send)
  const undoing = new Canceller(undo.cancellable, send)
  const cleaning = new Canceller(cleanUp.cancellable, send)
  const timers: NodeJS.Timeout[] = []
  const cancelUndo = () => {
    if (undo.cancellation.requested) undoing.cancel()
  }
  const cancelCleanUp = () => {
    if (cleanUp.cancellation.requested) cleaning.cancel()
  }
  const listen = () => {
    statements.cancel()
    cancelUndo()
    cancelCleanUp()
    // A moment later than the end of its time, which a timer may come before.
    timers.push(setTimeout(cancelUndo, undoBudgetMs + 10))
    timers.push(setTimeout(cancelCleanUp, cleanUpBudgetMs + 10))
  }
  const forget = cancellation.onRequest(listen)
  if (cancellation.requested) listen()
  return {
    cancellable,
    undo,
    cleanUp,
    cancelStatement: () => statements.cancel(),
    stopListening() {
      forget()
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

/** Asks the observer; at a request to stop, a connection made for it cancels each question until `act` has ended. Errors: Cancelled. */
export async function whileAsking<Result>(
  observer: Session,
  reach: () => Promise<Session>,
  cancellation: Cancellation,
  act: () => Promise<Result>,
): Promise<Result> {
  stopIfAsked(cancellation)
  const asking: Cancellable = { now: true }
  const canceller = new Canceller(asking, (isWanted) => cancelAnew([observer], reach, isWanted))
  const forget = cancellation.onRequest(() => canceller.cancel())
  try {
    return await act()
  } catch (error) {
    // What a cancelled question fails with is no finding.
    if (cancellation.requested) throw new Cancelled()
    throw error
  } finally {
    asking.now = false
    forget()
    await asking.sent
  }
}
