import { keeperHorizon, runLockHolder, tryRunLock } from '../../postgres/keeper.ts'
import { endOrphans } from '../../postgres/observer.ts'
import type { Session } from '../../postgres/types.ts'
import type { Listener } from '../../report/events.ts'
import { Refusal } from '../../report/refusal.ts'
import { formatDuration } from '../../runbook/duration.ts'
import type { Settings } from '../../runbook/types.ts'
import { type Cancellation, Cancelled } from '../run.ts'

const pollEveryMs = 250
const tellEveryMs = 5_000

/**
 * Takes the run's lock on the keeper. Another run that holds it is waited for, by polling (a waiter blocked inside the lock would hold a
 * snapshot and break the other's concurrent build), for `run-lock-timeout`; who holds it is told.
 * Errors: Refusal (a gate) when the time is over.
 */
export async function takeRunLock(
  keeper: Session,
  observer: Session,
  settings: Settings,
  emit: Listener,
  cancellation: Cancellation,
): Promise<void> {
  const started = Date.now()
  let toldAt = Number.NEGATIVE_INFINITY
  while (!(await tryRunLock(keeper))) {
    if (cancellation.requested) throw new Cancelled()
    const waitedMs = Date.now() - started
    const holder = await holderText(observer)
    if (waitedMs >= settings.runLockTimeout) throw stillHeld(holder, settings)
    if (waitedMs - toldAt >= tellEveryMs) {
      emit({ type: 'waiting-for-run', holder, waitedMs })
      toldAt = waitedMs
    }
    await sleep(pollEveryMs)
  }
}

/** A warning where the keeper holds a snapshot after all, as the observer sees it; null: it holds none. */
export async function snapshotOfKeeper(observer: Session, keeper: Session): Promise<string | null> {
  const horizon = await keeperHorizon(observer, keeper)
  if (horizon === null) return null
  return `The connection that holds the run's lock (pid ${keeper.backendPid}) has a snapshot (${horizon}), which it never asked for: something between us and Postgres sends queries of its own. Concurrent index builds will wait for it, and vacuum removes nothing newer.`
}

async function holderText(observer: Session): Promise<string> {
  const holder = await runLockHolder(observer)
  if (holder === null) return 'another run'
  const since = holder.since === '' ? '' : `, since ${holder.since}`
  return `${holder.applicationName || 'another run'} (pid ${holder.pid} from ${holder.client}${since})`
}

function stillHeld(holder: string, settings: Settings): Refusal {
  return new Refusal({
    what: `Another run is changing this database: ${holder}.`,
    why: `Only one run at a time may change a database. This one waited ${formatDuration(settings.runLockTimeout)} (run-lock-timeout).`,
    fix: 'Wait for it to end and start this one again, or raise run-lock-timeout.',
    exitCode: 1,
  })
}

/** As the journal begins all that it writes: a picture of the catalog, or a count, begins a transaction too, but one that only reads. */
const writes = /^\s*begin\b[^;]*\bread write\b/i

/**
 * A killed run may have left a worker that is still at work. It is waited for, and ended after `lock-timeout`, before the journal is
 * believed: until it is gone, what it does may still change. A worker is connected only under the run's lock, which we hold: so one of
 * another run is an orphan, while keepers and observers may be those of runs that wait for us: but these only look, so an observer that is in the
 * middle of writing to the journal is an orphan too.
 * Errors: Refusal (a gate) when one can't be ended.
 */
export async function awaitOrphans(
  observer: Session,
  runId: string,
  settings: Settings,
  emit: Listener,
): Promise<void> {
  const left = await endOrphans(observer, runId, {
    graceMs: settings.lockTimeout,
    isOrphan: ({ name, state, query }) =>
      name.role === 'worker' ||
      (name.role === 'observer' && state !== 'idle' && writes.test(query)),
    onTerminate: ({ pid, applicationName }) => {
      emit({ type: 'ending-orphan', pid, application: applicationName })
    },
  })
  const [first] = left
  if (first === undefined) return
  throw new Refusal({
    what: `A backend of a killed run can't be ended: pid ${first.pid} (${first.applicationName}).`,
    why: `It still does something (${first.state || 'what, this role may not see'}), and may yet commit it.`,
    fix: `Find out why it does not end, and end it: SELECT pg_terminate_backend(${first.pid});`,
    exitCode: 1,
  })
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
