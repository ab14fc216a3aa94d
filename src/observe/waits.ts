import { applicationPrefix } from '../postgres/application-name.ts'
import type { LockSession } from '../report/types.ts'
import { lockConflicts } from './lock-conflicts.ts'

/** A session that can be recognised again. */
export interface AwaitedSession extends LockSession {
  /** As the server prints it: identifies a backend together with its pid, which may be given again. Empty: not visible. */
  readonly backendStart: string
}

/** So many characters of a query are read: more than are shown, since a secret must be whole to be found. */
export const readCharacters = 1_000

/** A session at the other end of a lock, with what is needed to judge whether it may be ended. `query` has up to `readCharacters`. */
export interface WaitSession extends AwaitedSession {
  /** 'client backend', 'autovacuum worker', …; empty where the role may not see it, or for a prepared transaction. */
  readonly backendType: string
  /** It is connected to the database that is being changed. */
  readonly sameDatabase: boolean
}

/** A session that we wait for. */
export interface Blocker extends WaitSession {
  /** It has the lock. False: it waits for it itself, and stands before us in the queue, which pg_blocking_pids tells as well. */
  readonly holds: boolean
}

/** A session that waits because of us. */
export interface BlockedSession extends WaitSession {
  /** 'held': behind a lock that we have. 'queued': behind our own request, which waits itself. */
  readonly behind: 'held' | 'queued'
  /** Milliseconds that it has waited, as far as it is because of us. */
  readonly waitedMs: number
  /** VACUUM, ANALYZE, a concurrent build: it keeps no query waiting while it waits itself, and may wait as long as ours takes. */
  readonly maintenance: boolean
}

/** Who stands in whose way, at one moment. */
export interface Waits {
  /** Our own wait for a lock; null while we wait for none. `since` tells one wait from the next. */
  readonly own: { readonly since: string; readonly waitedMs: number } | null
  /** Who holds, or is queued before us for, the lock that we wait for; empty while we don't wait. */
  readonly blockers: readonly Blocker[]
  /** Sessions of the application that wait because of us, longest first. */
  readonly blocked: readonly BlockedSession[]
  /** The role that may not see what other sessions do; null where all is seen. */
  readonly blind: string | null
}

/** A backend that waits for a lock, as the server shows it. */
export interface Waiting extends WaitSession {
  readonly waitedMs: number
  readonly wanted: string
  readonly lockType: string
  /** Modes in which we have, and in which we want, the object that it waits for. */
  readonly held: readonly string[]
  readonly queued: readonly string[]
  /** pg_blocking_pids of it. */
  readonly behindPids: readonly number[]
}

/**
 * Which of all that wait do so because of us: directly, or behind one that does (the second to update a row of ours waits for the first
 * waiter, not for us). Only sessions of the application: a vacuum, a walsender or pg-airlock itself is none.
 */
export function blockedBy(pid: number, waiting: readonly Waiting[]): BlockedSession[] {
  const found = new Map<number, BlockedSession>()
  for (const one of waiting) {
    if (!one.behindPids.includes(pid)) continue
    found.set(one.pid, { ...one, behind: directlyBehind(one), maintenance: isMaintenance(one) })
  }
  for (let before = -1; before !== found.size; ) {
    before = found.size
    for (const one of waiting) {
      const ahead = one.behindPids.map((each) => found.get(each)).find((each) => each !== undefined)
      if (found.has(one.pid) || ahead === undefined) continue
      // It may have waited for the one ahead before that one waited for us.
      const waitedMs = Math.min(one.waitedMs, ahead.waitedMs)
      found.set(one.pid, {
        ...one,
        behind: ahead.behind,
        waitedMs,
        maintenance: isMaintenance(one),
      })
    }
  }
  return [...found.values()].filter(isApplication).sort((a, b) => b.waitedMs - a.waitedMs)
}

function directlyBehind({ wanted, held, queued }: Waiting): 'held' | 'queued' {
  if (held.some((mode) => lockConflicts(mode, wanted))) return 'held'
  return queued.length > 0 ? 'queued' : 'held'
}

function isMaintenance({ wanted, lockType }: Waiting): boolean {
  return wanted === 'ShareUpdateExclusiveLock' || lockType === 'virtualxid'
}

/** Where the role may not see the kind of a backend, one with a user is taken for a client's. */
function isApplication({ backendType, application, user }: WaitSession): boolean {
  if (application.startsWith(applicationPrefix())) return false
  return backendType === 'client backend' || (backendType === '' && user !== '')
}
