import { setTimeout as pause } from 'node:timers/promises'
import { ServerError } from '../../postgres/server-error.ts'
import type { Session } from '../../postgres/types.ts'
import { ourMark } from '../baseline/read-only.ts'

/** Sessions of this database that waited for a lock, as sampled over an interval. */
export interface LockWaits {
  readonly samples: number
  /** Waiting sessions, all samples together. */
  readonly waiting: number
  /** The most in one sample. */
  readonly peak: number
  /** Milliseconds that were watched. */
  readonly durationMs: number
  /** It was cut short on request. */
  readonly stopped: boolean
}

/**
 * From pg_locks, which any role sees whole: pg_stat_activity hides wait events from a role without pg_read_all_stats. A wait for another
 * transaction's row has no database of its own there, so the session's counts. Ours don't wait while this runs.
 */
const waitingQuery = `SELECT ${ourMark} pg_catalog.count(DISTINCT l.pid)
  FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
 WHERE NOT l.granted
   AND a.datid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())`

const sampleMs = 500

export interface Watching {
  /** Asked before each sample. */
  readonly stop: () => boolean
  /** Told after each sample. */
  readonly told?: (elapsedMs: number, waiting: number) => void
}

/**
 * Samples twice a second for as long as asked, and once at least.
 * @throws ServerError only when the connection is lost
 */
export async function watchLockWaits(
  session: Session,
  durationMs: number,
  { stop, told }: Watching,
): Promise<LockWaits> {
  const begun = performance.now()
  const elapsed = () => performance.now() - begun
  let samples = 0
  let waiting = 0
  let peak = 0
  for (;;) {
    if (stop()) return { samples, waiting, peak, durationMs: elapsed(), stopped: true }
    const now = await sample(session)
    if (now !== null) {
      samples += 1
      waiting += now
      peak = Math.max(peak, now)
    }
    told?.(elapsed(), now ?? 0)
    const left = durationMs - elapsed()
    if (left <= 0) return { samples, waiting, peak, durationMs: elapsed(), stopped: false }
    await pause(Math.min(sampleMs, left))
  }
}

async function sample(session: Session): Promise<number | null> {
  try {
    const { rows } = await session.query(waitingQuery)
    return Number(rows[0]?.[0] ?? 0)
  } catch (error) {
    if (!(error instanceof ServerError) || error.lost) throw error
    return null
  }
}
