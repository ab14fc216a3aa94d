import { randomBytes } from 'node:crypto'
import { type JournalState, readJournal } from '../../journal/state.ts'
import { abandonRuns, type RunKey } from '../../journal/write.ts'
import { pinnedTo } from '../../postgres/session.ts'
import type { ConnectionConfig, Session } from '../../postgres/types.ts'
import type { Listener } from '../../report/events.ts'
import type { Report } from '../../report/types.ts'
import type { Gates } from '../../runbook/gates/sections.ts'
import type { Settings } from '../../runbook/types.ts'
import type { Connections, Redact, Run, RunLock, Surroundings } from '../run.ts'
import type { Cancellation } from '../stop/cancellation.ts'
import { cancelBy } from '../stop/cancelling.ts'
import { cancelsOf, whileAsking } from '../stop/stop-listening.ts'
import { recordLocks } from '../waits/lock-record.ts'
import { openWorker } from './connections.ts'
import { watchLock } from './lock-watch.ts'
import { meetTarget } from './meet-target.ts'
import { openBoth, openKeeper, openObserver } from './open-sessions.ts'
import { reconnect } from './reconnect.ts'
import { awaitOrphans, snapshotOfKeeper, takeRunLock } from './run-lock.ts'
import { SteadySession } from './steady-session.ts'

/** What opening needs to know; a command's context is one. */
export interface Opening {
  readonly settings: Settings
  /** The sections of airlock.yml that speak of the time while statements run. */
  readonly gates: Pick<Gates, 'blockers' | 'disk-guard'>
  readonly connection: ConnectionConfig
  readonly emit: Listener
  readonly redact: Redact
  readonly report: Report
  readonly cancellation: Cancellation
}

/** The target with the run's lock held and the journal read. */
export interface OpenRun {
  readonly runId: string
  readonly observer: Session
  readonly surroundings: Surroundings
  readonly journal: JournalState
  /** See Run. The gates fill it. */
  readonly precheckMs: Map<string, number>
  /**
   * Connects the worker (if it isn't yet) and makes the run complete. `undoBudgetMs`: what an undo gets after a request to stop; none where undoing is
   * all that the run is for.
   */
  start(key: RunKey, undoBudgetMs: number): Promise<Run>
  /** Asks the observer things; a request to stop cancels them. Errors: Cancelled. */
  whileAsking<Result>(act: () => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

/** The target, to be looked at only. */
export type Reading = Omit<OpenRun, 'start' | 'whileAsking'>

/** Opens the target for reading only: the observer alone, in read-only transactions, without the run's lock. */
export async function openForReading(opening: Opening): Promise<Reading> {
  const runId = randomBytes(8).toString('hex')
  const observer = await openObserver(opening.connection, runId, true)
  try {
    const surroundings = await meetTarget(opening, observer, null)
    return {
      runId,
      observer,
      surroundings,
      journal: await readJournal(observer),
      precheckMs: new Map(),
      close: () => observer.close(),
    }
  } catch (error) {
    await observer.close()
    throw error
  }
}

/**
 * Opens the target for changes: observer and keeper, the run's lock, orphans of killed runs gone, the journal read. The worker is connected
 * only now, so that a worker seen by a holder of the lock is always an orphan.
 * Errors: Refusal (a gate) for a standby, a transaction pooler, a lock held too long; ServerError when it can't connect.
 */
export async function openRun(opening: Opening): Promise<OpenRun> {
  const { settings, emit, cancellation, connection } = opening
  const runId = randomBytes(8).toString('hex')
  const sessions: { close(): Promise<void> }[] = []
  const listeners: (() => void)[] = []
  const close = async () => {
    for (const forget of listeners) forget()
    // The keeper last: its lock is what keeps other runs away.
    for (const session of sessions.reverse()) await session.close().catch(() => undefined)
  }
  try {
    const [keeper, firstObserver] = await openBoth(connection, runId)
    sessions.push(keeper, firstObserver)
    const surroundings = await meetTarget(opening, firstObserver, keeper)
    const pinned = { ...opening, connection: pinnedTo(firstObserver, connection) }
    const again = (open: () => Promise<Session>) => (patient?: boolean) =>
      reconnect(open, pinned.connection, surroundings.identity, patient)
    const observer = new SteadySession(
      firstObserver,
      again(() => openObserver(pinned.connection, runId, false)),
    )
    sessions.splice(0, sessions.length, keeper, observer)
    await takeRunLock(keeper, observer, settings, emit, cancellation)
    const held = await snapshotOfKeeper(observer, keeper)
    if (held !== null) warn(opening, held)
    await awaitOrphans(observer, runId, settings, emit)
    const journal = await settledJournal(observer)
    opening.report.runId = runId
    const precheckMs = new Map<string, number>()
    const reach = () => openObserver(pinned.connection, runId, false)
    return {
      precheckMs,
      runId,
      observer,
      surroundings,
      journal,
      close,
      whileAsking: (act) => whileAsking(observer, reach, cancellation, act),
      async start(key, undoBudgetMs) {
        const worker = await openWorker(pinned, runId, observer, surroundings.identity)
        sessions.push(worker)
        const send = cancelBy(observer, () => worker.worker, reach)
        const cancels = cancelsOf(cancellation, undoBudgetMs, send)
        listeners.push(cancels.stopListening)
        const lock = watchLock(
          keeper,
          runId,
          again(() => openKeeper(pinned.connection, runId)),
          cancels.cancelStatement,
        )
        sessions.splice(0, 1, lock)
        const run = runOf(opening, key, observer, surroundings, worker, lock, cancels)
        return { ...run, precheckMs }
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Runs without an end are dead, since we hold the lock that they held. Once the journal says so, it can't change behind our back. */
async function settledJournal(observer: Session): Promise<JournalState> {
  const journal = await readJournal(observer)
  if (journal.unfinished.length === 0) return journal
  await abandonRuns(observer)
  return readJournal(observer)
}

function warn({ report, emit }: Pick<Opening, 'report' | 'emit'>, message: string): void {
  report.warnings.push(message)
  emit({ type: 'warning', message })
}

function runOf(
  opening: Opening,
  key: RunKey,
  observer: Session,
  surroundings: Surroundings,
  connections: Connections,
  lock: RunLock,
  { cancellable, undo, cleanUp }: Pick<Run, 'cancellable' | 'undo' | 'cleanUp'>,
): Omit<Run, 'precheckMs'> {
  const { settings, gates, emit, redact, report, cancellation } = opening
  return {
    key,
    locks: recordLocks(report, emit),
    guards: { blockers: gates.blockers, disk: gates['disk-guard'] },
    settings,
    surroundings,
    observer,
    emit,
    redact,
    cancellation,
    connections,
    lock,
    cancellable,
    warn: (message) => warn(opening, message),
    undo,
    cleanUp,
  }
}
