import { type Cancellation, Cancelled, stopIfAsked } from '../deploy/stop/cancellation.ts'

/** Runs with a signal that is given as soon as the run is asked to stop. */
export async function withStopSignal<Result>(
  cancellation: Cancellation,
  act: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController()
  const abort = () => stop.abort()
  const forget = cancellation.onRequest(abort)
  if (cancellation.requested) abort()
  try {
    return await act(stop.signal)
  } finally {
    forget()
  }
}

/**
 * The same where a request to stop ends the run: what the programs and questions under way fail with by that is no finding. Who does not end within
 * `graceMs` is left behind.
 * Errors: Cancelled.
 */
export async function untilStopped<Result>(
  cancellation: Cancellation,
  graceMs: number,
  act: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  stopIfAsked(cancellation)
  try {
    return await withStopSignal(cancellation, (signal) => {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => {
          timer = setTimeout(() => reject(new Cancelled()), graceMs)
        })
      })
      return Promise.race([act(signal), late]).finally(() => clearTimeout(timer))
    })
  } finally {
    stopIfAsked(cancellation)
  }
}
