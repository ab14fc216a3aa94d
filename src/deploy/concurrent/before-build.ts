import {
  type OlderTransaction,
  readOlderTransactions,
  readTables,
} from '../../observe/snapshots.ts'
import type { AwaitedSession } from '../../observe/waits.ts'
import { sqlstate } from '../../postgres/sqlstate.ts'
import { durationText } from '../../report/duration-text.ts'
import { lockSessionText } from '../../report/lock-session-text.ts'
import type { Place } from '../../report/refusal.ts'
import type { LockSession } from '../../report/types.ts'
import { holdsLock } from '../connections/lock-watch.ts'
import { StepFailure } from '../failure.ts'
import type { Run } from '../run.ts'
import { pauseUnlessAsked, stopIfAsked } from '../stop/cancellation.ts'
import { endBlockersByPid } from '../waits/end-blockers.ts'
import type { WaitPlace } from '../waits/lock-record.ts'
import { shown } from '../waits/shown-session.ts'
import { type ConcurrentWork, reachOf, waitsOf } from './concurrent-work.ts'

/** What a wait before a statement belongs to. */
export interface Waiting extends WaitPlace {
  readonly where: Place
  /** concurrent-timeout, in milliseconds. */
  readonly timeoutMs: number
}

const firstPauseMs = 50
const longestPauseMs = 500
const tellEveryMs = 5_000

/**
 * Waits until every transaction is gone that a concurrent statement would have to wait for, were it begun now. One that gives up while it waits leaves an
 * INVALID index (or half a DETACH) behind; as long as nothing is begun, nothing is left.
 * Only those seen at the first look are awaited: on a busy server there is always somebody. Younger ones are left to the statement itself, which
 * waits for those that began before it did, and they have just begun. Those that airlock.yml lets be ended are.
 * Errors: StepFailure 55P03, naming them, when they outlast the time; Cancelled.
 */
export async function awaitOlderTransactions(
  run: Run,
  work: ConcurrentWork,
  waiting: Waiting,
): Promise<void> {
  const { worker } = run.connections
  const tables = await readTables(worker, reachOf(work))
  const wanted = { ...waitsOf(work), tables }
  let awaited: ReadonlySet<string> | null = null
  await awaitNobody(run, waiting, async () => {
    const found = await readOlderTransactions(run.observer, wanted, [worker.backendPid])
    const first = awaited === null
    awaited ??= new Set(found.flatMap(({ marks }) => marks))
    const inTheWay = stillThere(found, awaited)
    if (!first) {
      await endBlockersByPid(
        run,
        waiting,
        inTheWay.map(({ pid }) => pid),
      )
    }
    return inTheWay
  })
}

/** Those found now that have not let go of what they were first seen with. */
export function stillThere(
  found: readonly OlderTransaction[],
  awaited: ReadonlySet<string>,
): OlderTransaction[] {
  return found.filter(({ marks }) => marks.some((mark) => awaited.has(mark)))
}

/**
 * Looks again and again, until nobody is in the way. Told as soon as it is more than a passing moment, then every five seconds; who is still there at a
 * second look is kept for the report.
 * Errors: StepFailure 55P03 when the time is over; Cancelled as soon as the run is asked to stop; the loss of the run's lock.
 */
export async function awaitNobody(
  run: Run,
  waiting: Waiting,
  look: () => Promise<readonly AwaitedSession[]>,
): Promise<void> {
  const { step, where, timeoutMs } = waiting
  const started = Date.now()
  let keptMs = 0
  let pauseMs = firstPauseMs
  let toldAt: number | null = null
  for (let first = true; ; first = false) {
    holdsLock(run.lock)
    stopIfAsked(run.cancellation)
    const sessions = (await look()).map((one) => shown(one, run.redact))
    const waitedMs = Date.now() - started
    if (sessions.length === 0) return
    if (!first) {
      run.locks.awaited(waiting, sessions, waitedMs - keptMs)
      step.waitedMs = (step.waitedMs ?? 0) + waitedMs - keptMs
    }
    keptMs = waitedMs
    if (waitedMs >= timeoutMs) throw notBegun(sessions, waitedMs, where)
    if (!first && (toldAt === null || waitedMs - toldAt >= tellEveryMs)) {
      toldAt = waitedMs
      run.emit({ type: 'waiting-for-snapshots', step, sessions, waitedMs })
    }
    await pauseUnlessAsked(run.cancellation, Math.min(pauseMs, timeoutMs - waitedMs))
    pauseMs = Math.min(longestPauseMs, pauseMs * 1.5)
  }
}

function notBegun(sessions: readonly LockSession[], waitedMs: number, where: Place): StepFailure {
  const hidden = sessions.some(({ pid, state }) => pid !== 0 && state === '')
  const seen = hidden
    ? ' What they do and since when is hidden from this role: GRANT pg_read_all_stats to it.'
    : ''
  return new StepFailure({
    message: `Not begun: after ${durationText(waitedMs)} there are still older transactions that the statement would wait for`,
    sqlstate: sqlstate.lockNotAvailable,
    detail: `in the way: ${sessions.map(lockSessionText).join('; ')}`,
    why: `Begun, it would wait for them, and leave an INVALID index or half a change when it gave up; so nothing was begun, and nothing is left.${seen}`,
    fix: 'Deploy again when they have ended (a dump is better waited for), or raise concurrent-timeout, for this file alone with `-- airlock: concurrent_timeout=…`.',
    where,
  })
}
