import { spawn } from 'node:child_process'
import { LineMatcher, type MatchedLines } from './log-lines.ts'

export interface LogCommandResult extends MatchedLines {
  /** Why its output is not the whole log, in a sentence. */
  readonly gap?: string
}

const timeoutMs = 60_000
const keptErrorCharacters = 16_384

/**
 * Runs the user's command by the shell, with AIRLOCK_SINCE (ISO time) in its environment, and matches what it prints to standard output.
 * Never throws: a command that fails or doesn't end tells so in `gap`.
 */
export function runLogCommand(
  command: string,
  since: string,
  patterns: readonly RegExp[],
): Promise<LogCommandResult> {
  const matcher = new LineMatcher(patterns)
  return new Promise((resolve) => {
    const child = spawn(command, {
      shell: true,
      // A group of its own, so that what the shell started ends with it.
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, AIRLOCK_SINCE: since },
    })
    let complaint = ''
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      endGroup(child.pid)
    }, timeoutMs)
    child.stdout.on('data', (bytes: Uint8Array) => matcher.add(bytes))
    child.stderr.on('data', (bytes: Uint8Array) => {
      if (complaint.length < keptErrorCharacters) complaint += Buffer.from(bytes).toString('utf8')
    })
    const end = (gap: string | undefined) => {
      clearTimeout(timer)
      resolve({ ...matcher.finish(), ...(gap === undefined ? {} : { gap }) })
    }
    child.once('error', ({ message }) => end(`logs.command could not be run: ${message}`))
    child.once('close', (code, signal) => {
      if (timedOut) end(`logs.command did not end within ${timeoutMs / 1000} s`)
      else if (code === 0) end(undefined)
      else {
        const said = complaint.trim()
        end(
          `logs.command ended with ${signal ?? `exit code ${code}`}${said === '' ? '' : `: ${said}`}`,
        )
      }
    })
  })
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
  } catch (error) {
    // It ended by itself just now.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
