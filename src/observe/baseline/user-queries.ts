import { ServerError } from '../../postgres/server-error.ts'
import { sqlstate } from '../../postgres/sqlstate.ts'
import type { Session } from '../../postgres/types.ts'
import type { BaselineRow, ResultSetReport } from '../../report/types.ts'
import { shorten } from '../../report/visible.ts'
import { type Row, resultDifference } from './difference.ts'
import type { UserQuery } from './plan.ts'
import { askUserQuery, type ReadOnlyOptions } from './read-only.ts'

export interface AskOptions extends ReadOnlyOptions {
  /** Takes secrets out of what the database holds, before it is shortened: half a secret would not be known again. */
  readonly redact: (text: string) => string
}

/** What a query of the user's returned, or why it did not. */
export interface Answer {
  readonly columns: readonly string[]
  readonly rows: readonly Row[]
  /** SQLSTATE and message. */
  readonly error?: string
  readonly forbidden?: true
}

const keptRows = 100
/** A value is a figure or a name, not a document. */
const keptCharacters = 1_000

/**
 * Asks the queries one after the other, each read-only and by itself: one that fails leaves the others their answers.
 * @throws ServerError only when the connection is lost
 */
export async function askAll(
  session: Session,
  queries: readonly UserQuery[],
  limit: number,
  options: AskOptions,
): Promise<Answer[]> {
  const told = (value: string | null) =>
    value === null ? null : shorten(options.redact(value), keptCharacters)
  const answers: Answer[] = []
  for (const { statement } of queries) {
    try {
      const { columns, rows } = await askUserQuery(session, statement, limit, options)
      answers.push({
        columns: columns.map(({ name }) => name),
        rows: rows.slice(0, keptRows).map((row) => row.map(told)),
      })
    } catch (error) {
      if (!(error instanceof ServerError) || error.lost) throw error
      const failed = { columns: [], rows: [], error: `${error.message} (SQLSTATE ${error.code})` }
      const forbidden = error.code === sqlstate.insufficientPrivilege
      answers.push(forbidden ? { ...failed, forbidden } : failed)
    }
  }
  return answers
}

export const askResultSets = (
  session: Session,
  queries: readonly UserQuery[],
  options: AskOptions,
) => askAll(session, queries, keptRows, options)

/** Two rows are asked for: that there is a second one is told. */
export const askProbes = (session: Session, queries: readonly UserQuery[], options: AskOptions) =>
  askAll(session, queries, 2, options)

/** Both answers of each query beside one another; `after` null: it was not asked again. */
export function resultSets(
  queries: readonly UserQuery[],
  before: readonly Answer[],
  after: readonly Answer[] | null,
): ResultSetReport[] {
  return queries.map(({ title, statement }, index) => {
    const [first, second] = [before[index], after?.[index]]
    const error = second?.error ?? first?.error
    const comparable = second !== undefined && error === undefined
    return {
      title,
      where: statement.where,
      columns: second?.columns.length ? second.columns : (first?.columns ?? []),
      before: first?.rows ?? [],
      after: second?.rows ?? null,
      difference: comparable ? resultDifference(first?.rows ?? [], second.rows) : [],
      ...(error === undefined ? {} : { error }),
    }
  })
}

/** The value of each probe before and after. */
export function probeRows(
  queries: readonly UserQuery[],
  before: readonly Answer[],
  after: readonly Answer[] | null,
): BaselineRow[] {
  return queries.map(({ title }, index) => {
    const [first, second] = [singleValue(before[index]), singleValue(after?.[index])]
    const note = second.note ?? first.note
    return {
      name: title,
      before: first.value,
      after: second.value,
      ...(note === undefined ? {} : { note }),
    }
  })
}

function singleValue(answer: Answer | undefined): { value: string | null; note?: string } {
  if (answer === undefined) return { value: null }
  if (answer.error !== undefined) return { value: null, note: answer.error }
  const [row, another] = answer.rows
  if (row === undefined) return { value: null, note: 'the query returned no row' }
  if (row.length !== 1 || another !== undefined) {
    return { value: null, note: 'a probe returns one value: this query returned more' }
  }
  return row[0] == null ? { value: null, note: 'NULL' } : { value: row[0] }
}
