import type { Redact } from '../deploy/run.ts'
import type { Cancellation } from '../deploy/stop/cancellation.ts'
import type { ConnectionConfig } from '../postgres/types.ts'
import type { Listener } from '../report/events.ts'
import type { Report } from '../report/types.ts'
import type { Gates } from '../runbook/gates/sections.ts'
import type { Settings, SourceFile } from '../runbook/types.ts'
import type { BesideTarget } from './beside-target.ts'

/** Who runs this, from where: told in the journal. Nothing of it is secret. */
export interface Origin {
  readonly actor: string | null
  readonly repository: string | null
  readonly commit: string | null
  readonly runUrl: string | null
  /** Who approved the run, where the environment tells. */
  readonly approvedBy?: string | null
}

/** All that a command needs, gathered by the door that was used (action or command line). */
export interface CommandContext extends BesideTarget {
  readonly settings: Settings
  /** The sections of airlock.yml, for the chosen target. */
  readonly gates: Gates
  /** Every file of the migrations folder. */
  readonly files: readonly SourceFile[]
  /** The file that `baseline.queries` names; null where it names none. */
  readonly baselineQueries: SourceFile | null
  /** Null where no database is named: only `plan` works then. */
  readonly connection: ConnectionConfig | null
  readonly origin: Origin
  readonly toolVersion: string
  readonly emit: Listener
  /** The same data without secrets: for what goes into the journal. What is told and reported is redacted by the door. */
  readonly redact: Redact
  /** Grows as the command goes; written out by the door, whatever the ending. */
  readonly report: Report
  readonly cancellation: Cancellation
}
