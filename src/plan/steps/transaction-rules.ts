import type { PlanNote } from '../../report/types.ts'
import { transactionControl } from '../../sql/transaction-control.ts'
import type { Script, Statement } from '../../sql/types.ts'
import { refusalAt } from '../refusal-at.ts'
import type { PlannedStatement } from '../types.ts'
import { statementTitle } from './titles.ts'

/** What the plan can be told of the server, so that it cuts no more than it must. */
export interface CompileOptions {
  /** 14 to 18; unknown: what holds for all of them. */
  readonly serverMajor?: number
  /** Whether a procedure's body commits, looked up in the catalog; undefined where that can't be known. */
  readonly procedureCommits?: (procedure: {
    readonly schema: string | null
    readonly name: string
  }) => boolean | undefined
}

/** The file's own transaction: its BEGIN as written, and the statement that opened it (a COMMIT AND CHAIN too). */
export interface OwnTransaction {
  readonly begin: string
  readonly since: Statement
}

/** True when a DO or CALL ends the transaction around it (2D000 inside a block). */
export function commitsItself({ transaction }: Statement, options: CompileOptions): boolean {
  if (transaction.type !== 'may-commit') return false
  if (transaction.certain) return true
  const { procedure } = transaction
  return procedure !== undefined && options.procedureCommits?.(procedure) === true
}

/** True when the statement validates a constraint: a step of its own. */
export function validates({ effects }: Statement): boolean {
  return effects.some(({ op, object }) => op === 'validate' && object.kind === 'constraint')
}

/** Refuses what Postgres wouldn't run, or would run with another meaning, inside a file's own BEGIN … COMMIT. */
export function checkInsideOwn(
  script: Script,
  planned: PlannedStatement,
  own: OwnTransaction,
  options: CompileOptions,
): readonly PlanNote[] {
  const { statement, directives } = planned
  const { where } = statement
  const since = `the transaction begun in line ${own.since.where.line}`
  if (statement.transaction.type === 'begin') {
    throw refusalAt(script, where, {
      what: `BEGIN inside ${since}`,
      why: 'Postgres has no nested transactions: it warns, and the first COMMIT ends them both',
      fix: 'remove one of the two, or use SAVEPOINT',
    })
  }
  if (statement.transaction.type === 'none') {
    throw refusalAt(script, where, {
      what: `${statementTitle(planned)} inside ${since}`,
      why: statement.transaction.why,
      fix: 'remove BEGIN and COMMIT (the file is then cut into transactions where it must be), or move the statement behind COMMIT',
    })
  }
  if (commitsItself(statement, options)) {
    throw refusalAt(script, where, {
      what: `${statement.kind} commits inside ${since}`,
      why: 'a body that commits fails inside a transaction block (2D000)',
      fix: 'move the statement behind COMMIT',
    })
  }
  if (directives.batch !== undefined) {
    throw refusalAt(script, where, {
      what: `a batched statement inside ${since}`,
      why: 'each batch is a transaction of its own',
      fix: 'move the statement behind COMMIT, or remove the batch directive',
    })
  }
  if (!validates(statement)) return []
  const message = `${statementTitle(planned)} runs inside ${since}: the locks taken before it are held through its scan`
  return [{ id: 'validate-in-transaction', severity: 'warning', message, where }]
}

/** Refuses, with `transaction=off`, what means something only in a transaction. */
export function checkOutsideTransaction(script: Script, { statement }: PlannedStatement): void {
  if (statement.transaction.type !== 'needs') return
  throw refusalAt(script, statement.where, {
    what: `${statement.kind} in a file with transaction=off`,
    why: statement.transaction.why,
    fix: 'put BEGIN and COMMIT around the statements that belong together, or remove transaction=off',
  })
}

/** Warns of what a cut takes away from the statements behind it: locks, SET LOCAL, cursors, savepoints. */
export function stateLost(ended: readonly PlannedStatement[], cut: Statement): readonly PlanNote[] {
  return ended.flatMap(({ statement }): PlanNote[] => {
    if (statement.transaction.type !== 'needs') return []
    const verb = transactionControl(statement.node)?.verb
    if (verb === 'release' || verb === 'rollback to') return []
    const message = `what ${statement.kind} does ends with its transaction, before line ${cut.where.line}`
    return [{ id: 'state-lost', severity: 'warning', message, where: statement.where }]
  })
}

/** psql ends with 0 there, and the work is lost. */
export function refuseOpenTransaction(script: Script, { since }: OwnTransaction): never {
  throw refusalAt(script, since.where, {
    what: 'the file ends with its own transaction open',
    why: 'without a COMMIT everything since this line is rolled back, and psql would still exit with 0',
    fix: 'add COMMIT at the end, or remove BEGIN: the file is one transaction anyway',
  })
}
