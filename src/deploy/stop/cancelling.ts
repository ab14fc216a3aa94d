import { cancelBackend } from '../../postgres/observer.ts'
import type { Backend, Session } from '../../postgres/types.ts'
import { type Cancellation, stopIfAsked } from './cancellation.ts'

/** True while something runs that a cancel may hit: never a COMMIT or a journal row. */
export interface Cancellable {
  now: boolean
  /** The cancels that are being sent for it, until they are answered and it has ended. Its own: several may be on their way for one request. */
  sent?: Promise<void>
}

/** A run, or its undo, as far as a request to stop is concerned. */
export interface Stoppable {
  readonly cancellation: Cancellation
  readonly cancellable: Cancellable
}

/** An observer that does not answer within this is busy with a slow look, or stuck. */
const busyMs = 300

/** A cancel that meets an idle backend is lost, so it is sent again this often. */
const againMs = 200

/**
 * Does what a request to stop cancels: one statement or several, none of which may commit. Afterwards no cancel is on its way any more, so that none can
 * hit what is sent next.
 * Errors: Cancelled where the run was asked to stop before; what `act` throws, ServerError 57014 where it was cancelled.
 */
export async function whileCancellable<Result>(
  { cancellation, cancellable }: Stoppable,
  act: () => Promise<Result>,
): Promise<Result> {
  stopIfAsked(cancellation)
  try {
    cancellable.now = true
    return await act()
  } finally {
    cancellable.now = false
    await cancellable.sent
  }
}

/** The same for questions: what is answered after a request to stop may be the answer of a cancelled query, so it is none. Errors: Cancelled. */
export async function askCancellable<Result>(
  run: Stoppable,
  act: () => Promise<Result>,
): Promise<Result> {
  try {
    return await whileCancellable(run, act)
  } finally {
    stopIfAsked(run.cancellation)
  }
}

/** How a cancel is sent; it gives up as soon as `isWanted` says no. */
export type SendCancel = (isWanted: () => boolean) => Promise<unknown>

/** Cancels what runs now, again and again until it has ended. One at a time: a second call while the first goes on changes nothing. */
export class Canceller {
  private readonly cancellable: Cancellable
  private readonly send: SendCancel
  private isSending = false

  constructor(cancellable: Cancellable, send: SendCancel) {
    this.cancellable = cancellable
    this.send = send
  }

  cancel(): void {
    if (!this.cancellable.now || this.isSending) return
    this.isSending = true
    this.cancellable.sent = this.untilEnded().finally(() => {
      this.isSending = false
    })
  }

  private async untilEnded(): Promise<void> {
    const isWanted = () => this.cancellable.now
    while (isWanted()) {
      await this.send(isWanted).catch(() => undefined)
      const next = Date.now() + againMs
      while (isWanted() && Date.now() < next) await sleep(10)
    }
  }
}

/**
 * Sends a cancel by the observer. Where that does not answer, because a slow look of its own is under way, a new connection cancels both the look and
 * the backend: the cancel goes out within a second.
 */
export function cancelBy(
  observer: Session,
  backend: () => Backend,
  reach: () => Promise<Session>,
): SendCancel {
  return async (isWanted) => {
    const isFree = await answersWithin(observer.query('select 1'), busyMs)
    if (!isWanted()) return
    if (!isFree) return cancelAnew([observer, backend()], reach, isWanted)
    const { backendPid, backendStart } = backend()
    await cancelBackend(observer, backendPid, backendStart)
  }
}

/** Cancels by a connection made for it alone. */
export async function cancelAnew(
  backends: readonly Backend[],
  reach: () => Promise<Session>,
  isWanted: () => boolean,
): Promise<void> {
  const session = await reach()
  try {
    for (const { backendPid, backendStart } of backends) {
      if (isWanted()) await cancelBackend(session, backendPid, backendStart)
    }
  } finally {
    await session.close()
  }
}

function answersWithin(answer: Promise<unknown>, ms: number): Promise<boolean> {
  const late = sleep(ms).then(() => false)
  const answered = answer.then(
    () => true,
    () => false,
  )
  return Promise.race([answered, late])
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
