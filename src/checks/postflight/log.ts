import { runLogCommand } from '../../host/log-command.ts'
import { type LogMark, markLog, readLogSince } from '../../host/log-file.ts'
import { shorten, visibleLine } from '../../report/visible.ts'
import type { Logs } from '../../runbook/gates/baseline.ts'
import type { LogFindings } from './evidence.ts'

/** `logs` of airlock.yml, understood. */
export interface LogPlan {
  readonly file?: string
  readonly command?: string
  readonly patterns: readonly RegExp[]
}

/** The patterns, which airlock.yml's schema has judged, as regular expressions; case does not matter to them, as with the runbook's `grep -i`. Null where no log is named. */
export function planLog(logs: Logs | undefined): LogPlan | null {
  if (logs === undefined || (logs.file === undefined && logs.command === undefined)) return null
  const { file, command } = logs
  return {
    ...(file === undefined ? {} : { file }),
    ...(command === undefined ? {} : { command }),
    patterns: logs.patterns.map((text) => new RegExp(text, 'i')),
  }
}

const longestLine = 500

/** Where the log stands as the run begins. */
export interface LogStart {
  readonly plan: LogPlan
  readonly mark: LogMark | null
}

export async function beginLog(plan: LogPlan | null): Promise<LogStart | null> {
  if (plan === null) return null
  return { plan, mark: plan.file === undefined ? null : await markLog(plan.file) }
}

/**
 * What the log, file and command together, says since; `signal` stops the command. Never throws: what can't be read is said. Lines are hostile text: secrets are taken out
 * before they are shortened, so that none is cut in two and overlooked, and no control character is left.
 */
export async function readLog(
  { plan, mark }: LogStart,
  since: string,
  { signal, redact }: { readonly signal: AbortSignal; readonly redact: (text: string) => string },
): Promise<LogFindings> {
  const tame = (text: string) => shorten(visibleLine(redact(text)), longestLine)
  const parts = [
    ...(mark === null ? [] : [await readFile(mark, plan.patterns)]),
    ...(plan.command === undefined
      ? []
      : [
          {
            source: 'logs.command',
            ...(await runLogCommand(plan.command, since, plan.patterns, { signal, redact })),
          },
        ]),
  ]
  const gaps = parts.flatMap(({ gap }: { gap?: string }) => gap ?? [])
  return {
    source: parts.map(({ source }) => source).join(' and '),
    lines: parts.reduce((sum, { lines }) => sum + lines, 0),
    matches: parts.reduce((sum, { matches }) => sum + matches, 0),
    examples: parts.flatMap(({ examples }) => examples).map(tame),
    ...(gaps.length === 0 ? {} : { gap: gaps.map(tame).join('; ') }),
  }
}

async function readFile(mark: LogMark, patterns: readonly RegExp[]): Promise<LogFindings> {
  try {
    return { source: mark.path, ...(await readLogSince(mark, patterns)) }
  } catch (error) {
    const gap = `${mark.path} could not be read: ${error instanceof Error ? error.message : String(error)}`
    return { source: mark.path, lines: 0, matches: 0, examples: [], gap }
  }
}
