import type { Precheck } from '../../../plan/prechecks.ts'
import type { ServerError } from '../../../postgres/server-error.ts'
import { sqlstate } from '../../../postgres/sqlstate.ts'
import { durationText } from '../../../report/duration-text.ts'
import { visibleLine } from '../../../report/visible.ts'
import { quoteIdentifier } from '../../../sql/identifier.ts'
import type { Finding } from '../../check.ts'
import type { Answer } from './ask.ts'

/** Where the questions were asked, in words: '' for the target itself. */
export interface Source {
  readonly words: string
  readonly role: string
  readonly budgetMs: number
}

/** What the data said of one question, as the report has it. Pure. */
export function judgePrecheck(precheck: Precheck, answer: Answer | null, source: Source): Finding {
  const { derived, where, order } = precheck
  const { title, expected, counted } = derived
  const base = { title, expected, where }
  if (answer === null) return unasked(precheck, base)
  if ('failed' in answer) return unanswered(precheck, answer, source, base)
  const asOf = `as of ${answer.asOf}${source.words}`
  const words = `${answer.counted} ${counted[answer.counted === 1 ? 0 : 1]}, ${asOf}`
  const details = detailsOf(precheck, answer.examples)
  const found = { ...base, actual: words, ...(details.length === 0 ? {} : { details }) }
  if (answer.counted === 0) {
    return order === null || order.kind === 'perhaps'
      ? { ...found, outcome: 'passed' }
      : { ...found, outcome: 'not-checked', reason: order.says }
  }
  if (order !== null) return { ...found, outcome: 'not-checked', reason: order.says }
  return {
    ...found,
    outcome: 'problem',
    reason: `${where.file}:${where.line} would fail on these rows, after everything before it has run.`,
    fix: derived.fix,
  }
}

type Base = Pick<Finding, 'title' | 'expected' | 'where'> & { readonly expected: string }

/** Nothing was asked: because no row can violate it, or because it can't be. */
function unasked({ derived, order }: Precheck, base: Base): Finding {
  if (order?.kind === 'structure') {
    return { ...base, outcome: 'not-checked', actual: 'not asked', reason: order.says }
  }
  if ('holds' in derived) return { ...base, outcome: 'passed', actual: derived.holds }
  const reason = 'unasked' in derived ? derived.unasked : 'it was not asked'
  return { ...base, outcome: 'not-checked', actual: 'not asked', reason }
}

function unanswered(
  { reads, rowSecurity }: Precheck,
  { failed, allowedMs }: Extract<Answer, { failed: ServerError | null }>,
  { role, budgetMs, words }: Source,
  base: Base,
): Finding {
  const open = { ...base, outcome: 'not-checked', actual: 'not known' } as const
  const whole = `preflight.data-budget (${durationText(budgetMs)})`
  if (failed === null) {
    const reason = `the checks before it used up ${whole}`
    return { ...open, reason, fix: 'Raise preflight.data-budget.' }
  }
  const told = `${failed.message} (SQLSTATE ${failed.code})`
  switch (failed.code) {
    case sqlstate.queryCanceled:
      return {
        ...open,
        reason: `it had ${durationText(allowedMs)}, what was left of ${whole}, and was not done: ${told}`,
        fix: 'Raise preflight.data-budget, or give preflight.replica-url.',
      }
    case sqlstate.insufficientPrivilege: {
      const grant = `GRANT SELECT ON ${reads.join(', ')} TO ${quoteIdentifier(role)};`
      const policy = ` Policies hide rows: it also takes ALTER ROLE ${quoteIdentifier(role)} BYPASSRLS.`
      return { ...open, reason: told, fix: rowSecurity ? `${grant}${policy}` : grant }
    }
    case sqlstate.lockNotAvailable:
      return {
        ...open,
        reason: `somebody keeps a table locked: ${told}`,
        fix: 'Run it again later.',
      }
    case sqlstate.serializationFailure:
      return { ...open, reason: `the replica's replay ended it${words}: ${told}` }
    default:
      return { ...open, reason: told }
  }
}

/** '"id" = 17, "ownerId" = 4711' */
function detailsOf(
  { derived }: Precheck,
  examples: readonly (readonly (string | null)[])[],
): readonly string[] {
  if (!('ask' in derived)) return []
  const { labels } = derived.ask
  return examples.map((row) =>
    labels.map((label, place) => `${label} = ${visibleLine(row[place] ?? 'NULL')}`).join(', '),
  )
}
