import { readRebuildLeftovers } from '../observe/index-builds.ts'
import { readDetach } from '../observe/oids.ts'
import { readTables } from '../observe/snapshots.ts'
import type { Fingerprint } from '../observe/types.ts'
import type { Step } from '../plan/types.ts'
import { quoteName } from '../sql/identifier.ts'
import { whileCancellable } from './cancelling.ts'
import { type ConcurrentWork, concurrentWorkOf, nameOf, reachOf } from './concurrent-work.ts'
import type { Run } from './run.ts'

/**
 * Brings a concurrent statement that was cut off half way to where its inverse can begin: the INVALID indexes of a REINDEX are dropped, a pending DETACH is
 * finalized, for nothing else goes on from there. Indexes of the picture from before it are others', and stay; without such a picture nothing can
 * tell them apart, and all stay. `run` is the run as its undo.
 * Errors: ServerError.
 */
export async function endHalfDone(run: Run, step: Step, before: Fingerprint | null): Promise<void> {
  for (const { statement } of step.statements) {
    const work = concurrentWorkOf(statement)
    if (work?.op === 'reindex' && before !== null) await dropOwnLeftovers(run, work, before)
    if (work?.op === 'detach') await finalizePending(run, work)
  }
}

async function dropOwnLeftovers(
  run: Run,
  work: ConcurrentWork,
  before: Fingerprint,
): Promise<void> {
  const { worker } = run.connections
  const tables = await readTables(worker, reachOf(work))
  for (const { name } of await readRebuildLeftovers(worker, tables)) {
    if (before.objects.has(`index ${name}`)) continue
    await whileCancellable(run, () => worker.simple(`drop index concurrently if exists ${name}`))
  }
}

/** DETACH … CONCURRENTLY works in two transactions; cut off between them, the partition is pending. */
export async function finalizePending(
  { connections: { worker } }: Run,
  work: ConcurrentWork,
): Promise<void> {
  if (work.partition === undefined || work.object.name === null) return
  const [parent, partition] = [nameOf(work), quoteName(work.partition)]
  if ((await readDetach(worker, parent, partition)) !== 'pending') return
  await worker.simple(`alter table ${parent} detach partition ${partition} finalize`)
}
