import type { BatchProgress, JournalStep } from '../journal/state.ts'
import {
  inTransaction,
  journalPrologue,
  migrationApplied,
  migrationBegun,
  stepDone,
  stepProgress,
} from '../journal/write.ts'
import { countersQuery, readCounters, rowEffects } from '../observe/row-effects.ts'
import type { PlannedStatement, Step } from '../plan/types.ts'
import type { RowEffect } from '../report/types.ts'
import type { BatchDirective } from '../runbook/types.ts'
import { quoteIdentifier, quoteName } from '../sql/identifier.ts'
import { withInclusiveStart } from '../sql/key-range.ts'
import { parseSql } from '../sql/parser.ts'
import { pauseUnlessAsked } from './cancellation.ts'
import { whileCancellable } from './cancelling.ts'
import { holdsDisk } from './disk-looker.ts'
import { executeTogether } from './execute.ts'
import { describeFailure, StepFailure } from './failure.ts'
import { holdsLock } from './lock-watch.ts'
import {
  addRowEffects,
  type MigrationRun,
  mergeRowEffects,
  migrationFacts,
  type StepEnd,
  stepFacts,
  stepReportOf,
} from './migration-run.ts'
import { judgeRows, judgeWarnings } from './policies.ts'
import { withRetries } from './retry.ts'
import { Cancelled, type Run } from './run.ts'
import { setStepTimeouts } from './step-timeouts.ts'
import { waitLimitsOf } from './timeouts.ts'
import { appliedFacts } from './transaction-step.ts'

/** Live writers add rows behind the walk; after this many walks somebody must look. */
const mostPasses = 20

interface Batch {
  readonly planned: PlannedStatement
  readonly directive: BatchDirective
  readonly table: string
  readonly key: string
  /** A COMMIT was sent that is not answered yet. */
  committing: boolean
}

/**
 * One statement repeated over ranges of a key, each range a transaction with its journal row, until a walk over the whole table finds
 * nothing left to do. A killed run goes on at the key that it had committed last.
 */
export async function runBatchStep(
  run: Run,
  migration: MigrationRun,
  step: Step,
  interrupted: JournalStep | undefined,
): Promise<StepEnd> {
  const batch = batchOf(step)
  let progress = interrupted?.progress ?? { key: null, pass: 1, batches: 0, rows: 0 }
  // What the batches of an earlier run changed counts too: it is kept when the migration is undone.
  const effects: RowEffect[] = [...(interrupted?.rowEffects ?? [])]
  const started = Date.now()
  const report = stepReportOf(migration.report, step)
  try {
    await setStepTimeouts(run, migration, step)
    await refuseNullableKey(run, batch)
    while (true) {
      if (run.cancellation.requested) throw new Cancelled()
      holdsLock(run.lock)
      await holdsDisk(run, 'when-due')
      const from = progress
      const end = await withRetries(run, migration.retries, report, () =>
        attemptRange(run, migration, step, batch, from, effects),
      )
      if (end.ended === 'failed') return failed(migration, effects, progress, end)
      if (end.next === null) {
        if (progress.key === null) break
        progress = nextPass(progress, batch)
        continue
      }
      progress = end.next
      report.batches = progress.batches
      run.emit({
        type: 'still-running',
        step: report,
        elapsedMs: Date.now() - started,
        detail: `${progress.rows} rows in ${progress.batches} batches`,
      })
      await pauseUnlessAsked(run.cancellation, batch.directive.pauseMs)
    }
    await journalEnd(run, migration, step, effects, progress, Date.now() - started)
    return { ended: 'done' }
  } catch (error) {
    return failed(migration, effects, progress, await rolledBack(run, migration, batch, error))
  }
}

type Failed = Extract<StepEnd, { ended: 'failed' }>

/** How an attempt at one range ended; `next` is null where the walk has reached the end. */
type RangeEnd = { readonly ended: 'done'; readonly next: BatchProgress | null } | Failed

/** The next range, found and done in one transaction: what fails leaves nothing of this range, and the ranges before it alone. */
async function attemptRange(
  run: Run,
  migration: MigrationRun,
  step: Step,
  batch: Batch,
  from: BatchProgress,
  effects: RowEffect[],
): Promise<RangeEnd> {
  try {
    const range = await whileCancellable(run, () => nextRange(run, batch, from))
    const next =
      range === null ? null : await runRange(run, migration, step, batch, range, from, effects)
    return { ended: 'done', next }
  } catch (error) {
    return rolledBack(run, migration, batch, error)
  }
}

/**
 * What a failed range leaves: nothing, or what nobody knows where the connection was lost as it was committed. Such a batch has its progress in the
 * journal, if it has any: the next run goes on from there.
 */
async function rolledBack(
  run: Run,
  migration: MigrationRun,
  batch: Batch,
  error: unknown,
): Promise<Failed> {
  const known = (await isRolledBack(run)) || !batch.committing
  const described = describeFailure(error, {
    script: migration.planned.script,
    statement: batch.planned.statement,
    version: migration.planned.version,
  })
  return { ended: 'failed', error: described, left: known ? 'nothing' : 'unknown' }
}

/** False where the connection is gone. */
async function isRolledBack(run: Run): Promise<boolean> {
  try {
    await run.connections.worker.simple('rollback')
    return true
  } catch {
    await run.connections.endWorker().catch(() => undefined)
    return false
  }
}

/** The ranges before the failed one were committed, each by itself. */
function failed(
  { report }: MigrationRun,
  effects: readonly RowEffect[],
  progress: BatchProgress,
  { error, left }: Failed,
): Failed {
  addRowEffects(report, effects)
  const kept = progress.batches > 0 ? 'something' : 'nothing'
  return { ended: 'failed', error, left: left === 'nothing' ? kept : left }
}

function batchOf(step: Step): Batch {
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
  return { planned, directive, table, key, committing: false }
}

/** Ranges never reach a row without a key: it would stay undone without a word, if not today then tomorrow. */
async function refuseNullableKey(run: Run, { table, directive }: Batch): Promise<void> {
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

interface Range {
  /** Lower key, itself included only in the first range of a walk. */
  readonly low: readonly string[]
  readonly high: readonly string[]
  readonly inclusive: boolean
}

/** The next `size` rows that are to do, as a range of keys; null when the walk has reached the end. */
async function nextRange(run: Run, batch: Batch, progress: BatchProgress): Promise<Range | null> {
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

function nextPass(progress: BatchProgress, batch: Batch): BatchProgress {
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

async function runRange(
  run: Run,
  migration: MigrationRun,
  step: Step,
  batch: Batch,
  range: Range,
  progress: BatchProgress,
  effects: RowEffect[],
): Promise<BatchProgress> {
  const { worker } = run.connections
  const { statement, directives } = batch.planned
  const limits = waitLimitsOf(step, run.settings, migration.planned.directives, directives)
  batch.committing = false
  const opened = await worker.simple(`begin; ${countersQuery}`)
  const part = { text: textFor(batch, range), values: [...range.low, ...range.high], statement }
  const [result] = await executeTogether(
    run,
    migration.report,
    stepReportOf(migration.report, step),
    [part],
    limits,
    () => undefined,
  )
  const closed = await worker.simple(`set constraints all immediate; ${countersQuery}`)
  const [before, after] = [opened.at(-1), closed.at(-1)]
  const rows = before && after ? rowEffects(readCounters(before), readCounters(after), 'exact') : []
  judgeWarnings(run.settings, migration.report.notices)
  judgeRows(run.settings, rows)
  const next = {
    key: range.high,
    pass: progress.pass,
    batches: progress.batches + 1,
    rows: progress.rows + Number(/\d+$/.exec(result?.tag ?? '')?.[0] ?? 0),
  }
  const begun = migration.begun ? '' : `${migrationBegun(run.key, migrationFacts(migration))};`
  const sums = [...effects]
  mergeRowEffects(sums, rows)
  const row = stepProgress(run.key, migration.planned.version, stepFacts(step), next, sums)
  batch.committing = true
  const results = await worker.simple(`${journalPrologue(run.key)} ${begun} ${row}; commit`)
  batch.committing = false
  if (results.at(-1)?.tag !== 'COMMIT') {
    throw new StepFailure({ message: 'COMMIT of a batch was answered with a rollback' })
  }
  migration.begun = true
  mergeRowEffects(effects, rows)
  return next
}

function textFor(batch: Batch, range: Range): string {
  const { text } = batch.planned.statement
  if (!range.inclusive) return text
  const node = parseSql(text)[0]?.node
  return node === undefined ? text : withInclusiveStart(text, node, batch.directive.key)
}

async function journalEnd(
  run: Run,
  migration: MigrationRun,
  step: Step,
  effects: readonly RowEffect[],
  progress: BatchProgress,
  durationMs: number,
): Promise<void> {
  const { planned, report } = migration
  addRowEffects(report, effects)
  const begun = migration.begun ? '' : `${migrationBegun(run.key, migrationFacts(migration))};`
  const done = stepDone(run.key, planned.version, stepFacts(step), {
    durationMs,
    rowEffects: effects,
    progress,
  })
  const last = step.ordinal === planned.steps.length
  const applied = last
    ? `; ${migrationApplied(planned.version, appliedFacts(run, migration, []))}`
    : ''
  await run.connections.worker.simple(inTransaction(run.key, `${begun} ${done}${applied}`))
  migration.begun = true
}
