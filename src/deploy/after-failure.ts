import type { StepBefore } from '../journal/state.ts'
import { readIndexBeside } from '../observe/index-builds.ts'
import { readDetach, readIndexes, readOids } from '../observe/oids.ts'
import { ServerError } from '../postgres/server-error.ts'
import { sqlstate } from '../postgres/sqlstate.ts'
import type { ErrorReport } from '../report/types.ts'
import { quoteName } from '../sql/identifier.ts'
import { type ConcurrentWork, nameOf, tableOf } from './concurrent-work.ts'
import { duplicateKeys } from './duplicates.ts'
import { removeInvalidIndex, removeRebuildLeftovers, stoppedPatienceMs } from './leftovers.ts'
import type { Left } from './migration-run.ts'
import type { Run } from './run.ts'

/** What a failed statement left, after what it left INVALID was removed where that was possible. */
export interface Aftermath {
  readonly left: Extract<Left, 'nothing' | 'something'>
  /** What is to be said of it beside the server's words. */
  readonly says?: Partial<Pick<ErrorReport, 'detail' | 'fix'>>
}

const something: Aftermath = { left: 'something' }

/**
 * What a failed statement left. Of one that is not concurrent (`work` null) nothing is known here. Where the connection is lost nobody can be asked: the
 * undo, or the next run, finds out.
 */
export async function aftermathOf(
  run: Run,
  work: ConcurrentWork | null,
  before: StepBefore,
  error: unknown,
  budgetMs: number,
): Promise<Aftermath> {
  if (work === null || (error instanceof ServerError && error.lost)) return something
  try {
    return await cleanUp(run, work, before, error, budgetMs)
  } catch (failure) {
    if (!(failure instanceof ServerError)) throw failure
    return something
  }
}

/**
 * Cleans up after a concurrent statement that failed: an INVALID index that wasn't there before is dropped at once, so that the statement can be tried again. `budgetMs`
 * is what is left of its time; somebody who waits after asking the run to stop is not kept longer than three seconds.
 * Errors: ServerError where the connection is lost.
 */
async function cleanUp(
  run: Run,
  work: ConcurrentWork,
  before: StepBefore,
  error: unknown,
  budgetMs: number,
): Promise<Aftermath> {
  const patienceMs = run.cancellation.requested
    ? stoppedPatienceMs
    : Math.max(stoppedPatienceMs, budgetMs)
  switch (work.op) {
    case 'create':
      return afterCreate(run, work, before, error, patienceMs)
    case 'reindex': {
      const known = before.leftovers ?? []
      return leftover(await removeRebuildLeftovers(run, work, known, patienceMs))
    }
    case 'drop':
      return afterDrop(run, work, before)
    case 'detach':
      return afterDetach(run, work)
  }
}

async function afterCreate(
  run: Run,
  work: Extract<ConcurrentWork, { op: 'create' }>,
  before: StepBefore,
  error: unknown,
  patienceMs: number,
): Promise<Aftermath> {
  if (work.object.name === null) return { left: 'something' }
  const found = await readIndexBeside(run.connections.worker, tableOf(work), work.object.name)
  if (found === null || Object.values(before.oids).includes(found.oid)) return { left: 'nothing' }
  if (found.valid) return { left: 'something' }
  const removed = await removeInvalidIndex(run, found.name, patienceMs)
  const violated = error instanceof ServerError && error.code === sqlstate.uniqueViolation
  const keys =
    violated && !run.cancellation.requested
      ? await duplicateKeys(run, work.index, found.table)
      : null
  const { left, says } = leftover(removed === 'left' ? [found.name] : [])
  const detail = [keys, says?.detail].filter((text) => typeof text === 'string').join('; ')
  return { left, says: { ...says, ...(detail === '' ? {} : { detail }) } }
}

function leftover(names: readonly string[]): Aftermath {
  if (names.length === 0) return { left: 'nothing' }
  const drops = names.map((name) => `DROP INDEX CONCURRENTLY ${name};`).join(' ')
  return {
    left: 'something',
    says: {
      detail: `left INVALID: ${names.join(', ')}: another session has the table open, so that it could not be dropped in time`,
      fix: `Deploy again when the sessions that use the table have ended: the next run removes what is left and goes on. By hand: ${drops}`,
    },
  }
}

/** Cut off before its first commit, the index is as it was; after it, the index is INVALID and only dropping it goes on. */
async function afterDrop(run: Run, work: ConcurrentWork, before: StepBefore): Promise<Aftermath> {
  const name = nameOf(work)
  const [index] = await readIndexes(run.connections.worker, [name])
  if (index === undefined || index.valid) return untouchedIf(run, name, before)
  return {
    left: 'something',
    says: {
      detail: `${name} is INVALID now: dropping it was begun, and other sessions still have the table open`,
      fix: `Deploy again when they have ended: the next run goes on with dropping it. By hand: DROP INDEX CONCURRENTLY ${name};`,
    },
  }
}

async function untouchedIf(run: Run, name: string, before: StepBefore): Promise<Aftermath> {
  const now = await readOids(run.connections.worker, [name])
  return { left: now[name] === before.oids[name] ? 'nothing' : 'something' }
}

async function afterDetach(run: Run, work: ConcurrentWork): Promise<Aftermath> {
  const partition = work.partition === undefined ? '' : quoteName(work.partition)
  const parent = nameOf(work)
  const state = await readDetach(run.connections.worker, parent, partition)
  if (state !== 'pending') return { left: state === 'attached' ? 'nothing' : 'something' }
  return {
    left: 'something',
    says: {
      detail: `detaching ${partition} is pending: queries on ${parent} no longer see it`,
      fix: `Deploy again: the next run finishes it. By hand: ALTER TABLE ${parent} DETACH PARTITION ${partition} FINALIZE;`,
    },
  }
}
