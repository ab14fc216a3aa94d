import type { BackupReport, CheckOutcome, CheckReport } from '../report/types.ts'

type Details = Pick<CheckReport, 'reason' | 'fix' | 'details'>

/** An entry of the group 'backup'. `id` comes after the dot: 'made' → 'backup.made'. */
export function backupCheck(
  id: string,
  title: string,
  outcome: CheckOutcome,
  expected: string,
  actual: string,
  more: Details = {},
): CheckReport {
  const shown = title.slice(0, 1).toUpperCase() + title.slice(1)
  return { id: `backup.${id}`, group: 'backup', title: shown, outcome, expected, actual, ...more }
}

/** A backup is as good as the worst of its proofs; that no drill was asked for takes nothing from the others. */
export function outcomeOf(checks: readonly CheckReport[]): BackupReport['outcome'] {
  const outcomes = checks.filter(({ id }) => id !== 'backup.drill').map(({ outcome }) => outcome)
  const drill = checks.find(({ id }) => id === 'backup.drill')?.outcome
  const all = drill === 'failed' ? [...outcomes, drill] : outcomes
  const worst = (['failed', 'warned', 'not-checked'] as const).find((one) => all.includes(one))
  return worst ?? (all.length === 0 ? 'not-checked' : 'passed')
}
