import { type ChildProcess, spawn } from 'node:child_process'
import { StringDecoder } from 'node:string_decoder'
import { beginningOf, endOf } from './redact.ts'

export interface ShellOptions {
  /** Stops it: SIGTERM, a second later SIGKILL. */
  readonly signal: AbortSignal
  /** What no output may be cut within: half a secret would be overlooked. What is handed back still holds them. */
  readonly redact: (text: string) => string
  /** Milliseconds, after which it is stopped; default: never. */
  readonly timeoutMs?: number
  /** The whole environment; default ours. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Takes the standard output as it comes, so that none of it is kept. */
  readonly onStdout?: (bytes: Uint8Array) => void
}

/** How a command ended. */
export interface ShellEnd {
  readonly ended: 'exited' | 'timed-out' | 'stopped'
  /** Null where a signal ended it. 127: there is no such command, or no shell. */
  readonly code: number | null
  readonly signal: string | null
  /** The first 16,384 characters. */
  readonly stdout: string
  /** The last 16,384 characters. */
  readonly stderr: string
  /** The last 16,384 characters of both, in the order in which they arrived. */
  readonly output: string
  readonly durationMs: number
}

/** So much of a command's output is kept. */
export const keptCharacters = 16_384

/** Between SIGTERM and SIGKILL, and for the outputs of a child that got away. */
const graceMs = 1_000

/**
 * Runs a command by the shell, in a process group of its own, so that stopping it stops what it started. Its standard input is empty. What
 * leaves the group and holds the outputs open is not waited for. Never throws for what the command does.
 */
export function runShell(command: string, options: ShellOptions): Promise<ShellEnd> {
  const { signal, timeoutMs, env = process.env, onStdout } = options
  const started = Date.now()
  return new Promise((resolve) => {
    const child = spawn(command, {
      shell: true,
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env },
    })
    const texts = keep(child, options)
    if (onStdout !== undefined) child.stdout.on('data', onStdout)
    let ended: ShellEnd['ended'] = 'exited'
    let insisting: NodeJS.Timeout | undefined
    const end = (why: 'timed-out' | 'stopped') => () => {
      if (ended !== 'exited') return
      ended = why
      killGroup(child, 'SIGTERM')
      insisting = setTimeout(() => killGroup(child, 'SIGKILL'), graceMs)
    }
    const stop = end('stopped')
    const limit =
      timeoutMs === undefined
        ? undefined
        : setTimeout(end('timed-out'), Math.min(timeoutMs, 2 ** 31 - 1))
    const release = () => {
      signal.removeEventListener('abort', stop)
      clearTimeout(limit)
    }
    const settle = (code: number | null, complaint?: string) => {
      release()
      clearTimeout(insisting)
      // The shell has heeded SIGTERM; what it started may not have.
      if (ended !== 'exited') killGroup(child, 'SIGKILL')
      const said = complaint === undefined ? {} : { stderr: complaint, output: complaint }
      resolve({
        ended,
        code,
        signal: child.signalCode,
        ...texts(),
        ...said,
        durationMs: Date.now() - started,
      })
    }
    // There is no shell: told as shells tell that there is no such command.
    child.once('error', ({ message }) => settle(127, message))
    child.once('close', () => settle(child.exitCode))
    // What it left running in the background may keep the outputs open for ever.
    child.once('exit', () => {
      release()
      setTimeout(() => {
        child.stdout.destroy()
        child.stderr.destroy()
      }, graceMs).unref()
    })
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

function keep(
  { stdout, stderr }: ChildProcess,
  { redact, onStdout }: ShellOptions,
): () => Pick<ShellEnd, 'stdout' | 'stderr' | 'output'> {
  const kept = { stdout: '', stderr: '', output: '' }
  const tail = (text: string) =>
    text.length > 2 * keptCharacters ? endOf(text, keptCharacters, redact) : text
  const listen = (stream: ChildProcess['stdout'], take: (text: string) => void) => {
    const decoder = new StringDecoder('utf8')
    stream?.on('data', (bytes: Buffer) => take(decoder.write(bytes)))
    stream?.once('end', () => take(decoder.end()))
  }
  listen(stderr, (text) => {
    kept.stderr = tail(kept.stderr + text)
    kept.output = tail(kept.output + text)
  })
  if (onStdout === undefined) {
    listen(stdout, (text) => {
      if (kept.stdout.length <= 2 * keptCharacters) kept.stdout += text
      kept.output = tail(kept.output + text)
    })
  }
  return () => ({
    stdout: beginningOf(kept.stdout, keptCharacters, redact),
    stderr: endOf(kept.stderr, keptCharacters, redact),
    output: endOf(kept.output, keptCharacters, redact),
  })
}

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal)
  } catch {
    // It is gone already.
  }
}
