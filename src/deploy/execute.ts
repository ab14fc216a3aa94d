import type { Query, RawNotice, Session, TextResult } from '../postgres/types.ts'
import type { MigrationReport, ServerNotice, StepReport } from '../report/types.ts'
import type { Statement } from '../sql/types.ts'
import { whileCancellable } from './cancelling.ts'
import { lockLooker } from './lock-looker.ts'
import { holdsLock, lockLost } from './lock-watch.ts'
import { Cancelled, type Run } from './run.ts'
import { isCancel, watchStatement } from './watch.ts'

/** A long statement says that it is alive this often. */
const aliveEveryMs = 5_000

/** At most this many notices are kept for a migration; the rest are counted. */
const keptNotices = 200

/**
 * Sends one statement to the worker and waits for its end. While it runs, `still-running` is told every few seconds and the observer
 * watches its locks; `lockTimeoutMs` bounds its waits together. The server's notices are kept with the statement's place, also when it fails.
 * Errors: ServerError; StepFailure, naming who was in the way, when it ended because of a lock; Cancelled when the run was asked to
 * stop before it was sent.
 */
export async function executeStatement(
  run: Run,
  migration: MigrationReport,
  step: StepReport,
  statement: Statement,
  lockTimeoutMs: number,
): Promise<TextResult> {
  const { worker } = run.connections
  try {
    const running = { statement, since: Date.now() }
    return await watched(run, step, lockTimeoutMs, running, () => send(worker, statement))
  } finally {
    keepNotices(run, migration, worker, statement)
  }
}

/** What is sent along with others: a statement of the script, or a query of ours (null) between them. */
export interface Part extends Query {
  readonly statement: Statement | null
}

/**
 * Sends several statements in one round trip: each begins when the one before has ended well, and after one that fails the rest is skipped.
 * What is told, and what may go wrong, is the same as for `executeStatement`; `begun` is told of each part as it begins.
 */
export async function executeTogether(
  run: Run,
  migration: MigrationReport,
  step: StepReport,
  parts: readonly Part[],
  lockTimeoutMs: number,
  begun: (statement: Statement | null) => void,
): Promise<TextResult[]> {
  const { worker } = run.connections
  const running: Running = { statement: null, since: Date.now() }
  const begin = (place: number) => {
    running.statement = parts[place]?.statement ?? null
    running.since = Date.now()
    begun(running.statement)
  }
  const end = () => {
    if (running.statement !== null) keepNotices(run, migration, worker, running.statement)
  }
  begin(0)
  try {
    return await watched(run, step, lockTimeoutMs, running, () =>
      worker.pipeline(parts, (place) => {
        end()
        begin(place + 1)
      }),
    )
  } finally {
    end()
  }
}

interface Running {
  statement: Statement | null
  /** When it was sent, or the one before had ended. */
  since: number
}

async function watched<Result>(
  run: Run,
  step: StepReport,
  lockTimeoutMs: number,
  running: Running,
  act: () => Promise<Result>,
): Promise<Result> {
  if (run.cancellation.requested) throw new Cancelled()
  holdsLock(run.lock)
  const watch = watchStatement(run, [lockLooker(run, lockTimeoutMs)])
  const alive = setInterval(() => {
    const detail = watch.detail()
    const elapsedMs = Date.now() - running.since
    run.emit({ type: 'still-running', step, elapsedMs, ...(detail === null ? {} : { detail }) })
  }, aliveEveryMs)
  try {
    return await whileCancellable(run, act)
  } catch (error) {
    const { statement } = running
    await watch.stop()
    if (isCancel(error) && run.lock.lost !== null) throw lockLost(run.lock.lost)
    throw (statement === null ? null : watch.explain(error, statement)) ?? error
  } finally {
    clearInterval(alive)
    // A cancel that was sent must be answered before anything else is: a late one would hit the next statement.
    await watch.stop()
  }
}

async function send(worker: Session, statement: Statement): Promise<TextResult> {
  if (statement.copyData !== null) return worker.copyIn(statement.text, statement.copyData)
  // One statement was parsed, so one is sent: the simple protocol gives every result as text, as psql prints it.
  const results = await worker.simple(statement.text)
  return results.at(-1) ?? { tag: '', columns: [], rows: [] }
}

/** Takes the server's notices off the session and keeps them with the statement's place. */
export function keepNotices(
  run: Run,
  migration: MigrationReport,
  worker: Session,
  statement: Statement,
): void {
  for (const raw of worker.takeNotices().notices) {
    const notice = placed(raw, statement)
    if (migration.notices.length < keptNotices) migration.notices.push(notice)
    run.emit({ type: 'notice', notice })
  }
}

function placed(raw: RawNotice, statement: Statement): ServerNotice {
  return { ...raw, where: statement.where }
}
