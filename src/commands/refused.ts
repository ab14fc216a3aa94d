import { refusalReport } from '../deploy/failure.ts'
import { exitCodeOf } from '../report/exit-code.ts'
import { Refusal } from '../report/refusal.ts'
import type { ErrorReport, Report } from '../report/types.ts'

/** Turns what was thrown before anything was changed into the outcome `refused`. */
export function endRefused(report: Report, error: unknown): void {
  report.outcome = 'refused'
  report.error = error instanceof Refusal ? refusalReport(error) : faultOf(error)
  report.exitCode = exitCodeOf(
    report.outcome,
    report.command,
    error instanceof Refusal ? error.exitCode : 1,
  )
}

/** A fault of ours. The stack is what a person reporting it needs. */
export function faultOf(error: unknown): ErrorReport {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return {
    message: `pg-airlock made a mistake: ${error instanceof Error ? error.message : String(error)}`,
    why: 'This is a fault in the program, not in your migrations.',
    fix: 'Please report it with the text below. Start again to find out where the deployment stands.',
    context: stack,
  }
}
