/** Said once when a URL with a password came as a flag. */
export const PASSWORD_IN_FLAG =
  'The password in --database-url or --staging-url could be read by other users of this machine while the program started (ps), and may stay in the shell’s history. Hand the URL over in the environment variable DATABASE_URL instead (staging’s in one that airlock.yml refers to).'

/**
 * Hides the arguments from `ps`: call it before anything else. What started this process (a shell, npx) may still show
 * them, and for the first milliseconds so does this one.
 */
export function hideArguments(): void {
  process.title = 'pg-airlock'
}

/** This process has been asked to stop: nobody waits for it any longer than needed. */
let wasAsked = false

export type CancelSignal = 'SIGINT' | 'SIGTERM'

/**
 * Calls `cancel` at the first SIGINT or SIGTERM and `insist` at every further one. GitHub sends SIGINT, SIGTERM 7.5 s later,
 * and kills after another 2.5 s: there is time to stop a statement, not to wait for it.
 *
 * @returns a function that takes the handlers away again
 */
export function onCancel(
  cancel: (signal: CancelSignal) => void,
  insist: (signal: CancelSignal) => void,
): () => void {
  let isCancelled = false
  const listen = (signal: CancelSignal): void => {
    const act = isCancelled ? insist : cancel
    isCancelled = true
    wasAsked = true
    act(signal)
  }
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.on(signal, listen)
  return () => {
    for (const signal of signals) process.off(signal, listen)
  }
}

/**
 * Calls back for a fault of the program itself that nobody caught, once; the process is not ended by it then.
 *
 * @returns a function that takes the handler away again
 */
export function onCrash(crashed: (error: unknown) => void): () => void {
  process.once('uncaughtException', crashed)
  process.once('unhandledRejection', crashed)
  return () => {
    process.off('uncaughtException', crashed)
    process.off('unhandledRejection', crashed)
  }
}

/**
 * Ends the process within two seconds although something (a connection that a fault left open) may keep it alive, or much sooner where a signal
 * asked for it; at once where nothing does. The exit code is kept.
 */
export function leaveSoon(): void {
  setTimeout(() => process.exit(), wasAsked ? 100 : 2_000).unref()
}
