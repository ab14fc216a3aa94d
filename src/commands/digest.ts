import { planDigest } from '../plan/digest.ts'
import { differenceOfDigests, readDigest } from '../plan/digest-difference.ts'
import { counted } from '../report/words.ts'
import type { CommandContext } from './context.ts'
import type { Task } from './decide.ts'

/** The digest of exactly what would run on the target that was met. */
export function digestOf(
  { report, settings }: Pick<CommandContext, 'report' | 'settings'>,
  tasks: readonly Pick<Task, 'planned' | 'action'>[],
): string {
  if (report.target === null) throw new Error('the target is described before the plan is digested')
  return planDigest(tasks, report.target, settings)
}

/**
 * Nothing is pending, though a plan was approved: nothing was run, which is what the outcome says, but not what reviewers expected to happen.
 * It is told as a warning (a second start of the same job must stay harmless), with what differs.
 */
export function warnOfApproved({ report, settings }: CommandContext): void {
  if (settings.planDigest === undefined || settings.planDigest === report.planDigest) return
  const approved = readDigest(settings.planDigest)
  const actual = readDigest(report.planDigest ?? '')
  if (approved === null || actual === null) {
    report.warnings.push(
      'plan-digest is not a digest of this version of pg-airlock; nothing is pending, so nothing was run.',
    )
    return
  }
  const difference = differenceOfDigests(approved, actual)
  if (difference.length === 0) return
  report.warnings.push(
    `The approved plan holds ${counted(approved.migrations.size, 'migration')}, but nothing is pending: nothing was run. ${difference.join(' ')}`,
  )
}
