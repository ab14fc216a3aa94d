import type { Step } from '../../plan/types.ts'
import { isConcurrent } from '../../sql/concurrent.ts'

/** A statement outside a transaction that comes whole or not at all: when the server says that it failed, it left nothing. */
export function isAtomic({ kind, statements }: Step): boolean {
  return (
    kind === 'statement' &&
    statements.every(
      ({ statement: { node, transaction } }) =>
        !isConcurrent(node) && transaction.type !== 'may-commit',
    )
  )
}
