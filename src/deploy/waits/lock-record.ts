import type { AwaitedSession, BlockedSession, WaitSession, Waits } from '../../observe/waits.ts'
import type { Listener } from '../../report/events.ts'
import type { BlockerReport, Report, StepReport } from '../../report/types.ts'
import type { Statement } from '../../sql/types.ts'
import { asReport, type Memory, type Mutable } from './lock-memory.ts'
import { backendOf, sessionOf } from './shown-session.ts'
import { withoutConstants } from './without-constants.ts'

/** What we are doing while somebody waits. */
export interface WaitPlace {
  readonly version: string
  readonly step: StepReport
  /** The statement that runs, or ran last. */
  readonly statement: Statement | null
}

/** Keeps who was in whose way through a run. */
export interface LockRecord {
  /** False where this backend was asked to end before: each is only once. */
  ask(session: AwaitedSession): boolean
  /** One look. `inWayMs`: how much longer each of the blockers has been in our way since the look before. */
  looked(at: WaitPlace, waits: Waits, inWayMs: number): void
  /** A statement is not begun, because it would wait for these sessions. `inWayMs` as above. */
  awaited(at: WaitPlace, sessions: readonly AwaitedSession[], inWayMs: number): void
  /** Nobody looked for so long. */
  blind(ms: number, why: string): void
  /** A session in the way was ended. */
  ended(at: WaitPlace, session: WaitSession, action: 'cancelled' | 'terminated'): void
  /** Something that a person should know, said once a run for each `about`, and of no more than twenty. */
  warn(message: string, about: string): void
}

/** An application session that has waited so long is told of as it happens. */
const noticeableMs = 1_000

/** So many of each are remembered. */
const remembered = 1_000

/** So many warnings of ours in one report. */
const warned = 20

/** Writes into `report.locks` as the run goes, so that every ending has it, and tells the listener what is new. */
export function recordLocks(report: Report, emit: Listener): LockRecord {
  const memory: Memory = {
    blockers: new Map(),
    blocked: new Map(),
    said: new Set(),
    asked: new Set(),
    forgotten: 0,
    looks: 0,
    blindMs: 0,
    blindWhy: '',
    blindRole: null,
  }
  const write = () => {
    report.locks = asReport(memory)
  }
  const tell = ({ step }: WaitPlace, blocker: BlockerReport) =>
    emit({ type: 'lock-wait', step, blocker })
  write()
  return {
    ask: (session) => addBounded(memory.asked, backendOf(session)),
    looked(at, waits, inWayMs) {
      memory.looks += 1
      memory.blindRole ??= waits.blind
      for (const session of waits.blockers) addBlocker(memory, at, session, inWayMs, tell)
      for (const session of waits.blocked) addBlocked(memory, emit, at, session)
      write()
    },
    awaited(at, sessions, inWayMs) {
      for (const session of sessions) addBlocker(memory, at, session, inWayMs)
      write()
    },
    blind(ms, why) {
      memory.blindMs += ms
      memory.blindWhy = why
      write()
    },
    ended(at, session, action) {
      const entry = addBlocker(memory, at, session, 0, tell)
      if (entry === null) return
      entry.action = action
      emit({ type: 'blocker-ended', step: at.step, blocker: { ...entry } })
      write()
    },
    warn(message, about) {
      if (memory.said.has(about) || memory.said.size >= warned) return
      memory.said.add(about)
      const last = memory.said.size === warned
      const said = last ? `${message}. Further warnings of this kind are left out.` : message
      report.warnings.push(said)
      emit({ type: 'warning', message: said })
    },
  }
}

function addBlocker(
  memory: Memory,
  at: WaitPlace,
  session: AwaitedSession,
  inWayMs: number,
  told?: (at: WaitPlace, entry: BlockerReport) => void,
): Mutable<BlockerReport> | null {
  const seen = sessionOf(session)
  const key = JSON.stringify([placeKey(at), backendOf(session)])
  const known = memory.blockers.get(key)
  if (known !== undefined) {
    Object.assign(known, seen, { waitedMs: known.waitedMs + inWayMs })
    return known
  }
  if (memory.blockers.size >= remembered) {
    memory.forgotten += 1
    return null
  }
  const entry = { ...seen, ...placeOf(at), waitedMs: inWayMs }
  memory.blockers.set(key, entry)
  told?.(at, { ...entry })
  return entry
}

/** False where it is in there already. The oldest make room: they are not met again. */
function addBounded(all: Set<string>, one: string): boolean {
  if (all.has(one)) return false
  const [oldest] = all
  if (all.size >= remembered && oldest !== undefined) all.delete(oldest)
  all.add(one)
  return true
}

function addBlocked(memory: Memory, emit: Listener, at: WaitPlace, session: BlockedSession): void {
  const { application, user, behind, waitedMs } = session
  const query = withoutConstants(session.query)
  const key = JSON.stringify([placeKey(at), application, user, query])
  let known = memory.blocked.get(key)
  if (known === undefined) {
    if (memory.blocked.size >= remembered) forgetShortest(memory)
    const entry = { application, user, query, ...placeOf(at), behind, sessions: 0, longestMs: 0 }
    known = { entry, pids: new Set(), told: false }
    memory.blocked.set(key, known)
  }
  if (known.pids.size < remembered) known.pids.add(backendOf(session))
  known.entry.sessions = known.pids.size
  if (waitedMs >= known.entry.longestMs) Object.assign(known.entry, { behind, longestMs: waitedMs })
  if (known.told || known.entry.longestMs <= noticeableMs) return
  known.told = true
  emit({ type: 'blocking', step: at.step, blocked: { ...known.entry } })
}

function forgetShortest(memory: Memory): void {
  const all = [...memory.blocked].map(([key, { entry }]) => ({ key, ms: entry.longestMs }))
  const shortest = all.reduce((a, b) => (b.ms < a.ms ? b : a))
  memory.blocked.delete(shortest.key)
  memory.forgotten += 1
}

const placeOf = ({ version, step, statement }: WaitPlace) => ({
  version,
  step: step.ordinal,
  where: statement?.where ?? step.where,
})

function placeKey(at: WaitPlace): unknown[] {
  const { version, step, where } = placeOf(at)
  return [version, step, where.line, where.column]
}
