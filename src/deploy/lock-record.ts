import type { BlockedSession, WaitSession, Waits } from '../observe/waits.ts'
import type { Listener } from '../report/events.ts'
import type {
  BlockedReport,
  BlockerReport,
  LocksReport,
  Report,
  StepReport,
} from '../report/types.ts'
import { formatDuration } from '../runbook/duration.ts'
import { quoteIdentifier } from '../sql/identifier.ts'
import type { Statement } from '../sql/types.ts'
import { lookEveryMs } from './wait-tally.ts'

/** What we are doing while somebody waits. */
export interface WaitPlace {
  readonly version: string
  readonly step: StepReport
  /** The statement that runs, or ran last. */
  readonly statement: Statement | null
}

/** Keeps who was in whose way through a run. */
export interface LockRecord {
  /** Backends that were asked to end: each only once. */
  readonly asked: Set<string>
  /** One look. `inWayMs`: how much longer each of the blockers has been in our way since the look before. */
  looked(at: WaitPlace, waits: Waits, inWayMs: number): void
  /** Nobody looked for so long. */
  blind(ms: number, why: string): void
  /** A session in the way was ended. */
  ended(at: WaitPlace, session: WaitSession, action: 'cancelled' | 'terminated'): void
  /** Something that a person should know, said once a run. */
  warn(message: string): void
}

type Mutable<Data> = { -readonly [Key in keyof Data]: Data[Key] }

/** An application session that has waited so long is told of as it happens. */
const noticeableMs = 1_000

/** The report keeps so many of each, those of the longest waits; so many are remembered. */
const kept = 100
const remembered = 1_000

interface Memory {
  readonly blockers: Map<string, Mutable<BlockerReport>>
  readonly blocked: Map<string, { entry: Mutable<BlockedReport>; pids: Set<string>; told: boolean }>
  readonly said: Set<string>
  forgotten: number
  looks: number
  blindMs: number
  blindWhy: string
  blindRole: string | null
}

/** Writes into `report.locks` as the run goes, so that every ending has it, and tells the listener what is new. */
export function recordLocks(report: Report, emit: Listener): LockRecord {
  const memory: Memory = {
    blockers: new Map(),
    blocked: new Map(),
    said: new Set(),
    forgotten: 0,
    looks: 0,
    blindMs: 0,
    blindWhy: '',
    blindRole: null,
  }
  const write = () => {
    report.locks = asReport(memory)
  }
  write()
  return {
    asked: new Set(),
    looked(at, waits, inWayMs) {
      memory.looks += 1
      memory.blindRole ??= waits.blind
      for (const session of waits.blockers) addBlocker(memory, emit, at, session, inWayMs)
      for (const session of waits.blocked) addBlocked(memory, emit, at, session)
      write()
    },
    blind(ms, why) {
      memory.blindMs += ms
      memory.blindWhy = why
      write()
    },
    ended(at, session, action) {
      const entry = addBlocker(memory, emit, at, session, 0)
      if (entry === null) return
      entry.action = action
      emit({ type: 'blocker-ended', step: at.step, blocker: { ...entry } })
      write()
    },
    warn(message) {
      if (memory.said.has(message)) return
      memory.said.add(message)
      report.warnings.push(message)
      emit({ type: 'warning', message })
    },
  }
}

function addBlocker(
  memory: Memory,
  emit: Listener,
  at: WaitPlace,
  session: WaitSession,
  inWayMs: number,
): Mutable<BlockerReport> | null {
  const { backendStart, backendType, sameDatabase, ...seen } = session
  const who = session.pid === 0 ? session.query : `${session.pid} ${backendStart}`
  const key = JSON.stringify([placeKey(at), who])
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
  emit({ type: 'lock-wait', step: at.step, blocker: { ...entry } })
  return entry
}

function addBlocked(memory: Memory, emit: Listener, at: WaitPlace, session: BlockedSession): void {
  const { application, user, query, behind, waitedMs } = session
  const key = JSON.stringify([placeKey(at), application, user, query])
  let known = memory.blocked.get(key)
  if (known === undefined) {
    if (memory.blocked.size >= remembered) forgetShortest(memory)
    const entry = { application, user, query, ...placeOf(at), behind, sessions: 0, longestMs: 0 }
    known = { entry, pids: new Set(), told: false }
    memory.blocked.set(key, known)
  }
  known.pids.add(`${session.pid} ${session.backendStart}`)
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

function asReport(memory: Memory): LocksReport {
  const blockers = [...memory.blockers.values()].sort((a, b) => b.waitedMs - a.waitedMs)
  const blocked = [...memory.blocked.values()]
    .map(({ entry }) => entry)
    .sort((a, b) => b.longestMs - a.longestMs)
  const unkept = Math.max(0, blockers.length - kept) + Math.max(0, blocked.length - kept)
  const reason = reasonOf(memory, unkept + memory.forgotten)
  return {
    blockers: blockers.slice(0, kept).map((entry) => ({ ...entry })),
    blocked: blocked.slice(0, kept).map((entry) => ({ ...entry })),
    looks: memory.looks,
    everyMs: lookEveryMs,
    ...(reason === '' ? {} : { reason }),
  }
}

function reasonOf({ blindMs, blindWhy, blindRole }: Memory, leftOut: number): string {
  return [
    blindMs === 0 ? '' : `Nobody looked for ${formatDuration(blindMs)} in all: ${blindWhy}.`,
    blindRole === null
      ? ''
      : `What other sessions do was not visible: \`GRANT pg_read_all_stats TO ${quoteIdentifier(blindRole)}\`.`,
    leftOut === 0 ? '' : `${leftOut} more are left out here.`,
  ]
    .filter((text) => text !== '')
    .join(' ')
}
