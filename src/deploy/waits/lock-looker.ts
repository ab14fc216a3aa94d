import { readWaits } from '../../observe/blockers.ts'
import type { BlockedSession, WaitSession, Waits } from '../../observe/waits.ts'
import { ServerError } from '../../postgres/server-error.ts'
import { sqlstate } from '../../postgres/sqlstate.ts'
import type { Run } from '../run.ts'
import { endBlockers } from './end-blockers.ts'
import { blockFailure, type LockEnding, lockFailure, waitingText } from './lock-failure.ts'
import type { WaitPlace } from './lock-record.ts'
import { shown } from './shown-session.ts'
import { type WaitLimits, WaitTally } from './wait-tally.ts'
import type { Interruption, Looker, Watched } from './watch.ts'

/** A look that came so much later than it was due saw nothing of what happened meanwhile. */
const blindAfterMs = 1_000

/** What the lock looker needs to know of what runs. */
export interface LockWatched {
  readonly place: WaitPlace
  readonly limits: WaitLimits
}

/** What of a run is needed to watch its locks. */
export type LockWatchedRun = Watched & Pick<Run, 'guards' | 'locks' | 'redact'>

/**
 * Watches the locks of what runs: a transaction, or a statement outside one. `lock_timeout` of the server holds per lock (an ALTER over four partitions
 * waited 3.2 s under 1 s, measured) and is silent about locks held: so what runs is cancelled when its waits together would exceed `totalMs` (those of a
 * transaction's statements too, as long as they have the same limit), or when a session of the application
 * has waited behind its request for `queuedMs` or behind a lock held for `heldMs`: a little before, by the time that a look and a cancel take.
 */
export function lockLooker(run: LockWatchedRun, watched: () => LockWatched): Looker {
  const pid = run.connections.worker.backendPid
  const tally = new WaitTally()
  const blockedSoFar = new Map<string, BlockedSession>()
  let blockers: readonly WaitSession[] = []
  let limits = watched().limits
  let slowestMs = 0
  let lookedAt = performance.now()
  let dueAt = lookedAt
  let ownSince: string | null = null
  // A look, a cancel, and the server's rollback; a slow look makes the next ones early, not late.
  const marginMs = () => Math.min(2 * slowestMs + 30, limits.totalMs / 4, limits.heldMs / 4)
  const readable = (seen: Waits): Waits => ({
    ...seen,
    blockers: seen.blockers.map((one) => shown(one, run.redact)),
    blocked: seen.blocked.map((one) => shown(one, run.redact)),
  })
  const endings = (): LockEnding => ({ blockers, blocked: [...blockedSoFar.values()] })

  const refresh = () => {
    const now = watched().limits
    if (now.totalMs !== limits.totalMs) tally.startAnew()
    limits = now
  }
  const keep = (seen: Waits, now: number) => {
    const { place } = watched()
    const before = tally.waitedMs
    const waits = tally.see(readable(seen), now)
    const own = waits.own
    if (waits.blockers.length > 0) blockers = waits.blockers
    for (const one of waits.blocked) keepLongest(blockedSoFar, one)
    const inWayMs = own === null ? 0 : own.since === ownSince ? now - lookedAt : own.waitedMs
    ownSince = own?.since ?? null
    const longer = Math.round(tally.waitedMs - before)
    if (longer > 0) place.step.waitedMs = (place.step.waitedMs ?? 0) + longer
    run.locks.looked(place, waits, Math.round(inWayMs))
    return waits
  }
  return {
    nextMs() {
      refresh()
      const ms = tally.nextMs(limits, marginMs())
      dueAt = performance.now() + ms
      return ms
    },
    async look(observer, isOver): Promise<Interruption | null> {
      // What runs by now may have limits other than what ran when this look was planned.
      refresh()
      const start = performance.now()
      const seen = await readWaits(observer, pid)
      if (isOver()) return null
      const now = performance.now()
      const tookMs = now - start
      slowestMs = Math.max(tookMs, slowestMs * 0.9)
      const lateMs = now - dueAt
      if (lateMs > blindAfterMs) run.locks.blind(lateMs, 'the observer was busy or had no answer')
      const waits = keep(seen, now)
      lookedAt = now
      const exceeded = tally.exceeded(limits, marginMs())
      if (exceeded === null) {
        await endBlockers(run, watched().place, waits.blockers, isOver)
        return null
      }
      if (exceeded.limit === 'held') {
        const { blocked } = exceeded
        return (statement) => blockFailure(blocked, endings(), statement)
      }
      return (statement) => lockFailure(exceeded, endings(), statement)
    },
    blind(ms, why) {
      // The next look is that much later on purpose: the time counts once, with its cause.
      dueAt += ms
      run.locks.blind(ms, run.redact(why))
    },
    detail: () => (ownSince === null ? null : waitingText(blockers)),
    explain: (error, statement) =>
      isLockTimeout(error) ? lockFailure({ message: error.message }, endings(), statement) : null,
  }
}

function keepLongest(all: Map<string, BlockedSession>, one: BlockedSession): void {
  const key = `${one.pid} ${one.backendStart}`
  const known = all.get(key)
  if (known === undefined || known.waitedMs <= one.waitedMs) all.set(key, one)
}

function isLockTimeout(error: unknown): error is ServerError {
  return error instanceof ServerError && error.code === sqlstate.lockNotAvailable
}
