import { resolveBesideTarget } from '../../src/commands/beside-target.ts'
import type { CommandContext } from '../../src/commands/context.ts'
import { newReport } from '../../src/commands/report.ts'
import { runCommand } from '../../src/commands/run-command.ts'
import { Cancelled, StopRequests } from '../../src/deploy/stop/cancellation.ts'
import { resolveConnection } from '../../src/postgres/connection.ts'
import type { RunEvent } from '../../src/report/events.ts'
import type { ErrorReport, MigrationReport, Report, Verification } from '../../src/report/types.ts'
import { parseGates } from '../../src/runbook/gates/sections.ts'
import { type Given, resolveSettings } from '../../src/runbook/settings.ts'
import type { TestDatabase } from './database.ts'

/** Migration files: '1_name' is migrations/1_name.sql, 'rollbacks/1_name_rollback' and 'verify/1_name_verify' likewise. */
export type Files = Readonly<Record<string, string>>

export interface EngineOptions {
  readonly files: Files
  /** As on the command line: `{ 'lock-timeout': '500ms' }`. */
  readonly settings?: Given
  /** Sections of airlock.yml as plain data: `{ preflight: { version: '18' } }`. */
  readonly gates?: Parameters<typeof parseGates>[0]
  /** The text of the file that `baseline.queries` names. */
  readonly queries?: string
  /** Connection URL instead of the database's own. */
  readonly url?: string
  /** Connection URL of staging. */
  readonly staging?: string
  /** Called with each event as it happens. */
  readonly on?: (event: RunEvent, stop: () => void) => void
}

export interface EngineResult {
  readonly report: Report
  readonly events: readonly RunEvent[]
  /** The only migration, or the first. */
  readonly migration: MigrationReport
}

/** Runs a command of the engine inside this process, as the doors do, on a real server. */
export async function runEngine(
  database: Pick<TestDatabase, 'url'>,
  command: 'plan' | 'deploy' | 'verify' | 'rollback',
  options: EngineOptions,
): Promise<EngineResult> {
  const events: RunEvent[] = []
  const cancellation = new StopRequests()
  let end: (reason: unknown) => void = () => {}
  const ended = new Promise<never>((_, reject) => {
    end = reject
  })
  ended.catch(() => undefined)
  const stop = () => {
    if (!cancellation.request()) end(new Cancelled())
  }
  const url = options.url ?? database.url
  const settings = resolveSettings({
    given: { 'run-lock-timeout': '2s', 'retry-timeout': '2s', ...options.settings, command },
    airlock: null,
    env: {},
  })
  const gates = parseGates(options.gates)
  const context: CommandContext = {
    settings,
    gates,
    files: Object.entries(options.files).map(([name, text]) => ({
      path: `migrations/${name}.sql`,
      text,
    })),
    baselineQueries:
      options.queries === undefined
        ? null
        : { path: 'docs/db/observability.sql', text: options.queries },
    connection: resolveConnection({ url, env: {} }),
    ...resolveBesideTarget(settings, gates, {}),
    ...(options.staging === undefined
      ? {}
      : { staging: resolveConnection({ url: options.staging, env: {} }) }),
    origin: { actor: 'tester', repository: null, commit: null, runUrl: null },
    toolVersion: '0.0.0-test',
    emit: (event) => {
      events.push(event)
      options.on?.(event, stop)
    },
    redact: (data) => data,
    report: newReport(command, new Date()),
    cancellation,
  }
  const report = await runCommand(context, ended)
  return {
    report,
    events,
    get migration() {
      const [migration] = report.migrations
      if (migration === undefined) throw new Error(`no migration: ${JSON.stringify(report.error)}`)
      return migration
    },
  }
}

export const deployFiles = (
  database: Pick<TestDatabase, 'url'>,
  options: EngineOptions,
): Promise<EngineResult> => runEngine(database, 'deploy', options)

/** The failed run's error; fails the test where there is none. */
export function errorOf({ report }: EngineResult): ErrorReport {
  if (report.error === null) throw new Error(`the run ended ${report.outcome} without an error`)
  return report.error
}

/** Outcome, exit code and message in one line: what a failing test should print. */
export function endingOf({ report }: EngineResult): string {
  const { outcome, exitCode, error } = report
  return error === null ? `${outcome} ${exitCode}` : `${outcome} ${exitCode}: ${error.message}`
}

/** What was found of one object. */
export function verificationOf({ report }: EngineResult, object: string): Verification | undefined {
  return report.migrations
    .flatMap(({ verification }) => verification)
    .find((one) => one.object === object)
}

/** Waits until a query answers with at least one row; fails after ten seconds. */
export async function until<Row extends Record<string, unknown>>(
  query: () => Promise<Row[]>,
): Promise<Row> {
  const deadline = Date.now() + 10_000
  while (Date.now() < deadline) {
    const [row] = await query()
    if (row !== undefined) return row
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('waited ten seconds in vain')
}
