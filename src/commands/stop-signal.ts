import type { Cancellation } from '../deploy/run.ts'

/** Runs with a signal that is given as soon as the run is asked to stop. */
export async function withStopSignal<Result>(
  cancellation: Cancellation,
  act: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController()
  const look = () => {
    if (cancellation.requested) stop.abort()
  }
  look()
  const looking = setInterval(look, 50)
  try {
    return await act(stop.signal)
  } finally {
    clearInterval(looking)
  }
}
