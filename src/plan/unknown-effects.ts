import type { PlanNote } from '../report/types.ts'
import type { Step } from './types.ts'

/** One note a statement whose effects the text doesn't show (EXECUTE, a function call): nothing is expected of them. */
export function unknownEffects(steps: readonly Step[]): readonly PlanNote[] {
  const statements = steps.flatMap((step) => step.statements)
  return statements.flatMap(({ statement }): PlanNote[] => {
    const unknown = statement.effects.filter(({ op }) => op === 'unknown')
    if (unknown.length === 0) return []
    const reasons = [...new Set(unknown.flatMap(({ reason }) => reason ?? []))].join(', ')
    const why = reasons === '' ? '' : ` (${reasons})`
    const message = `${statement.kind}: what it changes can't be derived${why}, so it isn't verified`
    return [{ id: 'unknown-effects', severity: 'info', message, where: statement.where }]
  })
}
