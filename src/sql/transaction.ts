import { isConcurrent } from './concurrent.ts'
import { doesEndTransaction, statementsInDoBlock } from './do-block.ts'
import { type TransactionControl, transactionControl } from './transaction-control.ts'
import { listedName } from './tree/name.ts'
import { membersOf, readByType, typeOf } from './tree/node.ts'
import { booleanOption, optionOf } from './tree/option.ts'
import type { ByType, FieldsOf, IntoClause, VariableSetStmt } from './tree/types.ts'
import type { Node, TransactionNeed } from './types.ts'

/**
 * How a statement stands to transaction blocks, from its parse tree alone: the calls of PreventInTransactionBlock() and
 * RequireTransactionBlock() in PostgreSQL 14 to 18. What only the catalog knows (whether a table is partitioned, a subscription has a
 * slot) is said in `unless`, or taken the safe way.
 */
export function transactionNeed(node: Node): TransactionNeed {
  const control = transactionControl(node)
  if (control !== null) return CONTROLS[control.verb]
  const concurrently = isConcurrent(node) ? CONCURRENTLY[typeOf(node)] : undefined
  return concurrently === undefined ? (readByType(RULES, node) ?? ANY) : none(concurrently)
}

const ANY: TransactionNeed = { type: 'any' }

function none(why: string): TransactionNeed {
  return { type: 'none', why: `${why} can't run inside a transaction block` }
}

function needs(why: string): TransactionNeed {
  return { type: 'needs', why }
}

const CONTROLS: Readonly<Record<TransactionControl['verb'], TransactionNeed>> = {
  begin: { type: 'begin' },
  commit: { type: 'commit' },
  rollback: { type: 'rollback' },
  savepoint: needs('A savepoint lives inside a transaction'),
  release: needs('A savepoint lives inside a transaction'),
  'rollback to': needs('A savepoint lives inside a transaction'),
  prepare: needs('PREPARE TRANSACTION ends the transaction it stands in'),
  'commit prepared': none('COMMIT PREPARED'),
  'rollback prepared': none('ROLLBACK PREPARED'),
}

/** What allows no transaction when it is concurrent; REFRESH … CONCURRENTLY does. */
const CONCURRENTLY: Readonly<Record<string, string>> = {
  AlterTableStmt: 'ALTER TABLE … DETACH PARTITION … CONCURRENTLY',
  DropStmt: 'DROP INDEX CONCURRENTLY',
  IndexStmt: 'CREATE INDEX CONCURRENTLY',
  ReindexStmt: 'REINDEX CONCURRENTLY',
}

const RULES: ByType<TransactionNeed> = {
  AlterDatabaseStmt: (fields) =>
    optionOf(fields.options, 'tablespace') ? none('ALTER DATABASE … SET TABLESPACE') : ANY,
  AlterSubscriptionStmt: alterSubscription,
  AlterSystemStmt: () => none('ALTER SYSTEM'),
  CallStmt: call,
  ClusterStmt: (fields) =>
    fields.relation === undefined
      ? none('CLUSTER of all tables')
      : { type: 'any', unless: 'CLUSTER of a partitioned table (PostgreSQL 15 and later)' },
  ConstraintsSetStmt: () => needs('SET CONSTRAINTS lasts until the transaction ends'),
  CopyStmt: (fields) =>
    booleanOption(fields.options, 'freeze')
      ? needs('COPY … FREEZE works only in the transaction that created or truncated the table')
      : ANY,
  CreateStmt: (fields) => temporaryTable(fields.oncommit),
  CreateSubscriptionStmt: createSubscription,
  CreateTableAsStmt: (fields) => temporaryTable(fields.into?.onCommit),
  CreateTableSpaceStmt: () => none('CREATE TABLESPACE'),
  CreatedbStmt: () => none('CREATE DATABASE'),
  DeclareCursorStmt: (fields) =>
    ((fields.options ?? 0) & CURSOR_OPT_HOLD) === 0
      ? needs('A cursor without HOLD lasts until the transaction ends')
      : ANY,
  DiscardStmt: (fields) => (fields.target === 'DISCARD_ALL' ? none('DISCARD ALL') : ANY),
  DoStmt: doBlock,
  // Allowed when the subscription has no slot, which only the catalog knows: outside a transaction it always works.
  DropSubscriptionStmt: () => none('DROP SUBSCRIPTION with a replication slot'),
  DropTableSpaceStmt: () => none('DROP TABLESPACE'),
  DropdbStmt: () => none('DROP DATABASE'),
  LockStmt: () => needs('LOCK TABLE holds its lock until the transaction ends'),
  ReindexStmt: reindex,
  VacuumStmt: (fields) => (fields.is_vacuumcmd === true ? none('VACUUM') : ANY),
  VariableSetStmt: setVariable,
}

/** nodes/parsenodes.h */
const CURSOR_OPT_HOLD = 0x0020

/** A slot is made unless connect or create_slot says no; making one can't be rolled back. */
function createSubscription({ options }: FieldsOf<'CreateSubscriptionStmt'>): TransactionNeed {
  const connects = booleanOption(options, 'connect', true)
  return booleanOption(options, 'create_slot', connects)
    ? none('CREATE SUBSCRIPTION that creates a replication slot')
    : ANY
}

/** SET (failover) alters the slot since 17, SET (two_phase = false) since 18. */
function alterSubscription({ kind, options }: FieldsOf<'AlterSubscriptionStmt'>): TransactionNeed {
  switch (kind) {
    case 'ALTER_SUBSCRIPTION_REFRESH':
      return none('ALTER SUBSCRIPTION … REFRESH PUBLICATION')
    case 'ALTER_SUBSCRIPTION_SET_PUBLICATION':
    case 'ALTER_SUBSCRIPTION_ADD_PUBLICATION':
    case 'ALTER_SUBSCRIPTION_DROP_PUBLICATION':
      return booleanOption(options, 'refresh', true) ? none('ALTER SUBSCRIPTION with refresh') : ANY
    case 'ALTER_SUBSCRIPTION_OPTIONS':
      return optionOf(options, 'failover') || !booleanOption(options, 'two_phase', true)
        ? none('ALTER SUBSCRIPTION … SET that alters the replication slot')
        : ANY
    default:
      return ANY
  }
}

function reindex({ kind }: FieldsOf<'ReindexStmt'>): TransactionNeed {
  switch (kind) {
    case 'REINDEX_OBJECT_SCHEMA':
      return none('REINDEX SCHEMA')
    case 'REINDEX_OBJECT_SYSTEM':
      return none('REINDEX SYSTEM')
    case 'REINDEX_OBJECT_DATABASE':
      return none('REINDEX DATABASE')
    default:
      return { type: 'any', unless: 'REINDEX of a partitioned table or index' }
  }
}

function temporaryTable(onCommit: IntoClause['onCommit']): TransactionNeed {
  switch (onCommit) {
    case 'ONCOMMIT_DROP':
      return needs('ON COMMIT DROP takes the table away when the transaction ends')
    case 'ONCOMMIT_DELETE_ROWS':
      return needs('ON COMMIT DELETE ROWS empties the table when the transaction ends')
    default:
      return ANY
  }
}

function setVariable({ kind, name, is_local: isLocal }: VariableSetStmt): TransactionNeed {
  if (isLocal === true) return needs('SET LOCAL lasts until the transaction ends')
  const setsTransaction =
    kind === 'VAR_SET_MULTI' && (name === 'TRANSACTION' || name === 'TRANSACTION SNAPSHOT')
  return setsTransaction ? needs('SET TRANSACTION speaks of the current transaction') : ANY
}

/** A DO block that calls a procedure commits when the procedure does. */
function doBlock(fields: FieldsOf<'DoStmt'>): TransactionNeed {
  const node = { DoStmt: fields }
  if (doesEndTransaction(node)) return { type: 'may-commit', certain: true }
  const [called] = membersOf(statementsInDoBlock(node), 'CallStmt')
  return called === undefined ? ANY : call(called)
}

function call({ funccall }: FieldsOf<'CallStmt'>): TransactionNeed {
  return { type: 'may-commit', certain: false, procedure: listedName(funccall?.funcname) }
}
