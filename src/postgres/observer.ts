import { setTimeout as pause } from 'node:timers/promises'
import {
  type ApplicationName,
  applicationPrefix,
  parseApplicationName,
} from './application-name.ts'
import { backendStartText } from './backend-start.ts'
import { ServerError } from './server-error.ts'
import { sqlstate } from './sqlstate.ts'
import type { Session } from './types.ts'

/** A backend that an earlier run left behind. */
export interface Orphan {
  readonly pid: number
  /** As `backendStartText` reads it, empty where the role may not see it: identifies the backend together with its pid, which may be given again. */
  readonly backendStart: string
  readonly applicationName: string
  readonly name: ApplicationName
  readonly state: string
  readonly query: string
}

/**
 * Asks the server to cancel what a backend does. False: there is no such backend any more. Throws 42501 where the role may not.
 * `backendStart`, as the server prints it, makes sure that the pid hasn't been given to another backend meanwhile.
 */
export async function cancelBackend(
  observer: Session,
  pid: number,
  backendStart = '',
): Promise<boolean> {
  return signal(observer, 'pg_cancel_backend', pid, backendStart)
}

/** `backendStart` as for `cancelBackend`. */
export async function terminateBackend(
  observer: Session,
  pid: number,
  backendStart = '',
): Promise<boolean> {
  return signal(observer, 'pg_terminate_backend', pid, backendStart)
}

async function signal(
  observer: Session,
  how: 'pg_cancel_backend' | 'pg_terminate_backend',
  pid: number,
  backendStart = '',
): Promise<boolean> {
  const [row] = await observer.rows<{ readonly sent: boolean }>(
    `SELECT pg_catalog.${how}(pid) AS sent FROM pg_catalog.pg_stat_activity
      WHERE pid = $1 AND ($2 = '' OR backend_start = nullif($2, '')::timestamptz)`,
    [pid, backendStart],
  )
  return row?.sent ?? false
}

/** Backends in this database that belong to runs other than `run`, by their application_name. The type of one that the role may not see is null. */
export async function orphansOf(observer: Session, run: string): Promise<readonly Orphan[]> {
  const rows = await observer.rows<Omit<Orphan, 'name'>>(
    `SELECT pid, coalesce(${backendStartText()}, '') AS "backendStart", application_name AS "applicationName",
            coalesce(state, '') AS state, coalesce(query, '') AS query
       FROM pg_stat_activity
      WHERE datname = current_database() AND coalesce(backend_type, 'client backend') = 'client backend'
        AND starts_with(application_name, $1) AND NOT starts_with(application_name, $2)
      ORDER BY backend_start, pid`,
    [applicationPrefix(), applicationPrefix(run)],
  )
  return rows.flatMap((row) => {
    const name = parseApplicationName(row.applicationName)
    return name === null ? [] : [{ ...row, name }]
  })
}

export interface EndOrphansOptions {
  /** How long they may end by themselves before they are terminated. */
  readonly graceMs: number
  /** How long to wait for those terminated. Default 10 s. */
  readonly endMs?: number
  /** Which of the backends found are orphans: those of runs that the journal calls unfinished. Default: all. */
  readonly isOrphan?: (orphan: Orphan) => boolean
  readonly onTerminate?: (orphan: Orphan) => void
}

const pollMs = 50

/**
 * Waits until no backend of another run is left, terminating after `graceMs`: only then does the journal say the truth, since a backend may still commit. Returns those that are
 * left, empty as a rule: those that do not end, or that the role may not end.
 */
export async function endOrphans(
  observer: Session,
  run: string,
  options: EndOrphansOptions,
): Promise<readonly Orphan[]> {
  const { graceMs, endMs = 10_000, isOrphan = () => true } = options
  const start = performance.now()
  let terminatedAt: number | null = null
  for (;;) {
    const left = (await orphansOf(observer, run)).filter(isOrphan)
    const now = performance.now()
    if (left.length === 0) return left
    if (terminatedAt !== null && now - terminatedAt > endMs) return left
    if (terminatedAt === null && now - start >= graceMs) {
      for (const orphan of left) {
        options.onTerminate?.(orphan)
        await terminateIfAllowed(observer, orphan)
      }
      terminatedAt = now
    }
    await pause(pollMs)
  }
}

async function terminateIfAllowed(observer: Session, orphan: Orphan): Promise<void> {
  try {
    await terminateBackend(observer, orphan.pid, orphan.backendStart)
  } catch (error) {
    if (!(error instanceof ServerError) || error.code !== sqlstate.insufficientPrivilege)
      throw error
  }
}
