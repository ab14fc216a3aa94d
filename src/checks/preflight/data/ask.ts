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
 * Asks one question: it takes ACCESS SHARE on what it reads, and keeps no writer waiting. Rows are read once, and those that violate counted as
 * they come: nothing is kept aside, which would fill the server's disk with them.
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

/** The count, the time, and the first of the rows as a JSON array of arrays; NULL without any. */
function countingQuery({ sql, labels }: ViolationQuery, examples: number): string {
  const columns = labels.map((_, place) => `v.s${place + 1}`).join(', ')
  return `SELECT pg_catalog.count(*),
      pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC',
      pg_catalog.json_agg(pg_catalog.json_build_array(${columns})) FILTER (WHERE v.place <= ${examples})
    FROM (SELECT each.*, pg_catalog.row_number() OVER () AS place FROM (${sql}) AS each) AS v`
}

function answerOf(rows: readonly (readonly (string | null)[])[]): Answer {
  const [count, asOf, examples] = rows[0] ?? []
  return {
    counted: Number(count ?? 0),
    asOf: asOf ?? '',
    examples: JSON.parse(examples ?? '[]'),
  }
}
