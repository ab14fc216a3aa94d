import type { CheckOutcome } from '../../src/report/types.ts'
import type { Given } from '../../src/runbook/settings.ts'
import type { TestDatabase } from '../support/database.ts'
import type { EngineOptions, Files } from '../support/engine.ts'

/** One situation on a real server and what a check must say of it. */
export interface CheckScenario {
  /** Id of the check. */
  readonly check: string
  readonly outcome: CheckOutcome
  /** The server carries the files out all the same, which privileges.test.ts asks of it. */
  readonly deploys?: true
  /** A sentence: 'a table of another owner'. */
  readonly title: string
  /** The pending migrations; default one that creates a table. */
  readonly files?: Files
  readonly settings?: Given
  readonly gates?: EngineOptions['gates']
  /** Default: deploy. */
  readonly command?: 'plan' | 'deploy'
  /** Makes the situation; what it returns is called afterwards, to put shared things (roles, slots) back. */
  readonly arrange?: (database: TestDatabase) => Promise<Arranged>
  /** Texts that its entry must hold in `expected`, `actual`, `reason`, `fix` or `details`. */
  readonly says?: readonly RegExp[]
}

export interface Arranged {
  /** Connection URL instead of the database's own: another role's. */
  readonly url?: string
  /** Connection URL of staging. */
  readonly staging?: string
  readonly settings?: Given
  readonly gates?: EngineOptions['gates']
  readonly cleanUp?: () => Promise<unknown>
}
