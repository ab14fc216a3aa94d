import type { VerifyQuery } from '../plan/types.ts'
import { ServerError } from '../postgres/server-error.ts'
import { sqlstate } from '../postgres/sqlstate.ts'
import type { Query, Session, TextResult } from '../postgres/types.ts'
import type { Verification } from '../report/types.ts'
import { describeExpectation, type QueryJudgement, queryVerification } from './query/query-table.ts'
import { judgeConditions } from './query/short-form.ts'
import { judgeTable } from './query/table-form.ts'

export interface VerifyScriptOptions {
  /** Milliseconds. */
  readonly lockTimeout: number
  /** Milliseconds, for each query. */
  readonly statementTimeout: number
}

/**
 * Runs the queries of a verify script one by one, in a READ ONLY transaction that is always rolled back, and compares what they return with
 * what is written below them. A query that fails is told with its SQLSTATE; the ones after it run in a new transaction.
 * Row security is off: a policy would hide rows and let a count of violations pass (42501 then makes the query not checked).
 * @throws ServerError when the connection is lost.
 */
export async function runVerifyScript(
  session: Session,
  queries: readonly VerifyQuery[],
  options: VerifyScriptOptions,
): Promise<Verification[]> {
  const verifications: Verification[] = []
  let open = false
  try {
    for (const query of queries) {
      if (!open) await session.simple(begin(options))
      open = true
      const { verification, failed } = await verifyQuery(session, query)
      verifications.push(verification)
      if (!failed) continue
      open = false
      await session.simple('ROLLBACK')
    }
  } finally {
    // Nothing to keep, whatever happened; on a lost connection the server has ended it.
    if (open) await session.simple('ROLLBACK').catch(ignoreLost)
  }
  return verifications
}

/** READ COMMITTED whatever the default is: SERIALIZABLE could fail a query for what others do (40001). */
function begin({ lockTimeout, statementTimeout }: VerifyScriptOptions): string {
  return [
    'BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY',
    `SET LOCAL lock_timeout = ${Math.round(lockTimeout)}`,
    `SET LOCAL statement_timeout = ${Math.round(statementTimeout)}`,
    'SET LOCAL row_security = off',
  ].join('; ')
}

interface QueryVerdict {
  readonly verification: Verification
  /** The transaction is aborted. */
  readonly failed: boolean
}

async function verifyQuery(session: Session, query: VerifyQuery): Promise<QueryVerdict> {
  let result: TextResult | null = null
  try {
    const asked = { text: query.statement.text, keep: keepFor(query) }
    const [answer = { tag: '', columns: [], rows: [] }] = await session.pipeline([asked])
    result = answer
    const judgement = await judge(session, query, result)
    return { verification: queryVerification(query, result, judgement), failed: false }
  } catch (error) {
    const judgement = judgeFailure(query, error)
    return { verification: queryVerification(query, result, judgement), failed: true }
  }
}

/** A query for violations may find as many as there are rows: the runner's memory must not depend on it. */
function keepFor({ expectation }: VerifyQuery): NonNullable<Query['keep']> {
  // One more than expected, so that a result of as many rows is always whole.
  const rows = expectation.form === 'table' ? expectation.rows.length + 1 : 1
  return { rows, bytes: 64 * 1024 * 1024 }
}

async function judge(
  session: Session,
  query: VerifyQuery,
  result: TextResult,
): Promise<QueryJudgement> {
  const { expectation } = query
  return expectation.form === 'table'
    ? judgeTable(query, expectation, result)
    : judgeConditions(session, expectation, result)
}

function judgeFailure({ statement, expectation }: VerifyQuery, error: unknown): QueryJudgement {
  if (!(error instanceof ServerError) || error.lost) throw error
  const { file, line } = statement.where
  // Row security that can't be switched off for this role says so with the same code as a missing privilege.
  const mayNotRead = error.code === sqlstate.insufficientPrivilege
  return {
    expected: describeExpectation(expectation),
    actual: `ERROR ${error.code}`,
    outcome: mayNotRead ? 'not-checked' : 'failed',
    reason: `${file}:${line}: ${error.message} (SQLSTATE ${error.code})`,
  }
}

function ignoreLost(error: unknown): void {
  if (!(error instanceof ServerError && error.lost)) throw error
}
