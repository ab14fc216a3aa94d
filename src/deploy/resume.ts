import type { JournalStep } from '../journal/state.ts'
import { isDetachPending, readIndexes, readOids, readRebuildLeftovers } from '../observe/oids.ts'
import type { Step } from '../plan/types.ts'
import { quoteName } from '../sql/identifier.ts'
import type { Effect } from '../sql/types.ts'
import { verifyExpectations } from '../verify/expectations.ts'
import { UnknownFate } from './failure.ts'
import type { MigrationRun } from './migration-run.ts'
import type { Run } from './run.ts'

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
): Promise<'done' | 'run'> {
  await dropUnfinishedIndexes(run, step, interrupted)
  await finishDetach(run, step)
  const rebuilt = step.statements.some(({ statement }) =>
    statement.effects.some(({ op }) => op === 'reindex'),
  )
  if (rebuilt) {
    await dropRebuildLeftovers(run, interrupted)
    return (await wasRebuilt(run, step, interrupted)) ? 'done' : 'run'
  }
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
async function dropUnfinishedIndexes(
  run: Run,
  step: Step,
  interrupted: JournalStep,
): Promise<void> {
  const { worker } = run.connections
  const created = step.statements.flatMap(({ statement }) => statement.effects.filter(createsIndex))
  for (const { object } of created) {
    if (object.name === null) continue
    const name = quoteName({
      schema: object.schema ?? object.table?.schema ?? null,
      name: object.name,
    })
    if (interrupted.before?.oids[name] !== null) continue
    const [index] = await readIndexes(worker, [name])
    if (index !== undefined && !index.valid) {
      await worker.simple(`drop index concurrently if exists ${name}`)
    }
  }
}

/** DETACH … CONCURRENTLY works in two transactions; cut off between them, the partition is pending and nothing but FINALIZE goes on. */
async function finishDetach(run: Run, step: Step): Promise<void> {
  const { worker } = run.connections
  for (const { op, object, partition } of step.statements.flatMap(
    ({ statement }) => statement.effects,
  )) {
    if (op !== 'detach' || partition === undefined || object.name === null) continue
    const parent = quoteName({ schema: object.schema, name: object.name })
    const name = quoteName(partition)
    if (await isDetachPending(worker, parent, name)) {
      await worker.simple(`alter table ${parent} detach partition ${name} finalize`)
    }
  }
}

/** What a REINDEX CONCURRENTLY left when it was cut off: indexes named …_ccnew or …_ccold that were not there before. */
async function dropRebuildLeftovers(run: Run, interrupted: JournalStep): Promise<void> {
  const { worker } = run.connections
  const names = Object.keys(interrupted.before?.oids ?? {})
  const known = interrupted.before?.leftovers ?? []
  for (const { oid, name } of await readRebuildLeftovers(worker, names)) {
    if (!known.includes(oid)) await worker.simple(`drop index concurrently if exists ${name}`)
  }
}

const createsIndex = (effect: Effect) => effect.op === 'create' && effect.object.kind === 'index'

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
