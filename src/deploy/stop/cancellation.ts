/** A request to stop, from a signal: asked between statements, acted on by cancelling the running one. */
export interface Cancellation {
  readonly requested: boolean
  /** Asked more than once: nothing more is undone or waited for. */
  readonly insisted: boolean
  /** When it was first asked, in milliseconds as of Date.now(); null where it wasn't. */
  readonly requestedAt: number | null
  /** Calls back at each request. Returns how to take the listener away. */
  onRequest(listener: () => void): () => void
}

/** The requests of one run of the program. Whoever gets the signals calls `request`. */
export class StopRequests implements Cancellation {
  private first: number | null = null
  private times = 0
  private readonly listeners = new Set<{ readonly told: () => void }>()

  get requested(): boolean {
    return this.times > 0
  }

  get insisted(): boolean {
    return this.times > 1
  }

  get requestedAt(): number | null {
    return this.first
  }

  onRequest(told: () => void): () => void {
    const listener = { told }
    this.listeners.add(listener)
    return () => {
      this.listeners.delete(listener)
    }
  }

  /** Returns whether anybody listened. */
  request(): boolean {
    this.times += 1
    this.first ??= Date.now()
    const listeners = [...this.listeners]
    for (const { told } of listeners) told()
    return listeners.length > 0
  }
}

/** Raised in a run that was asked to stop, where no statement was running. */
export class Cancelled extends Error {
  constructor() {
    super('cancelled on request')
    this.name = 'Cancelled'
  }
}

/** For what must not be begun, and for answers that are none because the question may have been cancelled. */
export function stopIfAsked({ requested }: Pick<Cancellation, 'requested'>): void {
  if (requested) throw new Cancelled()
}

/** Waits; a request to stop ends the wait at once. */
export function pauseUnlessAsked(cancellation: Cancellation, ms: number): Promise<void> {
  if (cancellation.requested) return Promise.resolve()
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      forget()
      resolve()
    }
    const timer = setTimeout(end, ms)
    const forget = cancellation.onRequest(end)
  })
}
