import { type ChildProcess, spawn } from 'node:child_process'

/** How a command ended. */
export interface ShellEnd {
  /** Null where a signal ended it. */
  readonly exitCode: number | null
  readonly signal: string | null
  /** It was ended because it ran for too long, or on request. */
  readonly stopped: boolean
  /** The end of what it wrote to both of its outputs, in the order in which it arrived. */
  readonly output: string
}

/** So much of a command's output is kept, from its end. */
export const MAX_OUTPUT_BYTES = 16_384

/** Between SIGTERM and SIGKILL, and for the outputs of a child that got away. */
const GRACE_MS = 1_000

/**
 * Runs a command by the shell, in a process group of its own, so that stopping it stops what it started. Its environment is ours.
 *
 * @param signal stops it: SIGTERM, a second later SIGKILL
 */
export function runShell(command: string, signal: AbortSignal): Promise<ShellEnd> {
  return new Promise((resolve) => {
    const child = spawn(command, {
      shell: true,
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const output = tailOf(child)
    let stopped = false
    let insisting: NodeJS.Timeout | undefined
    const stop = () => {
      stopped = true
      killGroup(child, 'SIGTERM')
      insisting = setTimeout(() => killGroup(child, 'SIGKILL'), GRACE_MS)
    }
    const settle = () => {
      signal.removeEventListener('abort', stop)
      clearTimeout(insisting)
      // The shell has heeded SIGTERM; what it started may not have.
      if (stopped) killGroup(child, 'SIGKILL')
      const { exitCode, signalCode } = child
      resolve({ exitCode, signal: signalCode, stopped, output: output() })
    }
    // There is no shell: told as shells tell that there is no such command.
    child.once('error', ({ message }) => {
      signal.removeEventListener('abort', stop)
      resolve({ exitCode: 127, signal: null, stopped, output: message })
    })
    child.once('close', settle)
    // What it left running in the background may keep the outputs open for ever.
    child.once('exit', () => {
      setTimeout(() => {
        child.stdout.destroy()
        child.stderr.destroy()
      }, GRACE_MS).unref()
    })
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

function tailOf(child: ChildProcess): () => string {
  let tail = Buffer.alloc(0)
  const keep = (data: Buffer) => {
    tail = Buffer.concat([tail, data]).subarray(-MAX_OUTPUT_BYTES)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  return () => tail.toString('utf8')
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal)
  } catch {
    // It is gone already.
  }
}
