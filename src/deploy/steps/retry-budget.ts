/** The first pause; each after it is twice as long. */
const firstPauseMs = 500

/** No pause is longer, but for its variation. */
const longestPauseMs = 10_000

/** What the clock and chance give; passed in, so that a schedule can be told in advance. */
export interface Chance {
  /** Milliseconds. */
  now(): number
  /** 0 ≤ random < 1. */
  random(): number
}

/**
 * How long a migration, or its undo, may go on trying, over all of its steps. The time counts from its first failed attempt: pauses and failed
 * attempts use it up; what succeeds, however long it takes, does not. A first attempt that alone took longer than the whole counts too: another as
 * long would be more than anybody asked for.
 */
export interface RetryBudget {
  readonly totalMs: number
  /** Attempts that gave way so far. */
  readonly failures: number
  /** Milliseconds used up. */
  readonly spentMs: number
  readonly chance: Chance
  /** An attempt that took so long has failed. */
  failed(attemptMs: number): void
  /** A pause has ended after so long. */
  paused(ms: number): void
  /** The pause before the next attempt of a unit that failed `failures` times in a row; null: the budget doesn't cover it. */
  nextPause(failures: number): number | null
}

/** A budget of `totalMs`, none of it used. */
export function retryBudget(
  totalMs: number,
  chance: Chance = { now: Date.now, random: Math.random },
): RetryBudget {
  let failures = 0
  let spentMs = 0
  return {
    totalMs,
    chance,
    get failures() {
      return failures
    },
    get spentMs() {
      return spentMs
    },
    failed(attemptMs) {
      if (failures > 0 || attemptMs >= totalMs) spentMs += attemptMs
      failures += 1
    },
    paused(ms) {
      spentMs += ms
    },
    nextPause(inARow) {
      const pauseMs = pauseAfter(inARow, chance.random())
      return spentMs + pauseMs < totalMs ? pauseMs : null
    },
  }
}

/**
 * Milliseconds to pause after so many failures in a row (1: the first): 0.5 s, doubling up to 10 s, each varied by up to a quarter either way, so
 * that two who met don't meet again.
 */
export function pauseAfter(failures: number, random: number): number {
  const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures - 1, 20))
  return Math.round(pauseMs * (0.75 + random / 2))
}
