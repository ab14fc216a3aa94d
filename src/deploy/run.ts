import type { RunKey } from '../journal/write.ts'
import type { Session } from '../postgres/types.ts'
import type { Listener } from '../report/events.ts'
import type { Place } from '../report/refusal.ts'
import type { MigrationReport, SessionSetting } from '../report/types.ts'
import type { BlockersPolicy, DiskGuard } from '../runbook/gates/locks.ts'
import type { Settings } from '../runbook/types.ts'
import type { Cancellation } from './stop/cancellation.ts'
import type { Cancellable, Stoppable } from './stop/cancelling.ts'
import type { LockRecord } from './waits/lock-record.ts'

export { type Cancellation, Cancelled } from './stop/cancellation.ts'

/** Which server, and which history of it: another after a failover. */
export interface Identity {
  readonly systemIdentifier: string | null
  readonly timeline: number | null
}

/** The run's lock as the run knows it. */
export interface RunLock {
  /** Why it is gone; null while it is held. */
  readonly lost: Error | null
  /** Connects the keeper anew and tries to take the lock again; false where another run has it. */
  retake(): Promise<boolean>
}

/** What the engine needs to know of the target, read once after connecting. */
export interface Surroundings {
  readonly serverMajor: number
  /** Schemas that unqualified names are looked up in, under the migrations' role. */
  readonly searchPath: readonly string[]
  /** Event triggers can change rows behind any DDL: then the counters are always read. */
  readonly hasEventTriggers: boolean
  readonly identity: Identity
}

/**
 * One deployment under way: the three connections, the settings, who listens. The worker can be replaced when its connection is lost;
 * everything else stays for the whole run.
 */
export interface Run {
  readonly key: RunKey
  readonly settings: Settings
  readonly surroundings: Surroundings
  readonly observer: Session
  readonly emit: Listener
  /** Errors quote what the server said, and that may be a secret: none goes into the journal as it is. */
  readonly redact: Redact
  readonly cancellation: Cancellation
  readonly connections: Connections
  readonly lock: RunLock
  /** True while a statement runs that a cancel may hit: never a COMMIT, a journal row or an undo. */
  readonly cancellable: Cancellable
  /** What a request to stop means to an undo: it gets some seconds. */
  readonly undo: Stoppable
  /** What it means to the clean-up after a failed statement: fewer. */
  readonly cleanUp: Stoppable
  /** Who was in whose way, for the report. */
  readonly locks: LockRecord
  /** What airlock.yml allows to be done while a statement runs. */
  readonly guards: Guards
  /** How long the data prechecks of a statement took that were answered, in milliseconds, by `placeKey`: it will read the same rows. */
  readonly precheckMs: ReadonlyMap<string, number>
  /** Says what the report's warnings keep, as soon as it is known. */
  warn(message: string): void
  /** Where smoke tests are configured. */
  readonly smoke?: SmokeTests
}

/** A statement of the run by its place. */
export function placeKey({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`
}

export interface Guards {
  /** Undefined: sessions in the way are named, and left alone. */
  readonly blockers: BlockersPolicy | undefined
  /** Undefined: the disk is not looked at. */
  readonly disk: DiskGuard | undefined
}

/** Does the application still work? Asked before a migration counts as verified. */
export interface SmokeTests {
  /** Until they have passed, the migration stays applied, not verified: a rerun then asks again. */
  areDueAfter(version: string): boolean
  /** Errors: StepFailure for a test that failed; Cancelled. */
  runAfter(version: string): Promise<void>
}

/** The same data with every secret in it replaced. */
export type Redact = <Data>(data: Data) => Data

export interface Connections {
  /** The connection that runs migrations now. */
  readonly worker: Session
  /** DISCARD ALL, then role, search path, timeouts and names set again and read back; a lost worker is connected anew. */
  prepareWorker(version: string): Promise<readonly SessionSetting[]>
  /** After a file's own DISCARD ALL ('all') or RESET ALL, which keeps the role: what the run had set is set again. */
  restoreWorker(what: 'all' | 'all but role'): Promise<void>
  /** Waits until the worker's backend is gone from the server, ending it where it lingers. */
  endWorker(): Promise<void>
}

/** A migration's report and everything that its steps add to it. */
export type Progress = MigrationReport
