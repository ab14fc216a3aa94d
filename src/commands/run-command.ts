import { describeFailure, refusalReport } from '../deploy/failure.ts'
import { Cancelled } from '../deploy/run.ts'
import { compileQuickly } from '../host/webassembly.ts'
import { explainConnectionFailure } from '../postgres/connection-failure.ts'
import { ServerError } from '../postgres/server-error.ts'
import { exitCodeOf } from '../report/exit-code.ts'
import { Refusal } from '../report/refusal.ts'
import type { Report } from '../report/types.ts'
import { loadParser } from '../sql/parser.ts'
import type { CommandContext } from './context.ts'
import { deploy } from './deploy.ts'
import { plan } from './plan.ts'
import { faultOf } from './refused.ts'
import { rollback } from './rollback.ts'
import { verify } from './verify.ts'

const commands = { plan, deploy, verify, rollback }

/**
 * Runs a command to its end and returns its report, whatever the ending: refused, failed, cancelled, or a fault of our own. `ended` rejects
 * when the run has to end from outside. Never throws.
 */
export async function runCommand(
  context: CommandContext,
  ended: Promise<never> = new Promise(() => {}),
): Promise<Report> {
  const { report, settings } = context
  const started = Date.now()
  try {
    compileQuickly()
    await loadParser()
    await Promise.race([commands[settings.command](context), ended])
    report.exitCode = exitCodeOf(report.outcome, report.command)
  } catch (error) {
    endWith(context, error)
  }
  report.durationMs = Date.now() - started
  return report
}

/** What was thrown decides the ending; whether the target was touched by then decides how serious it is. */
function endWith(context: CommandContext, error: unknown): void {
  const { report } = context
  const changed = report.migrations.some(
    ({ steps, outcome }) =>
      outcome === 'applied' ||
      outcome === 'failed' ||
      steps.some((step) => step.outcome !== 'not-run'),
  )
  if (changed) {
    report.outcome = 'needs-attention'
    // A connection that is lost for good after a failure is not the failure.
    if (error instanceof ServerError && error.lost && report.error !== null) {
      report.warnings.push(`The database could not be asked any more: ${error.message}.`)
      report.exitCode = exitCodeOf(report.outcome, report.command)
      return
    }
    report.error =
      error instanceof Refusal || error instanceof ServerError || error instanceof Cancelled
        ? describeFailure(error, {})
        : faultOf(error)
    report.exitCode = exitCodeOf(report.outcome, report.command)
    return
  }
  report.outcome = error instanceof Cancelled ? 'cancelled' : 'refused'
  const refusal = refusalOf(context, error)
  report.error = refusal === null ? faultOf(error) : refusalReport(refusal)
  report.exitCode = exitCodeOf(report.outcome, report.command, refusal?.exitCode ?? 1)
}

function refusalOf(context: CommandContext, error: unknown): Refusal | null {
  if (error instanceof Refusal) return error
  if (error instanceof Cancelled) {
    return new Refusal({
      what: 'Cancelled on request.',
      why: 'A signal asked the run to stop before it had changed anything.',
      fix: 'Start it again when you want to.',
      exitCode: 1,
    })
  }
  if (!(error instanceof ServerError)) return null
  const explained =
    // Once the target has been met, what the server says is not about connecting.
    context.connection === null || context.report.target !== null
      ? null
      : explainConnectionFailure(error, context.connection)
  return new Refusal({
    ...(explained ?? {
      what: error.message,
      why: `The server answered with SQLSTATE ${error.code}.`,
      fix: error.hint ?? 'Mend what the message says and start again: nothing was changed.',
    }),
    exitCode: 1,
  })
}
