import type { HttpRequest } from '../../host/http.ts'
import type { VerifyQuery } from '../../plan/types.ts'
import type { CompiledComparison } from './json-comparison.ts'

interface Test {
  readonly name: string
  /** In one line, for the report; no secrets. */
  readonly expected: string
  /** Of one attempt. */
  readonly timeoutMs: number
}

export interface HttpTest extends Test {
  readonly kind: 'http'
  readonly request: HttpRequest
  /** Accepted, one at least. */
  readonly statuses: readonly number[]
  readonly json: readonly CompiledComparison[]
  readonly text: string | null
  readonly latencyMs: number | null
  /** What no text of ours may quote, be it out of an answer. */
  readonly secrets: readonly string[]
}

export interface CommandTest extends Test {
  readonly kind: 'command'
  readonly command: string
}

export interface SqlTest extends Test {
  readonly kind: 'sql'
  readonly query: VerifyQuery
}

/** One entry of `smoke.checks`, read and found sound. */
export type SmokeTest = HttpTest | CommandTest | SqlTest

/** How often and how long a test is tried. */
export interface Limits {
  /** Counted from the change, for all tests together. */
  readonly warmUpMs: number
  readonly attempts: number
  readonly pauseMs: number
  /** Consecutive ones needed. */
  readonly successes: number
  /** Consecutive ones that end it early; null: only running out of attempts does. */
  readonly failures: number | null
}

/**
 * What one attempt showed. `no-answer`: no application spoke, which within the warm-up says nothing; `not-checked`: it can't be asked at all.
 */
export interface Attempt {
  readonly verdict: 'passed' | 'failed' | 'no-answer' | 'not-checked'
  readonly actual: string
  readonly reason?: string
}
