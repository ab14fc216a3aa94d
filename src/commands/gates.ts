import type { Check, CheckSessions, Subject } from '../checks/check.ts'
import { runChecks } from '../checks/check.ts'
import { preflightChecks } from '../checks/preflight/registry.ts'
import { withStaging } from '../checks/staging.ts'
import type { OpenRun } from '../deploy/connections/open.ts'
import { Refusal } from '../report/refusal.ts'
import type { CheckReport } from '../report/types.ts'
import { judgeSecurity, secure } from './backup-gate.ts'
import type { CommandContext } from './context.ts'
import { dataSessions } from './data-sessions.ts'
import type { Task } from './decide.ts'
import { digestOf } from './digest.ts'

type Opened = Pick<OpenRun, 'observer' | 'surroundings' | 'runId' | 'precheckMs'>

/**
 * Everything that must hold before the first change: preflight, backup, restore point, and then once more what changes from minute to minute.
 *
 * @throws Refusal with exit code 1 when a gate is shut; every check is in the report by then
 */
export async function passGates(
  context: CommandContext,
  open: Opened,
  tasks: readonly Task[],
): Promise<void> {
  const { report } = context
  const checks = await judgePreflight(context, open, tasks)
  if (checks.some(({ outcome }) => outcome === 'failed')) {
    await judgeSecurity(context, open, tasks)
    return refuseFailed(checks)
  }
  const tookTime = await secure(context, open, tasks)
  refuseFailed(report.checks)
  if (tookTime) refuseFailed(await judgeAgain(context, open, tasks))
}

/** After a dump of hours other sessions hold other locks. The new findings stand in the place of the old. */
async function judgeAgain(
  context: CommandContext,
  open: Opened,
  tasks: readonly Task[],
): Promise<readonly CheckReport[]> {
  const { report } = context
  const volatile = preflightChecks.filter((check) => check.volatile === true)
  if (volatile.length === 0) return []
  const title = 'Preflight checks that time may have changed'
  const checks = await judge(context, open, tasks, volatile, title)
  report.checks = replaced(
    report.checks,
    checks,
    volatile.map(({ id }) => id),
  )
  return checks
}

/** Entries of these ids give way to the new ones, where the first of them stood. */
export function replaced(
  before: readonly CheckReport[],
  now: readonly CheckReport[],
  ids: readonly string[],
): CheckReport[] {
  const first = before.findIndex(({ id }) => ids.includes(id))
  const place = first < 0 ? before.length : first
  const kept = (part: readonly CheckReport[]) => part.filter(({ id }) => !ids.includes(id))
  return [...kept(before.slice(0, place)), ...now, ...kept(before.slice(place))]
}

/** Makes the preflight checks and puts them into the report. */
export async function judgePreflight(
  context: CommandContext,
  open: Opened,
  tasks: readonly Task[],
): Promise<readonly CheckReport[]> {
  const { report } = context
  report.planDigest = digestOf(context, tasks)
  const checks = await judge(context, open, tasks, preflightChecks, 'Preflight checks')
  report.checks.push(...checks)
  return checks
}

async function judge(
  context: CommandContext,
  open: Opened,
  tasks: readonly Task[],
  checks: readonly Check[],
  title: string,
): Promise<CheckReport[]> {
  const { emit, staging } = context
  emit({ type: 'phase', title })
  const data = dataSessions(context, open)
  const judged = await withStaging(staging, ({ session, failure }) => {
    const sessions: CheckSessions = { target: open.observer, staging: session, data }
    const subject = {
      ...subjectOf(context, open, tasks),
      ...(failure === null ? {} : { stagingFailure: failure }),
    }
    return runChecks(checks, sessions, subject, (check) => {
      emit({ type: 'checked', check })
    })
  })
  emit({ type: 'phase-finished', title, judged })
  return judged
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
    planDigest: report.planDigest ?? '',
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
