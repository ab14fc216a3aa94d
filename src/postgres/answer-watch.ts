import { backendStartText } from './backend-start.ts'
import { ServerError } from './server-error.ts'
import { sqlstate } from './sqlstate.ts'
import type { Backend, Session } from './types.ts'

/** What another session sees of a backend. Texts as the server prints them; null where the role may not see them. */
export interface BackendSight {
  /** As `backendStartText` reads it. */
  readonly start: string | null
  readonly state: string | null
  /** When the state changed last. */
  readonly changed: string | null
  /** 'ClientRead', 'ClientWrite': it waits for the network. */
  readonly waitsFor: string | null
}

/** Who can look after a session whose answer is awaited, and how often. Milliseconds. */
export interface Lookout {
  /** Null: there is no such backend (any more). Errors: ServerError where nobody can look now. */
  look(backendPid: number): Promise<BackendSight | null>
  /** Silence before the first look, and the least time between two. */
  readonly firstMs: number
  /** The most time between two. */
  readonly mostMs: number
  /** After so many looks that failed one after the other, the server counts as out of reach. */
  readonly failures: number
}

/** How long an answer is waited for: no longer than `withinMs` (0: for ever), or as long as a lookout sees that the server is at work on it. */
export type Patience = { readonly withinMs: number } | Lookout

/** This end of a connection whose answer is awaited. */
export interface Awaited extends Backend {
  /** Another text whenever something was received or sent. */
  traffic(): string
  /** What is being sent is big. */
  uploads(): boolean
  /** The connection is dead: whoever waits is told so. */
  giveUp(reason: string): void
}

/** An answer that is on its way must have the time to arrive. */
const settledEveryMs = 2_000
const settledLooks = 3

/**
 * Of an upload that has left Node megabytes may still be on their way, in lumps, while the server waits for more and nothing that can be seen changes.
 * As long as a server keeps a connection that is silent.
 */
const uploadMs = 30_000

/**
 * Watches over an answer until the returned function is called. A firewall that forgets a connection, or a cable that is cut, tells nobody: TCP
 * would wait for a quarter of an hour, and Node can't set TCP_USER_TIMEOUT. So the backend is looked at from elsewhere: one that is gone, has
 * nothing to do, or waits for the network, three times in two seconds each and without a byte between, has lost us.
 */
export function watchAnswer(patience: Patience, awaited: Awaited): () => void {
  if ('withinMs' in patience) return watchClock(patience.withinMs, awaited)
  const since = Date.now()
  let traffic = awaited.traffic()
  let timer: NodeJS.Timeout
  let stopped = false
  let heardAt = since
  let earlier: BackendSight | null | undefined
  let settled = 0
  let failed = 0
  const wait = (ms: number) => {
    timer = setTimeout(() => void look(), ms)
  }
  const seconds = () => Math.round((Date.now() - since) / 1000)
  const look = async () => {
    const heard = awaited.traffic()
    if (heard !== traffic) {
      traffic = heard
      heardAt = Date.now()
      settled = 0
      return wait(patience.firstMs)
    }
    try {
      const sight = await patience.look(awaited.backendPid)
      if (stopped) return
      failed = 0
      const known = hasAnother(awaited, sight) ? null : sight
      settled = isSettled(known) ? (isSame(earlier, known) ? settled + 1 : 1) : 0
      earlier = known
      const isComing = known?.waitsFor === 'ClientRead' && awaited.uploads()
      const isOver = settled >= settledLooks && (!isComing || Date.now() - heardAt >= uploadMs)
      // The look took its time too.
      if (isOver && awaited.traffic() === traffic) {
        return awaited.giveUp(reasonOf(known, seconds()))
      }
    } catch (error) {
      if (stopped) return
      settled = 0
      if (isRefusal(error)) return wait(patience.mostMs)
      failed += 1
      if (failed >= patience.failures) {
        const why = error instanceof Error ? error.message : String(error)
        return awaited.giveUp(
          `no answer for ${seconds()} s, and the server is out of reach (${why})`,
        )
      }
    }
    const elapsed = (Date.now() - since) / 2
    wait(
      settled > 0 || failed > 0
        ? settledEveryMs
        : Math.min(patience.mostMs, Math.max(patience.firstMs, elapsed)),
    )
  }
  wait(patience.firstMs)
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}

function watchClock(withinMs: number, awaited: Awaited): () => void {
  if (withinMs === 0) return () => {}
  const giveUp = () => awaited.giveUp(`no answer within ${withinMs / 1000} s`)
  const timer = setTimeout(giveUp, withinMs)
  return () => clearTimeout(timer)
}

/** A pid is given again: the backend seen now is not ours. */
function hasAnother({ backendStart }: Backend, sight: BackendSight | null): boolean {
  return backendStart !== '' && sight?.start != null && backendStart !== sight.start
}

/** A server, or a pooler, that is full or ended the look is in reach all the same; the look tells nothing. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof ServerError)) return false
  const { lost, code } = error
  return !lost || code.startsWith('53') || code === sqlstate.protocolViolation
}

/** Nothing more comes from it. A state that can't be seen ('disabled' without track_activities) tells nothing. */
function isSettled(sight: BackendSight | null): boolean {
  if (sight === null) return true
  const { state, waitsFor } = sight
  return (
    state?.startsWith('idle') === true || waitsFor === 'ClientRead' || waitsFor === 'ClientWrite'
  )
}

function isSame(earlier: BackendSight | null | undefined, sight: BackendSight | null): boolean {
  if (earlier === undefined) return false
  return earlier?.state === sight?.state && earlier?.changed === sight?.changed
}

function reasonOf(sight: BackendSight | null, seconds: number): string {
  return sight === null
    ? `no answer for ${seconds} s, and the connection's backend is gone`
    : `no answer for ${seconds} s, and the server waits for us (${sight.state ?? sight.waitsFor}): the network has lost what was sent`
}

/** One round trip. In autocommit: inside a transaction activity is frozen at its first read. */
export async function lookAtBackend(session: Session, pid: number): Promise<BackendSight | null> {
  const result = await session.query(
    `SELECT ${backendStartText()}, state, state_change::text, wait_event
       FROM pg_catalog.pg_stat_activity WHERE pid = $1`,
    [pid],
  )
  const row = result.rows[0]
  if (row === undefined) return null
  const [start = null, state = null, changed = null, waitsFor = null] = row
  return { start, state, changed, waitsFor }
}
