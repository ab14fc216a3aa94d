import { isConcurrent } from '../../sql/concurrent.ts'
import { quoteIdentifier, quoteName } from '../../sql/identifier.ts'
import type { Effect } from '../../sql/types.ts'
import { objectName } from '../object-words.ts'
import type { PlannedStatement, Step } from '../types.ts'

/** One line that a person understands: 'transaction: 3 statements', 'CREATE INDEX CONCURRENTLY idx_a'. */
export function stepTitle(kind: Step['kind'], statements: readonly PlannedStatement[]): string {
  const [first] = statements
  if (first === undefined) return 'transaction: nothing'
  if (kind === 'batch') return batchTitle(first)
  if (kind === 'statement') return statementTitle(first)
  if (statements.length === 1) {
    const validated = validateTitle(first)
    if (validated !== null) return validated
  }
  return `transaction: ${statements.length} ${statements.length === 1 ? 'statement' : 'statements'}`
}

/** 'CREATE INDEX CONCURRENTLY idx_a', 'VALIDATE CONSTRAINT a on t', 'VACUUM'. */
export function statementTitle({ statement }: PlannedStatement): string {
  const validated = validateTitle({ statement })
  if (validated !== null) return validated
  const words = isConcurrent(statement.node) ? `${statement.kind} CONCURRENTLY` : statement.kind
  const [effect] = statement.effects
  const name = effect === undefined ? '' : subject(effect)
  return name === '' ? words : `${words} ${name}`
}

function validateTitle({ statement }: Pick<PlannedStatement, 'statement'>): string | null {
  const refs = statement.effects.filter(({ op }) => op === 'validate').map(({ object }) => object)
  const [first] = refs
  if (first === undefined) return null
  const names = refs.map(({ name }) => quoteIdentifier(name ?? '?')).join(', ')
  return `VALIDATE CONSTRAINT ${names}${first.table === undefined ? '' : ` on ${quoteName(first.table)}`}`
}

function batchTitle({ statement, directives }: PlannedStatement): string {
  const target = statement.effects.find(({ op }) => writes.has(op))
  const table = target === undefined ? '' : ` of ${subject(target)}`
  return `batched ${statement.kind}${table} by ${(directives.batch?.key ?? []).join(', ')}`
}

const writes: ReadonlySet<Effect['op']> = new Set(['insert', 'update', 'delete'])

function subject({ op, object, partition }: Effect): string {
  if (op === 'detach' && partition !== undefined) return quoteName(partition)
  return objectName(object)
}
