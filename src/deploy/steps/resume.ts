import type { JournalStep } from '../../journal/state.ts'
import { readIndexes, readOids } from '../../observe/oids.ts'
import type { Step } from '../../plan/types.ts'
import { verifyExpectations } from '../../verify/expectations.ts'
import type { Waiting } from '../concurrent/before-build.ts'
import { wasBuilt } from '../concurrent/built-index.ts'
import { type ConcurrentWork, concurrentWorkOf, nameOf } from '../concurrent/concurrent-work.ts'
import { indexStays } from '../concurrent/invalid-index.ts'
import { clearLeftover, removeRebuildLeftovers } from '../concurrent/leftovers.ts'
import { UnknownFate } from '../failure.ts'
import type { Run } from '../run.ts'
import { stopIfAsked } from '../stop/cancellation.ts'
import { finalizePending } from '../undo/undo-leftovers.ts'
import type { MigrationRun } from './migration-run.ts'
import { setStepTimeouts } from './step-timeouts.ts'

/**
 * A statement that an earlier run began outside a transaction and never ended: its backend is gone, so the catalog now tells the truth.
 * `done` when its effect is there and whole, `run` when it isn't there (an unfinished index of ours is dropped first).
 * Errors: UnknownFate where nothing can tell and the file doesn't say retry=safe.
 */
export async function settleInterrupted(
  run: Run,
  migration: MigrationRun,
  step: Step,
  interrupted: JournalStep,
  waiting: Waiting,
): Promise<'done' | 'run'> {
  await dropUnfinishedIndex(run, migration, step, interrupted, waiting)
  for (const { statement } of step.statements) {
    const work = concurrentWorkOf(statement)
    if (work?.op === 'detach') await finalize(run, migration, step, work, waiting)
  }
  const rebuilt = step.statements.some(({ statement }) =>
    statement.effects.some(({ op }) => op === 'reindex'),
  )
  if (rebuilt) {
    await dropRebuildLeftovers(run, step, interrupted, waiting)
    return (await wasRebuilt(run, step, interrupted)) ? 'done' : 'run'
  }
  if (await wasBuilt(run, step, interrupted.before)) return 'done'
  const held = interrupted.before?.held ?? []
  const verification = await verifyExpectations(
    run.connections.worker,
    step.expectations,
    run.surroundings,
  )
  const telling = verification.filter(
    ({ outcome }, index) => held[index] === false && outcome !== 'not-checked',
  )
  if (telling.length > 0)
    return telling.every(({ outcome }) => outcome === 'passed') ? 'done' : 'run'
  // What was true before is true now: an IF NOT EXISTS that found its object there can be sent again without harm.
  if (verification.length > 0 && isRepeatable(step)) return 'run'
  if (migration.planned.directives.retry === 'safe') return 'run'
  throw new UnknownFate({
    message: `The fate of an interrupted statement can't be known: ${step.title}`,
    why: 'An earlier run was killed while it ran, and nothing in the catalog tells whether it had its effect.',
    fix: 'Find out whether it did. If running it again is harmless, add `-- airlock: retry=safe` to the file; else roll the migration back.',
    ...(step.statements[0] === undefined ? {} : { where: step.statements[0].statement.where }),
  })
}

function isRepeatable(step: Step): boolean {
  return step.statements.every(({ statement }) =>
    statement.effects.every(({ ifExists, ifNotExists }) => ifExists || ifNotExists),
  )
}

/** An INVALID index where there was none before is what an interrupted CREATE INDEX CONCURRENTLY left: ours to drop. */
async function dropUnfinishedIndex(
  run: Run,
  migration: MigrationRun,
  step: Step,
  interrupted: JournalStep,
  waiting: Waiting,
): Promise<void> {
  const [planned] = step.statements
  const work = planned === undefined ? null : concurrentWorkOf(planned.statement)
  if (work?.op !== 'create' || work.object.name === null) return
  if (interrupted.before?.oids[nameOf(work)] !== null) return
  await clearLeftover(run, migration.report, work, waiting, true)
}

/** What a REINDEX CONCURRENTLY left when it was cut off: indexes named …_ccnew or …_ccold that were not there before. */
async function dropRebuildLeftovers(
  run: Run,
  step: Step,
  interrupted: JournalStep,
  { timeoutMs, where }: Waiting,
): Promise<void> {
  const [planned] = step.statements
  const work = planned === undefined ? null : concurrentWorkOf(planned.statement)
  if (work === null) return
  const known = interrupted.before?.leftovers ?? []
  const stays = await removeRebuildLeftovers(run, work, known, timeoutMs)
  if (stays.length === 0) return
  stopIfAsked(run.cancellation)
  throw indexStays('An interrupted rebuild left', stays, where)
}

/** It runs under the short timeouts; what comes after it doesn't. */
async function finalize(
  run: Run,
  migration: MigrationRun,
  step: Step,
  work: ConcurrentWork,
  waiting: Waiting,
): Promise<void> {
  const { report, retries: budget } = migration
  await finalizePending(run, { report, budget }, work, waiting).finally(() => {
    migration.timeouts = null
  })
  await setStepTimeouts(run, migration, step)
}

/** REINDEX CONCURRENTLY swaps in a new index under the old name: another OID means that it happened. */
async function wasRebuilt(run: Run, step: Step, interrupted: JournalStep): Promise<boolean> {
  const before = interrupted.before?.oids ?? {}
  const names = Object.keys(before)
  const now = await readOids(run.connections.worker, names)
  const indexes = await readIndexes(run.connections.worker, names)
  return (
    step.statements.length === 1 &&
    names.length > 0 &&
    indexes.length === names.length &&
    names.every((name) => before[name] !== now[name])
  )
}
