import { usesLabel } from '../../sql/label-use.ts'
import type { Effect, Statement } from '../../sql/types.ts'
import type { PlannedStatement } from '../types.ts'

/** An enum value that ALTER TYPE … ADD VALUE adds and a later statement of the file uses. */
export interface UsedLabel {
  readonly label: string
  readonly effect: Effect
  readonly user: Statement
}

/** The statements after one, gathered only where they matter: a file may have ten thousands. */
export type Later = () => readonly PlannedStatement[]

/**
 * The first added label that one of `later` uses, or null. A label added in a transaction can't be
 * used in it (55P04), except from 17 on where the same transaction created the type.
 */
export function labelUsedLater(
  { statement }: PlannedStatement,
  open: readonly PlannedStatement[],
  later: Later,
  serverMajor: number | undefined,
): UsedLabel | null {
  for (const effect of addedLabels(statement)) {
    const label = effect.object.name
    if (label === null) continue
    if (serverMajor !== undefined && serverMajor >= 17 && createsTypeOf(open, effect)) continue
    const user = later().find((one) => usesLabel(one.statement.node, one.statement.copyData, label))
    if (user !== undefined) return { label, effect, user: user.statement }
  }
  return null
}

function addedLabels({ effects }: Statement): readonly Effect[] {
  const types = effects.filter(({ op, object }) => op === 'create' && object.kind === 'type')
  return effects.filter(
    (effect) =>
      effect.op === 'create' &&
      effect.object.kind === 'enum value' &&
      !types.some((type) => isTypeOf(type, effect)),
  )
}

function createsTypeOf(statements: readonly PlannedStatement[], label: Effect): boolean {
  return statements.some(({ statement }) =>
    statement.effects.some(
      (effect) =>
        effect.op === 'create' &&
        effect.object.kind === 'type' &&
        !effect.ifNotExists &&
        !effect.guarded &&
        isTypeOf(effect, label),
    ),
  )
}

function isTypeOf({ object }: Effect, label: Effect): boolean {
  const type = label.object.table
  return type !== undefined && type.name === object.name && type.schema === object.schema
}
