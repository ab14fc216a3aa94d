import type { PlanNote } from '../../report/types.ts'
import type { FileDirectives } from '../../runbook/types.ts'
import { quoteLiteral } from '../../sql/identifier.ts'
import type { Script, Statement } from '../../sql/types.ts'
import type { PlannedStatement, Step } from '../types.ts'
import { type Later, labelUsedLater } from './enum-labels.ts'
import { statementTitle } from './titles.ts'
import {
  type CompileOptions,
  checkOutsideTransaction,
  commitsItself,
  validates,
} from './transaction-rules.ts'

/** Why a statement is a step of its own, of which kind, and why what follows starts another. */
export interface Alone {
  readonly kind: Step['kind']
  readonly why: string
  readonly after: string
}

export interface AloneContext {
  readonly script: Script
  readonly directives: FileDirectives
  readonly options: CompileOptions
  readonly open: readonly PlannedStatement[]
  readonly notes: PlanNote[]
}

/**
 * Why a statement can't share its transaction with others, or null when it can. `open` are the statements
 * of the transaction before it, `later` those after it in the file.
 */
export function reasonToStandAlone(
  context: AloneContext,
  planned: PlannedStatement,
  later: Later,
): Alone | null {
  const { statement, directives } = planned
  const { transaction } = statement
  const after = `${statementTitle(planned)} is a step of its own`
  if (directives.batch !== undefined) {
    return { kind: 'batch', why: 'each batch is a transaction of its own', after }
  }
  if (context.directives.transaction === 'off') {
    checkOutsideTransaction(context.script, planned)
    const why = 'transaction=off: each statement commits by itself'
    return { kind: 'statement', why, after: why }
  }
  if (transaction.type === 'none') return { kind: 'statement', why: transaction.why, after }
  if (commitsItself(statement, context.options)) {
    return { kind: 'statement', why: `${statement.kind} commits by itself (2D000 inside)`, after }
  }
  if (validates(statement)) {
    context.notes.push(...validatedTogether(statement))
    const why = 'so that the locks taken before aren’t held through the scan of VALIDATE CONSTRAINT'
    return { kind: 'transaction', why, after }
  }
  return aloneForLabel(context, planned, later)
}

function aloneForLabel(
  context: AloneContext,
  planned: PlannedStatement,
  later: Later,
): Alone | null {
  const used = labelUsedLater(planned, context.open, later, context.options.serverMajor)
  if (used === null) return null
  const label = quoteLiteral(used.label)
  const why = `the enum value ${label} is used in line ${used.user.where.line}, and can only be used once its ADD VALUE is committed (55P04)`
  context.notes.push({
    id: 'not-atomic',
    severity: 'warning',
    message: `the file is no longer atomic: ${why}, so it is committed together with nothing, what stands before it first`,
    where: planned.statement.where,
  })
  return { kind: 'transaction', why, after: why }
}

function validatedTogether(statement: Statement): readonly PlanNote[] {
  const count = statement.effects.filter(({ op }) => op === 'validate').length
  if (count < 2 && statement.effects.length < 2) return []
  const message =
    count < 2
      ? 'VALIDATE CONSTRAINT shares its statement with other changes: their locks are held through its scan'
      : `${count} constraints are validated by one statement: its locks are held through all scans`
  return [{ id: 'validate-together', severity: 'warning', message, where: statement.where }]
}
