import type { BlockedSession, Waits } from '../../observe/waits.ts'

/** How long a statement may wait, and let others wait, in milliseconds. */
export interface WaitLimits {
  /** All its own waits for locks together. */
  readonly totalMs: number
  /** Anybody of the application behind its waiting request. */
  readonly queuedMs: number
  /** Anybody of the application behind a lock that it holds. */
  readonly heldMs: number
}

/** The longest time between two looks. */
export const lookEveryMs = 250

/** Most statements are done before the first look: they cost no query. */
const firstLookMs = 100

/** However near a limit is, the server is not asked more often. */
const shortestMs = 10

export type Exceeded =
  | { readonly limit: 'total'; readonly waitedMs: number }
  | { readonly limit: 'queued' | 'held'; readonly blocked: BlockedSession }

/**
 * Adds up, look by look, how long we have waited for locks and others for us, and says when to look next so that no limit is passed unseen.
 * Pure: times are milliseconds of one clock, given by the caller.
 */
export class WaitTally {
  private own: Waits['own'] = null
  private doneMs = 0
  private seenAt: number | null = null
  private longest: Record<'held' | 'queued', BlockedSession | null> = { held: null, queued: null }
  /** When a session was last seen behind our request: what it waits behind a held lock began after that. */
  private readonly queuedAt = new Map<string, number>()

  /** All our waits so far. */
  get waitedMs(): number {
    return this.doneMs + (this.own?.waitedMs ?? 0)
  }

  /** Takes in one look. Returns the waits with each session's wait cut to the part that counts for where it stands now. */
  see(waits: Waits, now: number): Waits {
    const { own } = waits
    const before = this.own
    if (before !== null && before.since !== own?.since) {
      // One lock was given and the next not: between the looks the statement waited nearly all the time.
      const gap = now - (this.seenAt ?? now) - (own?.waitedMs ?? 0)
      this.doneMs += before.waitedMs + (own === null ? 0 : Math.max(0, gap))
    }
    this.own = own
    this.seenAt = now
    const blocked = waits.blocked.map((one) => ({ ...one, waitedMs: this.countedMs(one, now) }))
    const longestOf = (behind: 'held' | 'queued') =>
      blocked
        .filter((one) => one.behind === behind && !one.maintenance)
        .reduce<BlockedSession | null>(
          (a, b) => (a !== null && a.waitedMs >= b.waitedMs ? a : b),
          null,
        )
    this.longest = { held: longestOf('held'), queued: longestOf('queued') }
    return { ...waits, blocked }
  }

  /** Which limit is reached, or will be before `marginMs` has passed: the time that a cancel needs. */
  exceeded(limits: WaitLimits, marginMs: number): Exceeded | null {
    const { held, queued } = this.longest
    if (held !== null && held.waitedMs >= limits.heldMs - marginMs) {
      return { limit: 'held', blocked: held }
    }
    if (this.own !== null && this.waitedMs >= limits.totalMs - marginMs) {
      return { limit: 'total', waitedMs: this.waitedMs }
    }
    return queued !== null && queued.waitedMs >= limits.queuedMs - marginMs
      ? { limit: 'queued', blocked: queued }
      : null
  }

  /** Milliseconds until the next look: sooner where a limit may be reached before. */
  nextMs(limits: WaitLimits, marginMs: number): number {
    const { held, queued } = this.longest
    const ownMs = limits.totalMs - this.waitedMs
    const until = Math.min(
      // While we wait for no lock the time that is left does not pass.
      this.own === null ? Math.max(ownMs, firstLookMs + marginMs) : ownMs,
      limits.queuedMs - (queued?.waitedMs ?? 0),
      limits.heldMs - (held?.waitedMs ?? 0),
    )
    const usual = this.seenAt === null ? firstLookMs : lookEveryMs
    return Math.max(shortestMs, Math.min(usual, until - marginMs))
  }

  /** The statements that follow have limits of their own. */
  startAnew(): void {
    this.doneMs = 0
    this.own = null
  }

  private countedMs(one: BlockedSession, now: number): number {
    const key = `${one.pid} ${one.backendStart}`
    if (one.behind === 'queued') {
      this.queuedAt.set(key, now)
      return one.waitedMs
    }
    return Math.min(one.waitedMs, now - (this.queuedAt.get(key) ?? Number.NEGATIVE_INFINITY))
  }
}
