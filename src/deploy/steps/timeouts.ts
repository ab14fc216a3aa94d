import type { Step } from '../../plan/types.ts'
import type { FileDirectives, Settings, StatementDirectives } from '../../runbook/types.ts'
import { quoteLiteral } from '../../sql/identifier.ts'
import { sessionSettings } from '../../sql/setting.ts'
import type { Statement } from '../../sql/types.ts'
import type { Run } from '../run.ts'
import type { WaitLimits } from '../waits/wait-tally.ts'

/** The two timeouts that a step runs under, in milliseconds. */
export interface Timeouts {
  readonly lock_timeout: number
  readonly statement_timeout: number
}

/**
 * The two budgets: a short one for what may block the application, a long one (`concurrent-timeout`, in place of both) for concurrent
 * builds, VALIDATE and VACUUM, which wait for others without anybody waiting for them. A directive at the statement wins over the file's,
 * the file's over the settings.
 */
export function timeoutsOf(
  step: Step,
  settings: Settings,
  file: FileDirectives,
  statement: StatementDirectives | undefined,
): Timeouts {
  if (step.budget === 'long') {
    const budget =
      statement?.concurrentTimeout ?? file.concurrentTimeout ?? settings.concurrentTimeout
    return {
      lock_timeout: statement?.lockTimeout ?? budget,
      statement_timeout: statement?.statementTimeout ?? budget,
    }
  }
  return {
    lock_timeout: statement?.lockTimeout ?? file.lockTimeout ?? settings.lockTimeout,
    statement_timeout:
      statement?.statementTimeout ?? file.statementTimeout ?? settings.statementTimeout,
  }
}

/**
 * How long a statement may wait, and let others wait. Waiting for snapshots, which keeps nobody waiting, may take as long as the budget says; but
 * nobody of the application stands behind our request for longer than the short lock-timeout, whatever the budget.
 */
export function waitLimitsOf(
  step: Step,
  settings: Settings,
  file: FileDirectives,
  statement: StatementDirectives | undefined,
): WaitLimits {
  const totalMs = timeoutsOf(step, settings, file, statement).lock_timeout
  const short = statement?.lockTimeout ?? file.lockTimeout ?? settings.lockTimeout
  return { totalMs, queuedMs: Math.min(totalMs, short), heldMs: settings.blockTimeout }
}

/** Which timeouts the file itself has SET for its session: they hold until its end and are not ours to change. */
export function timeoutsSetBy(statements: readonly Statement[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { name, kind, local } of statements.flatMap(({ node }) => sessionSettings(node))) {
    if (local) continue
    if (kind !== 'reset') names.add(name ?? '')
    else if (name === null) names.clear()
    else names.delete(name)
  }
  return names
}

/**
 * After a statement that may have taken the timeouts away, they are set again: RESET ALL and DISCARD ALL give them back to what the session
 * began with, which may be none at all; a function or EXECUTE, whose SQL the parse doesn't show, may have set them to 0.
 */
export async function keepTimeouts(
  { connections }: Run,
  statement: Statement,
  wanted: Timeouts,
): Promise<void> {
  const { worker } = connections
  if (sessionSettings(statement.node).some(({ name, kind }) => kind === 'reset' && name === null)) {
    await connections.restoreWorker(statement.kind === 'DISCARD ALL' ? 'all' : 'all but role')
    await worker.simple(setTimeouts(wanted, null, new Set()))
  } else if (statement.effects.some(({ op }) => op === 'unknown')) {
    await worker.simple(againWhereNone(wanted))
  }
}

function againWhereNone(wanted: Timeouts): string {
  const values = Object.entries(wanted).map(
    ([name, value]) => `(${quoteLiteral(name)}, ${quoteLiteral(`${value}ms`)})`,
  )
  return `select pg_catalog.set_config(name, value, false) from (values ${values.join(', ')}) as wanted (name, value)
where pg_catalog.current_setting(name) = '0'`
}

/** `set …;` for each timeout that differs from what the session has; empty when none does. */
export function setTimeouts(
  wanted: Timeouts,
  had: Timeouts | null,
  own: ReadonlySet<string>,
): string {
  return timeoutStatements(wanted, had, own)
    .map((statement) => `${statement};`)
    .join(' ')
}

/** The same, each by itself. */
export function timeoutStatements(
  wanted: Timeouts,
  had: Timeouts | null,
  own: ReadonlySet<string>,
): string[] {
  return (['lock_timeout', 'statement_timeout'] as const)
    .filter((name) => !own.has(name) && wanted[name] !== had?.[name])
    .map((name) => `set ${name} = ${quoteLiteral(`${wanted[name]}ms`)}`)
}
