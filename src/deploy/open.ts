import { randomBytes } from 'node:crypto'
import { type JournalState, readJournal } from '../journal/state.ts'
import { abandonRuns, type RunKey } from '../journal/write.ts'
import { applicationName } from '../postgres/application-name.ts'
import { poolingOf } from '../postgres/pooler.ts'
import { ServerError } from '../postgres/server-error.ts'
import { connect, pinnedTo } from '../postgres/session.ts'
import { describeTarget, type Target } from '../postgres/target.ts'
import type { ConnectionConfig, Session } from '../postgres/types.ts'
import type { Listener } from '../report/events.ts'
import { Refusal } from '../report/refusal.ts'
import type { Report } from '../report/types.ts'
import type { Gates } from '../runbook/gates/sections.ts'
import type { Settings } from '../runbook/types.ts'
import { quoteIdentifier } from '../sql/identifier.ts'
import type { Cancellation } from './cancellation.ts'
import { cancelBy } from './cancelling.ts'
import { openWorker } from './connections.ts'
import { recordLocks } from './lock-record.ts'
import { watchLock } from './lock-watch.ts'
import { reconnect } from './reconnect.ts'
import type { Connections, Redact, Run, RunLock, Surroundings } from './run.ts'
import { awaitOrphans, takeRunLock } from './run-lock.ts'
import { SteadySession } from './steady-session.ts'
import { cancelsOf, whileAsking } from './stop-listening.ts'

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
  const observer = await openObserver(opening, runId, true)
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
    const [keeper, firstObserver] = await openBoth(opening, runId)
    sessions.push(keeper, firstObserver)
    const surroundings = await meetTarget(opening, firstObserver, keeper)
    const pinned = { ...opening, connection: pinnedTo(firstObserver, connection) }
    const again = (open: () => Promise<Session>) => (patient?: boolean) =>
      reconnect(open, pinned.connection, surroundings.identity, patient)
    const observer = new SteadySession(
      firstObserver,
      again(() => openObserver(pinned, runId, false)),
    )
    sessions.splice(0, sessions.length, keeper, observer)
    await takeRunLock(keeper, observer, settings, emit, cancellation)
    await awaitOrphans(observer, runId, settings, emit)
    const journal = await settledJournal(observer)
    opening.report.runId = runId
    const precheckMs = new Map<string, number>()
    const reach = () => openObserver(pinned, runId, false)
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
        const pid = () => worker.worker.backendPid
        const cancels = cancelsOf(cancellation, undoBudgetMs, cancelBy(observer, pid, reach))
        listeners.push(cancels.stopListening)
        const lock = watchLock(
          keeper,
          again(() => openKeeper(pinned, runId)),
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
    warn(message) {
      report.warnings.push(message)
      emit({ type: 'warning', message })
    },
    undo,
    cleanUp,
  }
}

/** Side by side where there is one host; else the observer follows the keeper, since all connections of a run must reach one server. */
async function openBoth(opening: Opening, runId: string): Promise<[Session, Session]> {
  const { connection } = opening
  if (connection.endpoints.length === 1) {
    return bothOrNone(openKeeper(opening, runId), openObserver(opening, runId, false))
  }
  const keeper = await openKeeper(opening, runId)
  const pinned = { ...opening, connection: pinnedTo(keeper, connection) }
  return bothOrNone(Promise.resolve(keeper), openObserver(pinned, runId, false))
}

async function openKeeper({ connection }: Opening, runId: string): Promise<Session> {
  return connect(connection, {
    name: 'keeper',
    applicationName: applicationName(runId, 'keeper'),
    unlimited: true,
  })
}

async function openObserver(
  { connection }: Opening,
  runId: string,
  readOnly: boolean,
): Promise<Session> {
  return connect(connection, {
    name: 'observer',
    applicationName: applicationName(runId, 'observer'),
    unlimited: true,
    ...(readOnly ? { settings: { default_transaction_read_only: 'on' } } : {}),
  })
}

/** Both sessions, or the first error with the other session closed. */
async function bothOrNone(
  first: Promise<Session>,
  second: Promise<Session>,
): Promise<[Session, Session]> {
  const [a, b] = await Promise.allSettled([first, second])
  if (a.status === 'fulfilled' && b.status === 'fulfilled') return [a.value, b.value]
  if (a.status === 'fulfilled') await a.value.close()
  if (b.status === 'fulfilled') await b.value.close()
  throw a.status === 'rejected' ? a.reason : b.status === 'rejected' ? b.reason : undefined
}

/** Who is there; a standby and a pooler in transaction mode are refused before anything else. */
async function meetTarget(
  opening: Opening,
  observer: Session,
  keeper: Session | null,
): Promise<Surroundings> {
  const { settings, report, emit, connection } = opening
  const facts = await describeTarget(observer, connection, {
    ...(settings.target === undefined ? {} : { name: settings.target }),
    ...(settings.role === undefined ? {} : { role: settings.role }),
  })
  report.target = facts.report
  refuseStandby(facts)
  const pooling = keeper === null ? 'none' : await poolingOf(keeper, observer)
  if (pooling === 'transaction' || pooling === 'statement') refusePooler(observer, pooling)
  emit({ type: 'connected', target: facts.report })
  return {
    serverMajor: facts.serverMajor,
    searchPath:
      settings.role === undefined ? facts.searchPath : await searchPathOf(observer, settings.role),
    hasEventTriggers: facts.eventTriggers.length > 0,
    identity: {
      systemIdentifier: facts.report.systemIdentifier ?? null,
      timeline: facts.timeline,
    },
  }
}

/** "$user" in the search path follows the role that the migrations run under. */
async function searchPathOf(observer: Session, role: string): Promise<readonly string[]> {
  const results = await observer
    .simple(
      `set role ${quoteIdentifier(role)}; select pg_catalog.unnest(pg_catalog.current_schemas(false)); reset role`,
    )
    .catch((error: unknown) => {
      throw error instanceof ServerError && !error.lost ? refusedRole(role, error) : error
    })
  return (results[1]?.rows ?? []).map(([schema]) => schema ?? '')
}

function refusedRole(role: string, { message, code }: ServerError): Refusal {
  return new Refusal({
    what: `The migrations can't run as role "${role}".`,
    why: `SET ROLE was refused: ${message} (SQLSTATE ${code}).`,
    fix: 'Check the name; the user that logs in must be a member of the role (GRANT role TO user).',
    exitCode: 1,
  })
}

function refuseStandby(facts: Target): void {
  if (!facts.inRecovery) return
  throw new Refusal({
    what: `${facts.report.host}:${facts.report.port} is a standby: it can't be changed.`,
    why: 'pg_is_in_recovery() is true: only the primary accepts changes.',
    fix: 'Give the URL of the primary, or all hosts with target_session_attrs=read-write.',
    exitCode: 1,
  })
}

/** A pooler that hands out backends by transaction or statement breaks locks, timeouts and settings of a session. */
function refusePooler(observer: Session, mode: 'transaction' | 'statement'): never {
  throw new Refusal({
    what: `There is a connection pooler in ${mode} mode between us and Postgres.`,
    why: `The backend says it has pid ${observer.backendPid}, the connection was opened to ${observer.pid}, and backends change with each ${mode}. Locks, timeouts and settings of a session don't survive that.`,
    fix: 'Give the direct URL of the server (often another port), not that of PgBouncer or a hosted pooler.',
    exitCode: 1,
  })
}
