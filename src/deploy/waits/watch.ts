import { cancelBackend } from '../../postgres/observer.ts'
import { ServerError } from '../../postgres/server-error.ts'
import { sqlstate } from '../../postgres/sqlstate.ts'
import type { Session } from '../../postgres/types.ts'
import type { Statement } from '../../sql/types.ts'
import type { StepFailure } from '../failure.ts'
import { type Cancellable, Canceller } from '../stop/cancelling.ts'

/** Why the observer cancelled a statement, told once the server has answered the cancel. */
export type Interruption = (statement: Statement) => StepFailure

/** Something that the observer looks at while a statement runs. One looks after the other, so a slow look delays those of the others. */
export interface Looker {
  /** Milliseconds until it wants to look next. */
  nextMs(): number
  /**
   * Looks; returns why the statement must be cancelled, null where it may go on. Nobody waits for a look whose statement has ended: `isOver` then says
   * so, and it neither does nor keeps anything any more.
   */
  look(observer: Session, isOver: () => boolean): Promise<Interruption | null>
  /** What the live line says of the statement, null where nothing. */
  detail?(): string | null
  /** What it can tell of a statement's failure that nobody had asked for; null where nothing. */
  explain?(error: unknown, statement: Statement): StepFailure | null
  /** Its look failed, or nobody could ask: so long, and why. */
  blind?(ms: number, why: string): void
  /** The statement has ended, however. */
  ended?(): void
}

export interface Watch {
  /** Why nothing more may be sent: a cancel was decided on while no statement ran that it could have hit; null as a rule. */
  readonly interruption: Interruption | null
  /**
   * Ends the watching; resolves when a cancel that was sent has been answered, so that it can't hit the next statement. A look under way is not
   * waited for: a COMMIT would wait with it, all locks held.
   */
  stop(): Promise<void>
  /** The live line's words. */
  detail(): string | null
  /** The failure in words of the looker that caused or knows it; null where none does. */
  explain(error: unknown, statement: Statement): StepFailure | null
}

/** A look that failed is tried again after this time. */
const againAfterMs = 1_000

/** What of a run is needed to watch. */
export interface Watched {
  readonly observer: Session
  readonly connections: { readonly worker: Pick<Session, 'backendPid' | 'backendStart'> }
}

/** Watches a running statement from the observer: each looker in its own time, and the first that says so has it cancelled. */
export function watchStatement(run: Watched, lookers: readonly Looker[]): Watch {
  const { observer, connections } = run
  const { backendPid, backendStart } = connections.worker
  const running: Cancellable = { now: true }
  const canceller = new Canceller(running, () => cancelBackend(observer, backendPid, backendStart))
  const isOver = () => !running.now
  let interruption: Interruption | null = null
  let wake: (() => void) | null = null
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const due = lookers.map((looker) => ({ looker, at: Date.now() + looker.nextMs() }))
  const round = async () => {
    for (const entry of due) {
      if (isOver() || interruption !== null || Date.now() < entry.at) continue
      const start = Date.now()
      try {
        const found = await entry.looker.look(observer, isOver)
        if (isOver()) return
        interruption = found
        entry.at = Date.now() + entry.looker.nextMs()
      } catch (error) {
        if (isOver()) return
        entry.at = Date.now() + againAfterMs
        entry.looker.blind?.(Date.now() - start + againAfterMs, messageOf(error))
      }
    }
  }
  const loop = async () => {
    while (!isOver() && interruption === null) {
      const next = Math.min(...due.map(({ at }) => at))
      await pause(Math.max(0, next - Date.now()))
      await round()
    }
    if (interruption !== null) canceller.cancel()
  }
  void loop()
  return {
    get interruption() {
      return interruption
    },
    async stop() {
      if (running.now) for (const looker of lookers) looker.ended?.()
      running.now = false
      wake?.()
      await running.sent
    },
    detail() {
      const details = lookers.map((looker) => looker.detail?.() ?? null)
      const told = details.filter((text) => text !== null)
      return told.length === 0 ? null : told.join('; ')
    },
    explain(error, statement) {
      if (interruption !== null && isCancel(error)) return interruption(statement)
      for (const looker of lookers) {
        const told = looker.explain?.(error, statement) ?? null
        if (told !== null) return told
      }
      return null
    },
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The server's answer to a cancel, whoever sent it. */
export function isCancel(error: unknown): boolean {
  return error instanceof ServerError && error.code === sqlstate.queryCanceled
}
