import {
  readBuilders,
  readIndexBeside,
  readRebuildLeftovers,
  type StandingIndex,
} from '../../observe/index-builds.ts'
import { readTables } from '../../observe/snapshots.ts'
import { sqlstate } from '../../postgres/sqlstate.ts'
import type { MigrationReport } from '../../report/types.ts'
import { compareIndex, definitionOf } from '../../verify/catalog/index-comparison.ts'
import { describeIndex } from '../../verify/catalog/index-words.ts'
import { StepFailure } from '../failure.ts'
import type { Run } from '../run.ts'
import { pauseUnlessAsked, stopIfAsked } from '../stop/cancellation.ts'
import { awaitNobody, awaitOlderTransactions, type Waiting } from './before-build.ts'
import { readIndexFact } from './built-index.ts'
import { type ConcurrentWork, reachOf, tableOf } from './concurrent-work.ts'
import { dropInvalidIndex, indexStays, type StayingIndex } from './invalid-index.ts'

type Creation = Extract<ConcurrentWork, { op: 'create' }>

/**
 * Before an index is built concurrently: an INVALID one of its name is dropped where it is what an earlier attempt left, be it ours (`ours`: the journal
 * says so) or a person's that built the same. While another session builds on the table it may be that build: it is waited for, and judged again.
 * Errors: StepFailure, with both definitions, for one of another structure, and where a difference can't be ruled out; 55P03 for a build that outlasts
 * the time; Cancelled. Nothing is begun then.
 */
export async function clearLeftover(
  run: Run,
  report: MigrationReport,
  work: Creation,
  waiting: Waiting,
  ours = false,
): Promise<void> {
  if (work.object.name === null) return
  const deadline = Date.now() + waiting.timeoutMs
  let awaited = false
  for (;;) {
    const rest = { ...waiting, timeoutMs: Math.max(0, deadline - Date.now()) }
    const found = await readIndexBeside(run.connections.worker, tableOf(work), work.object.name)
    if (found === null || found.valid || found.partitioned) return
    const own = [run.connections.worker.backendPid]
    if ((await readBuilders(run.observer, found, own)).length > 0) {
      await awaitNobody(run, rest, () => readBuilders(run.observer, found, own))
      continue
    }
    if (!(await judgeStructure(run, work, found, waiting, ours))) {
      await judgedAgain(run, found, rest)
      continue
    }
    if (!awaited) {
      // Dropping waits for everybody who has the table open; after that wait the index may be another's, and is judged again.
      await awaitOlderTransactions(run, dropOf(work, found), rest)
      awaited = true
      continue
    }
    const stays = await dropInvalidIndex(run, found, rest.timeoutMs)
    if (stays !== null) {
      stopIfAsked(run.cancellation)
      throw indexStays('An earlier attempt left', [stays], waiting.where)
    }
    note(run, report, waiting, {
      id: 'leftover-dropped',
      message: `The INVALID index ${found.name}, which an earlier attempt had left, was dropped and is built again: ${found.definition}`,
    })
    return
  }
}

/** It was dropped, renamed or swapped between two looks: a moment later there is another answer. */
async function judgedAgain(
  run: Run,
  { name }: StandingIndex,
  { timeoutMs, where }: Waiting,
): Promise<void> {
  await pauseUnlessAsked(run.cancellation, againMs)
  stopIfAsked(run.cancellation)
  if (timeoutMs > 0) return
  throw indexStays(
    'There is',
    [{ name, why: 'it kept changing', sqlstate: sqlstate.lockNotAvailable }],
    where,
  )
}

const againMs = 100

function dropOf({ object }: Creation, { table }: StandingIndex): ConcurrentWork {
  return { op: 'drop', object: { ...object, schema: table.schema } }
}

/** False where it is no longer there to be judged. */
async function judgeStructure(
  run: Run,
  { object, index }: Creation,
  found: StandingIndex,
  { where }: Waiting,
  ours: boolean,
): Promise<boolean> {
  const { table } = found
  const fact = await readIndexFact(run, object, index, found, where)
  if (fact === undefined) return false
  const likeness = object.table?.name === table.name ? compareIndex(index, fact) : 'different'
  // Of ours only the structure is asked: an expression that can't be compared is what we sent.
  if (likeness === 'same' || (ours && likeness !== 'different')) return true
  throw new StepFailure({
    message: `There is an INVALID index ${found.name} that this migration didn't make`,
    detail: `found: ${describeIndex(definitionOf(fact))} on ${table.name}; to be created: ${describeIndex(index)} on ${object.table?.name ?? ''}`,
    why: 'A failed build of somebody else left it. It is not, or not surely, the index that the statement creates, so it is not taken for a leftover of this migration; nothing was begun.',
    fix: `Find out whose it is. If nobody needs it: DROP INDEX CONCURRENTLY ${found.name}; then deploy again.`,
    where,
  })
}

/** Before a REINDEX CONCURRENTLY: what somebody else's left on its tables is named, and left alone. Returns the OIDs. */
export async function nameRebuildLeftovers(
  run: Run,
  report: MigrationReport,
  work: ConcurrentWork,
  waiting: Waiting,
): Promise<number[]> {
  const { worker } = run.connections
  const found = await readRebuildLeftovers(worker, await readTables(worker, reachOf(work)))
  for (const index of found) {
    const builders = await readBuilders(run.observer, index, [worker.backendPid])
    const message =
      builders.length > 0
        ? `${index.name} belongs to a rebuild by another session (pid ${builders.map(({ pid }) => pid).join(', ')}); it is left alone.`
        : `${index.name} is INVALID: an earlier REINDEX CONCURRENTLY, not of this migration, left it. It is left alone; if nobody rebuilds: DROP INDEX CONCURRENTLY ${index.name};`
    note(run, report, waiting, { id: 'rebuild-leftover', message })
  }
  return found.map(({ oid }) => oid)
}

/**
 * Drops what a REINDEX CONCURRENTLY of ours left when it was cut off: all that was not there before (`known`). Returns those that stayed, because
 * another session works on them or has the table open.
 */
export async function removeRebuildLeftovers(
  run: Run,
  work: ConcurrentWork,
  known: readonly number[],
  patienceMs: number,
): Promise<StayingIndex[]> {
  const { worker } = run.connections
  const deadline = Date.now() + patienceMs
  const stays: StayingIndex[] = []
  for (const index of await readRebuildLeftovers(worker, await readTables(worker, reachOf(work)))) {
    if (known.includes(index.oid)) continue
    const staying = await dropInvalidIndex(run, index, deadline - Date.now())
    if (staying !== null) stays.push(staying)
  }
  return stays
}

function note(
  run: Run,
  report: MigrationReport,
  { where }: Waiting,
  { id, message }: { readonly id: string; readonly message: string },
): void {
  // A statement that is tried again finds the same again.
  if (report.warnings.some((known) => known.id === id && known.message === message)) return
  report.warnings.push({ id, severity: 'warning', message, where })
  run.emit({ type: 'warning', message })
}
