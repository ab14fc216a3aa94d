import type { HttpAnswer, HttpRequest } from '../../host/http.ts'
import type { ShellEnd } from '../../host/shell.ts'
import type { VerifyQuery } from '../../plan/types.ts'
import type { Verification } from '../../report/types.ts'
import { judgeCommand, judgeHttp, judgeSql } from './judge.ts'
import { connectionErrorsIn, type Made, standingOf } from './series.ts'
import type { Attempt, Limits, SmokeTest } from './types.ts'

/** Who asks. */
export interface Askers {
  http(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>
  command(command: string, signal: AbortSignal): Promise<ShellEnd>
  /** Null: the connection was lost. */
  sql(query: VerifyQuery, timeoutMs: number): Promise<Verification | null>
  /** Takes secrets out of a text: before it is shortened. */
  redact(text: string): string
}

/** When and for how long a test is tried, and who is told that it goes on. */
export interface Trial {
  readonly limits: Limits
  /** When the change was made, as Date.now() tells; the warm-up counts from there. */
  readonly changedAt: number
  /** The run was asked to stop. */
  readonly signal: AbortSignal
  /** After each attempt that another follows. */
  readonly waiting: (attempt: Attempt, attempts: number) => void
}

/** A series of attempts that has ended. */
export interface Series {
  readonly standing: 'passed' | 'failed' | 'not-checked' | 'stopped'
  readonly last: Attempt
  readonly attempts: number
  readonly latencyMs: number
  readonly connectionErrors: number
}

/** Tries a test until it has passed, failed, or the run is asked to stop, which ends an attempt under way too. */
export async function runTest(test: SmokeTest, askers: Askers, trial: Trial): Promise<Series> {
  const { limits, signal, waiting, changedAt } = trial
  const made: Made[] = []
  let latencyMs = 0
  const ended = (standing: Series['standing']): Series => ({
    standing,
    last: made.at(-1)?.attempt ?? { verdict: 'not-checked', actual: 'not asked' },
    attempts: made.length,
    latencyMs,
    connectionErrors: connectionErrorsIn(made),
  })
  while (!signal.aborted) {
    const began = Date.now()
    const attempt = await ask(test, askers, signal)
    latencyMs = Date.now() - began
    if (signal.aborted) break
    made.push({ attempt, beganMs: began - changedAt })
    if (attempt.verdict === 'not-checked') return ended('not-checked')
    const standing = standingOf(made, limits)
    if (standing !== 'again') return ended(standing)
    waiting(attempt, made.length)
    await pause(limits.pauseMs, signal)
  }
  return ended('stopped')
}

async function ask(test: SmokeTest, askers: Askers, stop: AbortSignal): Promise<Attempt> {
  const began = Date.now()
  const signal = AbortSignal.any([stop, AbortSignal.timeout(test.timeoutMs)])
  switch (test.kind) {
    case 'http': {
      const answer = await askers.http(test.request, signal)
      return judgeHttp(test, answer, Date.now() - began, askers.redact)
    }
    case 'command':
      return judgeCommand(test, await askers.command(test.command, signal), askers.redact)
    case 'sql': {
      const verification = await askers.sql(test.query, test.timeoutMs)
      return verification === null
        ? { verdict: 'no-answer', actual: 'the connection to the database was lost' }
        : judgeSql(verification)
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    if (signal.aborted) end()
    else signal.addEventListener('abort', end)
  })
}
