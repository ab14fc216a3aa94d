import type { StepBefore } from '../../journal/state.ts'
import { isBuiltByAnother, readIndexBeside } from '../../observe/index-builds.ts'
import { readDetach, readIndexes, readOids } from '../../observe/oids.ts'
import { ServerError } from '../../postgres/server-error.ts'
import { sqlstate } from '../../postgres/sqlstate.ts'
import type { ErrorReport } from '../../report/types.ts'
import { quoteName } from '../../sql/identifier.ts'
import type { Run } from '../run.ts'
import type { Left } from '../steps/migration-run.ts'
import { asCleanUp, cleanUpBudgetMs } from '../stop/undo-time.ts'
import { type ConcurrentWork, nameOf, tableOf } from './concurrent-work.ts'
import { duplicateKeys } from './duplicates.ts'
import { dropInvalidIndex, dropsByHand, type StayingIndex, stayingText } from './invalid-index.ts'
import { removeRebuildLeftovers } from './leftovers.ts'

/** What a failed statement left, after what it left INVALID was removed where that was possible. */
export interface Aftermath {
  readonly left: Extract<Left, 'nothing' | 'something'>
  /** What is to be said of it beside the server's words. */
  readonly says?: Partial<Pick<ErrorReport, 'detail' | 'fix'>>
}

const nothing: Aftermath = { left: 'nothing' }
const something: Aftermath = { left: 'something' }

/** A statement outside a transaction whose step failed. */
export interface FailedStatement {
  /** Null where it is not concurrent. */
  readonly work: ConcurrentWork | null
  readonly before: StepBefore
  readonly error: unknown
  /** The statement itself succeeded; what came afterwards failed. */
  readonly succeeded: boolean
  /** IF NOT EXISTS found another of its name. */
  readonly skipped: boolean
  /** It comes whole or not at all, and no earlier run's attempt is in doubt. */
  readonly atomic: boolean
  /** What is left of its time, in milliseconds. */
  readonly budgetMs: number
}

/**
 * What a failed statement left. Of one that comes whole or not at all the server's answer tells; of any other that is not concurrent nothing does. Where
 * the connection is lost nobody can be asked: the undo, or the next run, finds out.
 */
export async function aftermathOf(run: Run, failed: FailedStatement): Promise<Aftermath> {
  const { work, error, succeeded, atomic } = failed
  if (error instanceof ServerError && error.lost) return something
  if (work === null) return atomic && !succeeded ? nothing : something
  try {
    return await cleanUp(run, work, failed)
  } catch (failure) {
    if (!(failure instanceof ServerError)) throw failure
    return something
  }
}

/**
 * Cleans up after a concurrent statement that failed: an INVALID index that wasn't there before is dropped at once, so that the statement can be tried again.
 * Somebody who waits after asking the run to stop is not kept longer than three seconds.
 * Errors: ServerError where the connection is lost.
 */
async function cleanUp(
  run: Run,
  work: ConcurrentWork,
  failed: FailedStatement,
): Promise<Aftermath> {
  const { before, budgetMs } = failed
  const patienceMs = run.cancellation.requested
    ? cleanUpBudgetMs
    : Math.max(cleanUpBudgetMs, budgetMs)
  switch (work.op) {
    case 'create':
      return afterCreate(run, work, failed, patienceMs)
    case 'reindex': {
      const known = before.leftovers ?? []
      return leftover(await removeRebuildLeftovers(asCleanUp(run), work, known, patienceMs))
    }
    case 'drop':
      return afterDrop(run, work, before)
    case 'detach':
    case 'finalize':
      return afterDetach(run, work)
  }
}

async function afterCreate(
  run: Run,
  work: Extract<ConcurrentWork, { op: 'create' }>,
  { before, error, succeeded, skipped }: FailedStatement,
  patienceMs: number,
): Promise<Aftermath> {
  if (work.object.name === null) return something
  const code = error instanceof ServerError ? error.code : null
  // Of a name that was taken, whatever stands there is another's.
  if (skipped || code === sqlstate.duplicateTable) return nothing
  const { worker } = run.connections
  const found = await readIndexBeside(worker, tableOf(work), work.object.name)
  if (found === null || Object.values(before.oids).includes(found.oid)) return nothing
  // A build that fails leaves no valid index: another session's has ended just now.
  if (found.valid) return succeeded ? something : nothing
  if (await isBuiltByAnother(run.observer, found.oid, [worker.backendPid])) return nothing
  const stays = await dropInvalidIndex(asCleanUp(run), found, patienceMs)
  const violated = code === sqlstate.uniqueViolation
  const keys =
    violated && !run.cancellation.requested
      ? await duplicateKeys(run, work.index, found.table)
      : null
  const { left, says } = leftover(stays === null ? [] : [stays])
  const detail = [keys, says?.detail].filter((text) => typeof text === 'string').join('; ')
  return { left, says: { ...says, ...(detail === '' ? {} : { detail }) } }
}

function leftover(stays: readonly StayingIndex[]): Aftermath {
  if (stays.length === 0) return nothing
  return {
    left: 'something',
    says: {
      detail: `left INVALID: ${stayingText(stays)}`,
      fix: `Deploy again when the sessions that use the table have ended: the next run removes what is left and goes on. By hand: ${dropsByHand(stays)}`,
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
