import type { Attempt, Limits } from './types.ts'

/** An attempt with when it began, in milliseconds since the change. */
export interface Made {
  readonly attempt: Attempt
  readonly beganMs: number
}

/** What a series of attempts amounts to so far. Pure. */
export type Standing = 'passed' | 'failed' | 'again'

/**
 * Judges a series: passed when the last `successes` attempts passed, failed when the last `failures` failed or all attempts are made. Where no
 * application answered within the warm-up, that is no attempt at all, but it does break a row of successes.
 */
export function standingOf(made: readonly Made[], limits: Limits): Standing {
  const counted = made.filter((one) => counts(one, limits))
  if (endsWith(made, limits.successes, ({ attempt }) => attempt.verdict === 'passed'))
    return 'passed'
  if (counted.length >= limits.attempts) return 'failed'
  const { failures } = limits
  if (
    failures !== null &&
    endsWith(counted, failures, ({ attempt }) => attempt.verdict !== 'passed')
  )
    return 'failed'
  return 'again'
}

/** Attempts that no application answered. */
export function connectionErrorsIn(made: readonly Made[]): number {
  return made.filter(({ attempt }) => attempt.verdict === 'no-answer').length
}

function counts({ attempt, beganMs }: Made, { warmUpMs }: Limits): boolean {
  return attempt.verdict !== 'no-answer' || beganMs >= warmUpMs
}

function endsWith(made: readonly Made[], count: number, is: (made: Made) => boolean): boolean {
  return made.length >= count && made.slice(-count).every(is)
}
