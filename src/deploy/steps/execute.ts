import type { Query, RawNotice, Session, TextResult } from '../../postgres/types.ts'
import type { MigrationReport, ServerNotice, StepReport } from '../../report/types.ts'
import type { Statement } from '../../sql/types.ts'
import { holdsLock, lockLost } from '../connections/lock-watch.ts'
import { Cancelled, type Run } from '../run.ts'
import { whileCancellable } from '../stop/cancelling.ts'
import { diskLooker } from '../waits/disk-looker.ts'
import { lockLooker } from '../waits/lock-looker.ts'
import { progressLooker } from '../waits/progress-looker.ts'
import type { WaitLimits } from '../waits/wait-tally.ts'
import { isCancel, type Watch, watchStatement } from '../waits/watch.ts'

/** A long statement says that it is alive this often. */
const aliveEveryMs = 5_000

/** At most this many notices are kept for a migration; the rest are counted. */
const keptNotices = 200

/**
 * Sends one statement to the worker and waits for its end. While it runs, `still-running` is told every few seconds and the observer
 * watches its locks, within `limits`. The server's notices are kept with the statement's place, also when it fails.
 * Errors: ServerError; StepFailure, naming who was in the way, when it ended because of a lock; Cancelled when the run was asked to
 * stop before it was sent.
 */
export async function executeStatement(
  run: Run,
  migration: MigrationReport,
  step: StepReport,
  statement: Statement,
  limits: WaitLimits,
): Promise<TextResult> {
  return executeInTurn(run, migration, step, limits, (execute) => execute(statement, limits))
}

/** Sends a statement of the script, or what is sent `instead` on its behalf, before it. */
export type Execute = (
  statement: Statement,
  limits: WaitLimits,
  instead?: string,
) => Promise<TextResult>

/**
 * Statements of one transaction, sent one after the other, with queries of ours between them. All of it is watched as one, because a lock is held
 * between two statements too: one that must be given up meanwhile is given up before the next statement is sent. Not for a COMMIT, which is never
 * cancelled. What is told, and what may go wrong, is the same as for `executeStatement`.
 */
export async function executeInTurn<Result>(
  run: Run,
  migration: MigrationReport,
  step: StepReport,
  limits: WaitLimits,
  body: (execute: Execute) => Promise<Result>,
): Promise<Result> {
  const running = atRest(limits)
  return watched(run, migration, step, running, (watch) =>
    body(async (statement, own, instead) => {
      const { worker } = run.connections
      if (watch.interruption !== null) throw watch.interruption(running.last ?? statement)
      mayGoOn(run)
      const together = [statement]
      Object.assign(running, {
        statement,
        last: statement,
        since: Date.now(),
        limits: own,
        together,
      })
      try {
        return await send(worker, statement, instead)
      } catch (error) {
        running.failed = statement
        throw error
      } finally {
        running.statement = null
        keepNotices(run, migration, worker, statement)
      }
    }),
  )
}

/** What is sent along with others: a statement of the script, or a query of ours (null) between them. */
export interface Part extends Query {
  readonly statement: Statement | null
}

/** A query of ours among them. */
export const ours = (text: string): Part => ({ text, statement: null })

/**
 * Sends several statements in one round trip: each begins when the one before has ended well, and after one that fails the rest is skipped.
 * What is told, and what may go wrong, is the same as for `executeStatement`; `begun` is told of each part as it begins.
 */
export async function executeTogether(
  run: Run,
  migration: MigrationReport,
  step: StepReport,
  parts: readonly Part[],
  limits: WaitLimits,
  begun: (statement: Statement | null) => void,
): Promise<TextResult[]> {
  const { worker } = run.connections
  const together = parts.flatMap(({ statement }) => statement ?? [])
  const running: Running = { ...atRest(limits), together }
  const begin = (place: number) => {
    running.statement = parts[place]?.statement ?? null
    running.last = running.statement ?? running.last
    running.since = Date.now()
    begun(running.statement)
  }
  const end = () => {
    if (running.statement !== null) keepNotices(run, migration, worker, running.statement)
  }
  begin(0)
  try {
    return await watched(run, migration, step, running, () =>
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
  /** Null: a query of ours. */
  statement: Statement | null
  /** The statement of the script that runs, or ran last. */
  last: Statement | null
  /** When it was sent, or the one before had ended. */
  since: number
  limits: WaitLimits
  /** What was sent at once: which of it runs only the server knows until it has answered. */
  together: readonly Statement[]
  /** The statement whose end was an error. */
  failed: Statement | null
}

function atRest(limits: WaitLimits): Running {
  return { statement: null, last: null, since: Date.now(), limits, together: [], failed: null }
}

async function watched<Result>(
  run: Run,
  migration: MigrationReport,
  step: StepReport,
  running: Running,
  act: (watch: Watch) => Promise<Result>,
): Promise<Result> {
  mayGoOn(run)
  const { version } = migration
  const progress = progressLooker(run, step, () => running.together)
  const watch = watchStatement(run, [
    lockLooker(run, () => ({
      place: { version, step, statement: running.last },
      limits: running.limits,
    })),
    progress,
    ...diskLooker(run),
  ])
  const alive = setInterval(() => {
    const detail = watch.detail()
    const elapsedMs = Date.now() - running.since
    run.emit({ type: 'still-running', step, elapsedMs, ...(detail === null ? {} : { detail }) })
  }, aliveEveryMs)
  try {
    return await whileCancellable(run, () => act(watch))
  } catch (error) {
    const { last } = running
    await watch.stop()
    progress.failed(running.failed ?? running.statement)
    if (isCancel(error) && run.lock.lost !== null) throw lockLost(run.lock.lost)
    throw (last === null ? null : watch.explain(error, last)) ?? error
  } finally {
    clearInterval(alive)
    // A cancel that was sent must be answered before anything else is: a late one would hit the next statement.
    await watch.stop()
  }
}

function mayGoOn(run: Run): void {
  if (run.cancellation.requested) throw new Cancelled()
  holdsLock(run.lock)
}

async function send(
  worker: Session,
  statement: Statement,
  instead: string | undefined,
): Promise<TextResult> {
  if (statement.copyData !== null && instead === undefined)
    return worker.copyIn(statement.text, statement.copyData)
  // One statement was parsed, so one is sent: the simple protocol gives every result as text, as psql prints it.
  const results = await worker.simple(instead ?? statement.text)
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
