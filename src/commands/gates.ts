import type { CheckSessions, Subject } from '../checks/check.ts'
import { runChecks } from '../checks/check.ts'
import { preflightChecks } from '../checks/preflight/registry.ts'
import { withStaging } from '../checks/staging.ts'
import type { OpenRun } from '../deploy/open.ts'
import { Refusal } from '../report/refusal.ts'
import type { CheckReport } from '../report/types.ts'
import type { CommandContext } from './context.ts'
import type { Task } from './decide.ts'

type Opened = Pick<OpenRun, 'observer' | 'surroundings'>

/**
 * Everything that must hold before the first change.
 *
 * @throws Refusal with exit code 1 when a gate is shut; every check is in the report by then
 */
export async function passGates(
  context: CommandContext,
  open: Opened,
  tasks: readonly Task[],
): Promise<void> {
  refuseFailed(await judgePreflight(context, open, tasks))
}

/** Makes the preflight checks and puts them into the report. */
export async function judgePreflight(
  context: CommandContext,
  open: Opened,
  tasks: readonly Task[],
): Promise<readonly CheckReport[]> {
  const { emit, report } = context
  emit({ type: 'phase', title: 'Preflight checks' })
  const checks = await withStaging(context.staging ?? null, ({ session, failure }) => {
    const sessions: CheckSessions = { target: open.observer, staging: session }
    const subject = {
      ...subjectOf(context, open, tasks),
      ...(failure === null ? {} : { stagingFailure: failure }),
    }
    return runChecks(preflightChecks, sessions, subject, (check) => {
      emit({ type: 'checked', check })
    })
  })
  report.checks.push(...checks)
  return checks
}

function subjectOf(
  { settings, gates, report }: CommandContext,
  { surroundings }: Opened,
  tasks: readonly Task[],
): Subject {
  if (report.target === null) throw new Error('the target is described before it is checked')
  return {
    pending: tasks.map(({ planned }) => planned),
    preflight: gates.preflight,
    settings,
    target: report.target,
    serverMajor: surroundings.serverMajor,
    searchPath: surroundings.searchPath,
    role: settings.role ?? report.target.user,
    now: new Date(),
  }
}

/** The first that failed speaks for all; each stands in the report's first table. */
function refuseFailed(checks: readonly CheckReport[]): void {
  const failed = checks.filter(({ outcome }) => outcome === 'failed')
  const [first] = failed
  if (first === undefined) return
  const { title, expected, actual, reason, fix, where } = first
  const others = failed.length === 1 ? '' : ` (and ${failed.length - 1} more checks failed)`
  throw new Refusal({
    what: `${title}: expected ${expected}, found ${actual}${others}.`,
    ...(where === undefined ? {} : { where }),
    why: reason ?? 'A preflight check failed.',
    fix: fix ?? 'See the table of checks.',
    exitCode: 1,
  })
}
