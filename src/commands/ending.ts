import { Cancelled, StopRequests } from '../deploy/stop/cancellation.ts'
import { onCancel, onCrash } from '../host/signals.ts'

/** GitHub insists 7.5 s after its first signal; what hangs then (a network, a COMMIT) is left behind before, and told. */
const patienceMs = 7_000

/** And kills 2.5 s after that. */
const insistedPatienceMs = 1_500

export interface Ending {
  readonly cancellation: StopRequests
  /** Rejects when the run has to end from outside. */
  readonly ended: Promise<never>
  stopListening(): void
}

/**
 * What may end a run from outside: a signal, or a fault that nobody caught. Where something listens to requests to stop, the run ends itself, in its
 * own time as long as that is short; else, like a fault, a signal rejects `ended`, so that the report is written in those endings too.
 */
export function listenForEnd(): Ending {
  const cancellation = new StopRequests()
  const timers: NodeJS.Timeout[] = []
  let end: (reason: unknown) => void = () => {}
  const ended = new Promise<never>((_, reject) => {
    end = reject
  })
  ended.catch(() => undefined)
  const endWithin = (ms: number) => {
    timers.push(setTimeout(() => end(new Cancelled()), ms))
  }
  const request = (ms: number) => () => {
    if (cancellation.request()) endWithin(ms)
    else end(new Cancelled())
  }
  const stopSignals = onCancel(request(patienceMs), request(insistedPatienceMs))
  const stopCrashes = onCrash(end)
  return {
    cancellation,
    ended,
    stopListening() {
      for (const timer of timers) clearTimeout(timer)
      stopCrashes()
      // A signal that comes late must not turn the exit code into its own.
      if (!cancellation.requested) stopSignals()
    },
  }
}
