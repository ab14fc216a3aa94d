import type { BatchProgress, JournalStep } from '../../journal/state.ts'
import { countersQuery, readCounters, rowEffects } from '../../observe/row-effects.ts'
import type { Step } from '../../plan/types.ts'
import type { RowEffect } from '../../report/types.ts'
import { holdsLock } from '../connections/lock-watch.ts'
import { describeFailure } from '../failure.ts'
import { Cancelled, type Run } from '../run.ts'
import { pauseUnlessAsked } from '../stop/cancellation.ts'
import { whileCancellable } from '../stop/cancelling.ts'
import { holdsDisk } from '../waits/disk-looker.ts'
import { type Committing, commitBatch, journalEnd } from './batch-journal.ts'
import {
  type Batch,
  batchOf,
  nextPass,
  nextRange,
  type Range,
  refuseNullableKey,
  textFor,
} from './batch-range.ts'
import { executeTogether, ours } from './execute.ts'
import {
  addRowEffects,
  type MigrationRun,
  mergeRowEffects,
  type StepEnd,
  stepReportOf,
} from './migration-run.ts'
import { judgeRows, judgeWarnings } from './policies.ts'
import { withRetries } from './retry.ts'
import { setStepTimeouts } from './step-timeouts.ts'
import { waitLimitsOf } from './timeouts.ts'

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
  const committing: Committing = { unknown: false }
  try {
    const range = await whileCancellable(run, () => nextRange(run, batch, from))
    const next =
      range === null
        ? null
        : await runRange(run, migration, step, batch, range, from, effects, committing)
    return { ended: 'done', next }
  } catch (error) {
    return rolledBack(run, migration, batch, error, committing)
  }
}

/** What a failed range leaves: nothing, or what nobody knows, where the connection was lost as it was committed and the journal can't be asked either. */
async function rolledBack(
  run: Run,
  migration: MigrationRun,
  batch: Batch,
  error: unknown,
  committing: Committing = { unknown: false },
): Promise<Failed> {
  if (!committing.unknown) await rollBack(run)
  const described = describeFailure(error, {
    script: migration.planned.script,
    statement: batch.planned.statement,
    version: migration.planned.version,
  })
  return { ended: 'failed', error: described, left: committing.unknown ? 'unknown' : 'nothing' }
}

/** Where the connection is gone, so is the transaction, once its backend has noticed. */
async function rollBack(run: Run): Promise<void> {
  try {
    await run.connections.worker.simple('rollback')
  } catch {
    await run.connections.endWorker().catch(() => undefined)
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

/** The range's rows, what its deferred constraints and triggers do, and the counters around them, in one round trip; then its COMMIT. */
async function runRange(
  run: Run,
  migration: MigrationRun,
  step: Step,
  batch: Batch,
  range: Range,
  progress: BatchProgress,
  effects: RowEffect[],
  committing: Committing,
): Promise<BatchProgress> {
  const { statement, directives } = batch.planned
  const limits = waitLimitsOf(step, run.settings, migration.planned.directives, directives)
  const part = { text: textFor(batch, range), values: [...range.low, ...range.high], statement }
  const [, before, result, , after] = await executeTogether(
    run,
    migration.report,
    stepReportOf(migration.report, step),
    [
      ours('begin'),
      ours(countersQuery),
      part,
      ours('set constraints all immediate'),
      ours(countersQuery),
    ],
    limits,
    () => undefined,
  )
  const rows = before && after ? rowEffects(readCounters(before), readCounters(after), 'exact') : []
  judgeWarnings(run.settings, migration.report.notices)
  judgeRows(run.settings, rows)
  const next = {
    key: range.high,
    pass: progress.pass,
    batches: progress.batches + 1,
    rows: progress.rows + Number(/\d+$/.exec(result?.tag ?? '')?.[0] ?? 0),
  }
  const sums = [...effects]
  mergeRowEffects(sums, rows)
  await commitBatch(run, migration, step, next, sums, committing)
  mergeRowEffects(effects, rows)
  return next
}
