import type { Precheck, ViolationQuery } from '../../../plan/prechecks.ts'
import { ServerError } from '../../../postgres/server-error.ts'
import type { Session } from '../../../postgres/types.ts'
import { reading } from './transaction.ts'

/** What the data said. */
export type Answer =
  | {
      readonly counted: number
      /** Each violating row that is shown, as texts, in the order of the labels. */
      readonly examples: readonly (readonly (string | null)[])[]
      readonly asOf: string
    }
  /** Not answered: by the server, or because nothing of the time was left. */
  | { readonly failed: ServerError | null; readonly allowedMs: number }

export interface Limits {
  /** Milliseconds that this question may take. */
  readonly budgetMs: number
  readonly lockTimeoutMs: number
  readonly role: string | null
  readonly examples: number
}

/**
 * Asks one question: it takes ACCESS SHARE on what it reads, and keeps no writer waiting. Rows are read once: those that violate are kept aside by the
 * server, then counted and shown.
 */
export async function ask(
  session: Session,
  query: ViolationQuery,
  { searchPath }: Pick<Precheck, 'searchPath'>,
  { budgetMs, lockTimeoutMs, role, examples }: Limits,
): Promise<Answer> {
  const allowedMs = Math.floor(budgetMs)
  if (allowedMs < 1) return { failed: null, allowedMs: 0 }
  const settings = { role, searchPath, lockTimeoutMs, statementTimeoutMs: allowedMs }
  try {
    return await reading(session, settings, async () => {
      const { rows } = await session.query(countingQuery(query, examples))
      return answerOf(rows)
    })
  } catch (error) {
    if (!(error instanceof ServerError)) throw error
    return { failed: error, allowedMs }
  }
}

/** The count is one column, the time another, then those of the example; without an example they are NULL. */
function countingQuery({ sql, labels }: ViolationQuery, examples: number): string {
  const columns = labels.map((_, place) => `e.s${place + 1}`).join(', ')
  return `WITH violating AS MATERIALIZED (${sql})
    SELECT c.n, pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC', e.found, ${columns}
    FROM (SELECT pg_catalog.count(*) AS n FROM violating) AS c
    LEFT JOIN (SELECT true AS found, v.* FROM violating AS v LIMIT ${examples}) AS e ON true`
}

function answerOf(rows: readonly (readonly (string | null)[])[]): Answer {
  const [count, asOf] = rows[0] ?? []
  return {
    counted: Number(count ?? 0),
    asOf: asOf ?? '',
    examples: rows.filter((row) => row[2] === 't').map((row) => row.slice(3)),
  }
}
