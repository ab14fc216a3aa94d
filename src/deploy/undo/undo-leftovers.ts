import { readRebuildLeftovers } from '../../observe/index-builds.ts'
import { readDetach } from '../../observe/oids.ts'
import { readTables } from '../../observe/snapshots.ts'
import type { Fingerprint } from '../../observe/types.ts'
import type { PlannedStatement, Step } from '../../plan/types.ts'
import type { StepReport } from '../../report/types.ts'
import { quoteName } from '../../sql/identifier.ts'
import { parseScript } from '../../sql/script.ts'
import type { Statement } from '../../sql/types.ts'
import { awaitOlderTransactions, type Waiting } from '../concurrent/before-build.ts'
import {
  type ConcurrentWork,
  concurrentWorkOf,
  nameOf,
  reachOf,
} from '../concurrent/concurrent-work.ts'
import { indexStays } from '../concurrent/invalid-index.ts'
import { removeRebuildLeftovers } from '../concurrent/leftovers.ts'
import type { Run } from '../run.ts'
import { executeStatement } from '../steps/execute.ts'
import { setTimeouts } from '../steps/timeouts.ts'
import { stopIfAsked } from '../stop/cancellation.ts'
import type { Undoing } from './inverse-run.ts'
import { attemptUndo } from './undo-attempts.ts'

/**
 * Brings a concurrent statement that was cut off half way to where its inverse can begin: the INVALID indexes of a REINDEX are dropped, a pending DETACH is
 * finalized, for nothing else goes on from there. Indexes of the picture from before it are others', and stay; without such a picture nothing can
 * tell them apart, and all stay. `run` is the run as its undo.
 * Errors: StepFailure; ServerError.
 */
export async function endHalfDone(
  run: Run,
  undoing: Undoing,
  step: Step,
  before: Fingerprint | null,
): Promise<void> {
  for (const planned of step.statements) {
    const work = concurrentWorkOf(planned.statement)
    if (work?.op === 'reindex' && before !== null) await dropOwnLeftovers(run, work, before)
    if (work?.op === 'detach')
      await finalizePending(run, undoing, work, waitOf(run, undoing, planned))
  }
}

async function dropOwnLeftovers(
  run: Run,
  work: ConcurrentWork,
  before: Fingerprint,
): Promise<void> {
  const { worker } = run.connections
  const found = await readRebuildLeftovers(worker, await readTables(worker, reachOf(work)))
  // The picture has nothing of TOAST, so that nobody can tell whose those are.
  const known = found.filter(
    ({ name }) => before.objects.has(`index ${name}`) || name.startsWith('pg_toast.'),
  )
  const oids = known.map(({ oid }) => oid)
  const stays = await removeRebuildLeftovers(run, work, oids, run.settings.lockTimeout)
  if (stays.length === 0) return
  stopIfAsked(run.cancellation)
  throw indexStays('An interrupted rebuild left', stays)
}

/** What is told of while it runs; an undo has no steps in the report. */
function waitOf(run: Run, { report }: Undoing, { statement }: PlannedStatement): Waiting {
  const { where, text } = statement
  const step: StepReport = {
    ordinal: 1,
    kind: 'statement',
    title: `undo: end ${text}`,
    outcome: 'not-run',
    durationMs: 0,
    statements: 1,
    where,
  }
  return {
    version: report.version,
    step,
    statement,
    where,
    timeoutMs: run.settings.concurrentTimeout,
  }
}

/**
 * DETACH … CONCURRENTLY works in two transactions; cut off between them, the partition is pending. FINALIZE holds ACCESS EXCLUSIVE on the partition while it
 * waits for older snapshots: they are awaited before, and it runs under the short timeouts, watched, and is tried again. The session's timeouts
 * are the short ones afterwards.
 * Errors: StepFailure.
 */
export async function finalizePending(
  run: Run,
  { report, budget }: Undoing,
  work: ConcurrentWork,
  waiting: Waiting,
): Promise<void> {
  const { object, partition } = work
  if (partition === undefined || object.name === null) return
  const { worker } = run.connections
  const [parent, name] = [nameOf(work), quoteName(partition)]
  if ((await readDetach(worker, parent, name)) !== 'pending') return
  const { lockTimeout, statementTimeout, blockTimeout } = run.settings
  const short = { lock_timeout: lockTimeout, statement_timeout: statementTimeout }
  const limits = { totalMs: lockTimeout, queuedMs: lockTimeout, heldMs: blockTimeout }
  const statement = parsed(`alter table ${parent} detach partition ${name} finalize`, waiting)
  await attemptUndo(run, budget, waiting.step, report.version, async () => {
    await awaitOlderTransactions(run, { op: 'finalize', object, partition }, waiting)
    await worker.simple(setTimeouts(short, null, new Set()))
    await executeStatement(run, report, waiting.step, statement, limits)
  })
}

/** Ours, told of at the place of the DETACH that it ends. */
function parsed(sql: string, { where }: Waiting): Statement {
  const [statement] = parseScript(where.file, sql).statements
  if (statement === undefined) throw new Error(`no statement in ${sql}`)
  return { ...statement, where }
}
