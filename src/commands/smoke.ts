import { compileSmoke, type SmokePlan } from '../checks/smoke/compile.ts'
import { type Rounds, roundsOf, type Telling } from '../checks/smoke/rounds.ts'
import type { Askers } from '../checks/smoke/run-test.ts'
import { StepFailure } from '../deploy/failure.ts'
import type { Run } from '../deploy/run.ts'
import { Cancelled, stopIfAsked } from '../deploy/stop/cancellation.ts'
import { askCancellable } from '../deploy/stop/cancelling.ts'
import { requestHttp } from '../host/http.ts'
import { runShell } from '../host/shell.ts'
import type { VerifyQuery } from '../plan/types.ts'
import { ServerError } from '../postgres/server-error.ts'
import type { SmokeResult, Verification } from '../report/types.ts'
import { runVerifyScript } from '../verify/verify-script.ts'
import type { CommandContext } from './context.ts'
import type { Task } from './decide.ts'
import { withStopSignal } from './stop-signal.ts'

/** A test that is tried again says so this often. */
const waitingEveryMs = 5_000

/**
 * The run with the smoke tests that airlock.yml asks for, after they have been made for the first time: what fails before the first change
 * won't condemn it. Where an earlier run has begun to change the database there is no "before" any more, and every failure counts.
 */
export async function withSmokeTests(
  context: CommandContext,
  run: Run,
  tasks: readonly Task[],
): Promise<Run> {
  const plan = compileSmoke(context.gates.smoke)
  const severity = context.gates.criteria['smoke-tests']
  const last = tasks.at(-1)?.planned.version
  if (plan === null || severity === 'off' || last === undefined) return run
  let version = tasks[0]?.planned.version ?? last
  const rounds = roundsOf(
    plan,
    askersOf(run, () => version),
    tellingOf(context),
  )
  if (tasks.every(({ action }) => action === 'apply')) {
    const title = 'Smoke tests before the first change'
    run.emit({ type: 'phase', title })
    await withStopSignal(run.cancellation, (signal) =>
      rounds.make({ when: 'before', severity }, signal),
    )
    run.emit({ type: 'phase-finished', title, judged: [...context.report.smoke] })
  } else {
    context.report.warnings.push(
      'An earlier run began to change the database: how the smoke tests stood before it is not known, so each that fails counts.',
    )
  }
  return {
    ...run,
    smoke: {
      areDueAfter: (applied) => plan.when === 'each-migration' || applied === last,
      async runAfter(applied) {
        version = applied
        await pass(run, rounds, plan, applied, severity)
      },
    },
  }
}

async function pass(
  run: Run,
  rounds: Rounds,
  { when }: SmokePlan,
  version: string,
  severity: 'fail' | 'warn',
): Promise<void> {
  const moment =
    when === 'end'
      ? ({ when: 'end', severity } as const)
      : ({ when: 'after-migration', version, severity } as const)
  const condemned = await withStopSignal(run.cancellation, (signal) => rounds.make(moment, signal))
  stopIfAsked(run.cancellation)
  if (condemned !== null) throw failureOf(condemned)
}

function failureOf({ name, expected, actual, reason, attempts }: SmokeResult): StepFailure {
  const tries = attempts === 1 ? '' : ` (${attempts} attempts)`
  return new StepFailure({
    message: `smoke test ${name}: expected ${expected}, found ${actual}${tries}`,
    why: 'The application does not work with the database as this migration leaves it.',
    fix: 'Look into the application’s log; deploy code that works with both schemas first. If the test asks for too much, change it in airlock.yml (smoke.checks).',
    ...(reason === undefined ? {} : { detail: reason }),
  })
}

function tellingOf({ emit, report }: CommandContext): Telling {
  let toldAt = 0
  return {
    result(result) {
      report.smoke.push(result)
      emit({ type: 'smoke-tested', result })
      toldAt = 0
    },
    waiting({ name }, found, attempts, elapsedMs) {
      if (Date.now() - toldAt < waitingEveryMs) return
      toldAt = Date.now()
      emit({ type: 'smoke-waiting', name, attempts, elapsedMs, found })
    },
  }
}

function askersOf(run: Run, version: () => string): Askers {
  return {
    http: requestHttp,
    command: (command, signal) => runShell(command, { signal, redact: run.redact }),
    redact: run.redact,
    sql: (query, timeoutMs) => askDatabase(run, version(), query, timeoutMs),
  }
}

/** On the worker, set up anew: as the migrations' role, and a request to stop cancels it. Null: the connection was lost, or the run is to stop. */
async function askDatabase(
  run: Run,
  version: string,
  query: VerifyQuery,
  timeoutMs: number,
): Promise<Verification | null> {
  try {
    await run.connections.prepareWorker(version)
    const options = {
      lockTimeout: Math.min(run.settings.lockTimeout, timeoutMs),
      statementTimeout: timeoutMs,
    }
    const [verification] = await askCancellable(run, () =>
      runVerifyScript(run.connections.worker, [query], options),
    )
    return verification ?? null
  } catch (error) {
    if (error instanceof Cancelled) return null
    if (error instanceof ServerError && error.lost) return null
    throw error
  }
}
