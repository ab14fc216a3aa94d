import { fieldsOf } from './tree/node.ts'
import { optionOf } from './tree/option.ts'
import { constantText } from './tree/value.ts'
import type { Node } from './types.ts'

export interface TransactionControl {
  readonly verb:
    | 'begin'
    | 'commit'
    | 'rollback'
    | 'savepoint'
    | 'release'
    | 'rollback to'
    | 'prepare'
    | 'commit prepared'
    | 'rollback prepared'
  /** AND CHAIN: a new transaction with the same characteristics begins at once. */
  readonly chain: boolean
}

const verbs: Readonly<Record<string, TransactionControl['verb']>> = {
  TRANS_STMT_BEGIN: 'begin',
  TRANS_STMT_START: 'begin',
  TRANS_STMT_COMMIT: 'commit',
  TRANS_STMT_ROLLBACK: 'rollback',
  TRANS_STMT_SAVEPOINT: 'savepoint',
  TRANS_STMT_RELEASE: 'release',
  TRANS_STMT_ROLLBACK_TO: 'rollback to',
  TRANS_STMT_PREPARE: 'prepare',
  TRANS_STMT_COMMIT_PREPARED: 'commit prepared',
  TRANS_STMT_ROLLBACK_PREPARED: 'rollback prepared',
}

/** What a transaction statement says, or null for any other statement. */
export function transactionControl(node: Node): TransactionControl | null {
  const fields = fieldsOf(node, 'TransactionStmt')
  const verb = verbs[fields?.kind ?? '']
  return verb === undefined ? null : { verb, chain: fields?.chain === true }
}

/** The isolation level that BEGIN or START TRANSACTION names, in lower case; null where it names none. */
export function isolationLevel(node: Node): string | null {
  const options = fieldsOf(node, 'TransactionStmt')?.options
  return constantText(optionOf(options, 'transaction_isolation')?.arg)?.toLowerCase() ?? null
}
