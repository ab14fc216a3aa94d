import type { BatchProgress } from '../../journal/state.ts'
import type { PlannedStatement, Step } from '../../plan/types.ts'
import type { BatchDirective } from '../../runbook/types.ts'
import { quoteIdentifier, quoteName } from '../../sql/identifier.ts'
import { withInclusiveStart } from '../../sql/key-range.ts'
import { parseSql } from '../../sql/parser.ts'
import { StepFailure } from '../failure.ts'
import type { Run } from '../run.ts'

/** Live writers add rows behind the walk; after this many walks somebody must look. */
const mostPasses = 20

/** A batched statement as its step says it. */
export interface Batch {
  readonly planned: PlannedStatement
  readonly directive: BatchDirective
  readonly table: string
  readonly key: string
}

/** Errors: Error where the step is none. */
export function batchOf(step: Step): Batch {
  const planned = step.statements[0]
  const directive = planned?.directives.batch
  const effect = planned?.statement.effects.find(({ op }) =>
    ['update', 'delete', 'insert'].includes(op),
  )
  const object =
    effect?.op === 'insert' ? effect.uses?.find(({ kind }) => kind === 'table') : effect?.object
  if (planned === undefined || directive === undefined || object?.name == null) {
    throw new Error(`step ${step.ordinal} is no batch`)
  }
  const key = directive.key.map(quoteIdentifier).join(', ')
  const table = quoteName({ schema: object.schema, name: object.name })
  return { planned, directive, table, key }
}

/** Ranges never reach a row without a key: it would stay undone without a word, if not today then tomorrow. */
export async function refuseNullableKey(run: Run, { table, directive }: Batch): Promise<void> {
  const result = await run.connections.worker.query(
    `select attname from pg_catalog.pg_attribute where attrelid = pg_catalog.to_regclass($1) and attname = any ($2) and not attnotnull`,
    [table, directive.key],
  )
  const nullable = result.rows.map(([name]) => name)
  if (nullable.length === 0) return
  throw new StepFailure({
    message: `The key of a batch may be null: ${nullable.join(', ')} of ${table}`,
    why: 'Ranges of a key never reach rows whose key is null: they would stay undone without a word.',
    fix: 'Choose a key of columns that are NOT NULL, the primary key as a rule.',
    where: directive.where,
  })
}

/** Keys of one batch, each column as text. */
export interface Range {
  /** Lower key, itself included only in the first range of a walk. */
  readonly low: readonly string[]
  readonly high: readonly string[]
  readonly inclusive: boolean
}

/** The next `size` rows that are to do, as a range of keys; null when the walk has reached the end. */
export async function nextRange(
  run: Run,
  batch: Batch,
  progress: BatchProgress,
): Promise<Range | null> {
  const { key, directive, table } = batch
  const from = progress.key
  const marks = directive.key.map((_, index) => `$${index + 1}`).join(', ')
  // Qualified: a bare name would mean the output column, and sort by text.
  const ascending = directive.key.map((name) => `batch.${quoteIdentifier(name)}`).join(', ')
  const descending = directive.key.map((name) => `batch.${quoteIdentifier(name)} desc`).join(', ')
  const asText = directive.key.map((name) => `${quoteIdentifier(name)}::pg_catalog.text`).join(', ')
  const beyond = from === null ? '' : `and (${key}) > (${marks})`
  const keys = `select ${key} from ${table} where (${directive.todo}) ${beyond} order by ${key} limit ${directive.size}`
  const last = await run.connections.worker.query(
    `select ${asText} from (${keys}) as batch order by ${descending} limit 1`,
    from ?? [],
  )
  const high = last.rows[0]
  if (high === undefined) return null
  if (from !== null) return { low: from, high: wholeKey(high), inclusive: false }
  const first = await run.connections.worker.query(
    `select ${asText} from (${keys}) as batch order by ${ascending} limit 1`,
  )
  return { low: wholeKey(first.rows[0] ?? high), high: wholeKey(high), inclusive: true }
}

function wholeKey(row: readonly (string | null)[]): string[] {
  return row.map((value) => {
    if (value !== null) return value
    throw new StepFailure({
      message: 'The key of a batch is null',
      why: 'Ranges of a key never reach rows whose key is null: they would stay undone without a word.',
      fix: 'Choose a key of columns that are NOT NULL.',
    })
  })
}

/** Where the next walk over the table begins. Errors: StepFailure after too many. */
export function nextPass(progress: BatchProgress, batch: Batch): BatchProgress {
  if (progress.pass >= mostPasses) {
    throw new StepFailure({
      message: `Rows are still to do after ${mostPasses} walks over ${batch.table}`,
      why: 'New rows that are to do keep arriving behind the walk, or the statement does not do what todo asks for.',
      fix: 'Have a default or a trigger cover new rows first, and check that the statement makes its todo predicate false.',
      where: batch.directive.where,
    })
  }
  return { ...progress, key: null, pass: progress.pass + 1 }
}

/** The statement as it is sent for a range: the first of a walk includes its lower key. */
export function textFor(batch: Batch, range: Range): string {
  const { text } = batch.planned.statement
  if (!range.inclusive) return text
  const node = parseSql(text)[0]?.node
  return node === undefined ? text : withInclusiveStart(text, node, batch.directive.key)
}
