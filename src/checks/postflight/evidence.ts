import type { Interval } from '../../observe/interval/interval.ts'
import type {
  CheckOutcome,
  CriterionReport,
  RowCountReport,
  SmokeResult,
  Verification,
} from '../../report/types.ts'

/** What the log said since the run began. */
export interface LogFindings {
  /** 'app.log', or the command. */
  readonly source: string
  /** Lines that were read. */
  readonly lines: number
  readonly matches: number
  /** The first of them, shortened. */
  readonly examples: readonly string[]
  /** Why something of it was not read. */
  readonly gap?: string
}

/** All that the seven criteria are judged by. */
export interface Evidence {
  /** Of all applied migrations together, not only this run's. */
  readonly verification: readonly Verification[]
  /** What of it had failed before the first change: drift that is not this run's. */
  readonly failedBefore: readonly Verification[]
  /** Why some applied migrations could not be verified. */
  readonly unverified?: string
  readonly rows: readonly RowCountReport[]
  readonly smoke: readonly SmokeResult[]
  /** Null: airlock.yml names no log. */
  readonly logs: LogFindings | null
  /** How many matching lines are accepted. */
  readonly acceptedLines: number
  /** Null: observe-for is 0. */
  readonly interval: Interval | null
  /** How many times slower a statement may be. */
  readonly slower: number
}

/** How one criterion stands. A `problem` warns or fails, as airlock.yml says. */
export interface Verdict {
  readonly outcome: 'passed' | 'problem' | 'not-checked' | Extract<CheckOutcome, 'warned'>
  readonly expected: string
  readonly actual: string
  /** Always with `problem`, `warned` and `not-checked`. */
  readonly reason?: string
  readonly details?: readonly string[]
}

/** One of the runbook's seven. */
export interface Criterion {
  readonly id: CriterionReport['id']
  /** As the runbook says it. */
  readonly title: string
  /** Pure. */
  judge(evidence: Evidence): Verdict
}
