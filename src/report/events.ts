import type {
  BlockedReport,
  BlockerReport,
  CheckOutcome,
  CheckReport,
  CriterionReport,
  ErrorReport,
  LockSession,
  MigrationReport,
  Report,
  RowEffect,
  ServerNotice,
  SmokeResult,
  StepReport,
  TargetReport,
  UndoReport,
  Verification,
} from './types.ts'

/**
 * The story of a run, told by the engine as it happens. The console renders it live; the report is
 * built beside it. Nothing in the core prints.
 */
export type RunEvent =
  | { readonly type: 'connected'; readonly target: TargetReport }
  | { readonly type: 'waiting-for-run'; readonly holder: string; readonly waitedMs: number }
  | { readonly type: 'ending-orphan'; readonly pid: number; readonly application: string }
  /** `steps`: each step is told too, with why it is one; that is what `plan` is for. */
  | {
      readonly type: 'planned'
      readonly pending: readonly MigrationReport[]
      readonly steps?: true
    }
  | { readonly type: 'warning'; readonly message: string }
  /** A part of the run begins: 'Preflight checks', 'Backup', 'Smoke tests'. */
  | { readonly type: 'phase'; readonly title: string }
  | { readonly type: 'checked'; readonly check: CheckReport }
  | { readonly type: 'smoke-tested'; readonly result: SmokeResult }
  /** The part ends: what was judged in it is counted; `note` says what else is worth a line. */
  | {
      readonly type: 'phase-finished'
      readonly title: string
      readonly judged: readonly { readonly outcome: CheckOutcome }[]
      readonly note?: string
    }
  /** Sent every few seconds while the database is watched. */
  | {
      readonly type: 'observing'
      readonly elapsedMs: number
      readonly totalMs: number
      readonly detail: string
    }
  | { readonly type: 'judged'; readonly criterion: CriterionReport }
  | {
      readonly type: 'migration-started'
      readonly migration: MigrationReport
      readonly index: number
      readonly total: number
    }
  | {
      readonly type: 'step-started'
      readonly migration: MigrationReport
      readonly step: StepReport
    }
  /** Sent every few seconds while one statement runs. */
  | {
      readonly type: 'still-running'
      readonly step: StepReport
      readonly elapsedMs: number
      readonly detail?: string
    }
  /** A statement waits for this session: said once a statement and session, as soon as it is seen. */
  | { readonly type: 'lock-wait'; readonly step: StepReport; readonly blocker: BlockerReport }
  /** A session of the application waits because of us: said when it is first seen waiting noticeably long. */
  | { readonly type: 'blocking'; readonly step: StepReport; readonly blocked: BlockedReport }
  /** A session in the way was cancelled or terminated, because airlock.yml asks for it. */
  | { readonly type: 'blocker-ended'; readonly step: StepReport; readonly blocker: BlockerReport }
  /** A concurrent build is not begun yet: it would wait for the snapshots of these sessions, and leave an INVALID index when it gave up. */
  | {
      readonly type: 'waiting-for-snapshots'
      readonly step: StepReport
      readonly sessions: readonly LockSession[]
      readonly waitedMs: number
    }
  | {
      readonly type: 'retrying'
      readonly step: StepReport
      readonly attempt: number
      readonly pauseMs: number
      readonly reason: string
    }
  | { readonly type: 'notice'; readonly notice: ServerNotice }
  | {
      readonly type: 'step-finished'
      readonly migration: MigrationReport
      readonly step: StepReport
    }
  | {
      readonly type: 'verified'
      readonly migration: MigrationReport
      readonly verification: readonly Verification[]
    }
  | {
      readonly type: 'rows'
      readonly migration: MigrationReport
      readonly effects: readonly RowEffect[]
    }
  /** A smoke test is tried again: nothing answers yet, or not as it should. */
  | {
      readonly type: 'smoke-waiting'
      readonly name: string
      readonly attempts: number
      readonly elapsedMs: number
      readonly found: string
    }
  | { readonly type: 'failed'; readonly error: ErrorReport }
  | { readonly type: 'undoing'; readonly migration: MigrationReport; readonly by: UndoReport['by'] }
  | { readonly type: 'undone'; readonly migration: MigrationReport; readonly undo: UndoReport }
  | { readonly type: 'migration-finished'; readonly migration: MigrationReport }
  | { readonly type: 'finished'; readonly report: Report }

/** Receives the events of one run, in order. Must not throw. */
export type Listener = (event: RunEvent) => void
