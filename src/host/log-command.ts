import { LineMatcher, type MatchedLines } from './log-lines.ts'
import { runShell, type ShellEnd, type ShellOptions } from './shell.ts'

export interface LogCommandResult extends MatchedLines {
  /** Why its output is not the whole log, in a sentence. May hold secrets. */
  readonly gap?: string
}

/** How long it may take. */
const longestMs = 60_000

/**
 * Runs the user's command by the shell, with AIRLOCK_SINCE (ISO time) in its environment, and matches what it prints to standard output.
 * Never throws: a command that fails, is stopped or doesn't end within `timeoutMs` (default 60 s) tells so in `gap`.
 */
export async function runLogCommand(
  command: string,
  since: string,
  patterns: readonly RegExp[],
  { signal, redact, timeoutMs = longestMs }: Pick<ShellOptions, 'signal' | 'redact' | 'timeoutMs'>,
): Promise<LogCommandResult> {
  const matcher = new LineMatcher(patterns)
  const end = await runShell(command, {
    signal,
    redact,
    timeoutMs,
    env: { ...process.env, AIRLOCK_SINCE: since },
    onStdout: (bytes) => matcher.add(bytes),
  })
  const gap = gapOf(end, timeoutMs)
  return { ...matcher.finish(), ...(gap === null ? {} : { gap }) }
}

function gapOf({ ended, code, signal, stderr }: ShellEnd, timeoutMs: number): string | null {
  if (ended === 'timed-out') return `logs.command did not end within ${timeoutMs / 1000} s`
  if (ended === 'stopped') return 'logs.command was stopped, as the run was asked to stop'
  if (code === 0) return null
  const said = stderr.trim()
  return `logs.command ended with ${signal ?? `exit code ${code}`}${said === '' ? '' : `: ${said}`}`
}
