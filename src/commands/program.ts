import type { Cancellation } from '../deploy/stop/cancellation.ts'
import { annotate } from '../host/annotations.ts'
import { readRunFacts } from '../host/environment.ts'
import {
  appendJobSummary,
  readMigrations,
  readQueries,
  readRunbook,
  temporaryPaths,
  writeWhole,
} from '../host/files.ts'
import { maskSecrets } from '../host/inputs.ts'
import type { Log } from '../host/log.ts'
import { writeOutputs } from '../host/outputs.ts'
import { redactor, redactStrings } from '../host/redact.ts'
import { resolveConnection, secretsOf as secretsOfConnection } from '../postgres/connection.ts'
import type { ConnectionConfig } from '../postgres/types.ts'
import { annotationsOf } from '../report/annotations.ts'
import { renderEvent } from '../report/console.ts'
import type { Listener } from '../report/events.ts'
import { reportToJson } from '../report/json.ts'
import { renderSummary } from '../report/markdown.ts'
import type { Refusal } from '../report/refusal.ts'
import type { Report } from '../report/types.ts'
import { parseAirlockFile } from '../runbook/airlock-file.ts'
import { resolveGates } from '../runbook/gates/resolve.ts'
import { namesOf, secretsOf } from '../runbook/secrets.ts'
import { type Given, resolveSettings, runbookFile } from '../runbook/settings.ts'
import { COMMANDS } from '../runbook/settings-table.ts'
import type { Settings } from '../runbook/types.ts'
import { resolveBesideTarget } from './beside-target.ts'
import type { CommandContext } from './context.ts'
import { listenForEnd } from './ending.ts'
import { refuseGuardQueries } from './guard-query.ts'
import { refuseUnknownChecks } from './known-checks.ts'
import { nextSteps } from './next-steps.ts'
import { endRefused } from './refused.ts'
import { newReport } from './report.ts'
import { runCommand } from './run-command.ts'
import { toolVersion } from './version.ts'

type Env = Readonly<Record<string, string | undefined>>

/** What a door hands over: what was asked, where to tell it, and whether GitHub's runner is at the other end. */
export interface Door {
  readonly given: Given
  readonly env: Env
  readonly log: Log
  readonly isAction: boolean
  /** Said before anything else. */
  readonly warnings: readonly string[]
  /** What was asked can't be understood: the report says so, and nothing is run. */
  readonly refused?: Refusal
}

/**
 * One run of the program from what was asked to its exit code: settings, command, and report, summary, outputs and annotations in every
 * ending. Returns the exit code; never throws for anything that a user did.
 */
export async function runProgram(door: Door): Promise<number> {
  const { cancellation, ended, stopListening } = listenForEnd()
  const report = newReport(commandOf(door.given), new Date())
  report.warnings.push(...door.warnings)
  const redact = { text: redactor([]) }
  const emit = listener(door.log, () => redact.text)
  try {
    const context = await prepare(door, report, emit, cancellation, (secrets) => {
      redact.text = redactor(secrets)
    })
    if (context !== null) {
      report.origin = reportOrigin(context)
      await runCommand(context, ended)
    }
    const finished = redactStrings(report, redact.text)
    finished.next.push(...nextSteps(finished))
    emit({ type: 'finished', report: finished })
    await publish(door, finished, context?.settings)
    return finished.exitCode
  } finally {
    stopListening()
  }
}

function commandOf(given: Given): Report['command'] {
  return COMMANDS.find((name) => name === given.command) ?? 'deploy'
}

/** Everything that a command needs; null when it was refused, which the report then tells. */
async function prepare(
  door: Door,
  report: Report,
  emit: Listener,
  cancellation: Cancellation,
  hide: (secrets: readonly string[]) => void,
): Promise<CommandContext | null> {
  const secrets = [
    ...secretsOf(door.given['database-url'] || door.env.DATABASE_URL, door.env),
    ...secretsOf(door.given['staging-url']),
  ]
  const keep = async (more: readonly string[]) => {
    secrets.push(...more)
    hide(secrets)
    await maskSecrets(secrets)
  }
  try {
    await keep([])
    if (door.refused !== undefined) throw door.refused
    const file = runbookFile(door.given)
    const runbook = await readRunbook(file.path, file.required)
    const airlock = runbook === null ? null : parseAirlockFile(runbook.path, runbook.text)
    if (airlock !== null) {
      refuseUnknownChecks(airlock)
      await refuseGuardQueries(airlock)
    }
    const { env } = door
    const settings = resolveSettings({ given: door.given, airlock, env })
    const { target, command } = settings
    const { gates, secrets: filledIn } = resolveGates({
      airlock,
      target,
      env,
      command,
      names: namesOf(settings.databaseUrl, env),
    })
    await keep([...secretsOf(settings.databaseUrl), ...secretsOf(settings.stagingUrl), ...filledIn])
    report.contacts = Object.entries(gates.contacts).map(([role, contact]) => ({ role, contact }))
    const connection = connectionOf(settings, env)
    if (connection !== null) await keep(secretsOfConnection(connection))
    const beside = resolveBesideTarget(settings, gates, env)
    for (const other of Object.values(beside)) {
      if (other !== null) await keep(secretsOfConnection(other))
    }
    return {
      settings,
      gates,
      files: await readMigrations(settings.migrations),
      baselineQueries: await readQueries(gates.baseline.queries),
      connection,
      ...beside,
      origin: originOf(door.env),
      toolVersion,
      emit,
      redact: (data) => redactStrings(data, redactor(secrets)),
      report,
      cancellation,
    }
  } catch (error) {
    endRefused(report, error)
    return null
  }
}

/** Null where nothing names a database: neither a URL nor any of libpq's variables. */
function connectionOf(settings: Settings, env: Env): ConnectionConfig | null {
  const named = ['PGHOST', 'PGHOSTADDR', 'PGSERVICE', 'PGDATABASE'].some((name) => env[name])
  if (settings.databaseUrl === undefined && !named) return null
  return resolveConnection({ env, url: settings.databaseUrl })
}

function originOf(env: Env): CommandContext['origin'] {
  const { actor, repository, commit, runUrl, approvedBy } = readRunFacts(env)
  return {
    actor,
    repository: repository ?? null,
    commit: commit ?? null,
    runUrl: runUrl ?? null,
    approvedBy: approvedBy ?? null,
  }
}

function reportOrigin({ origin }: CommandContext): NonNullable<Report['origin']> {
  const { actor, commit, runUrl, approvedBy = null } = origin
  return {
    ...(actor === null ? {} : { who: actor }),
    ...(commit === null ? {} : { commit }),
    ...(runUrl === null ? {} : { runUrl }),
    ...(approvedBy === null ? {} : { approvedBy }),
  }
}

/** Prints the story as it happens, without secrets. */
function listener(log: Log, redact: () => (text: string) => string): Listener {
  return (event) => {
    const style = { color: log.style.color, width: log.style.columns }
    const { lines, group, live } = renderEvent(redactStrings(event, redact()), style)
    if (live !== undefined && log.style.live) return log.live(live)
    if (group === 'end') log.endGroup()
    for (const [index, line] of lines.entries()) {
      if (group === 'start' && index === 0) log.group(line)
      else log.line(line)
    }
  }
}

/** Report, summary, outputs, annotations. None of them may turn an ending into another: what can't be written is said. */
async function publish(door: Door, report: Report, settings: Settings | undefined): Promise<void> {
  const { log, env } = door
  const paths = await pathsOf(door, settings)
  const markdown = renderSummary(report)
  const texts = [
    [paths.report, reportToJson(report)],
    [paths.summary, markdown],
  ] as const
  for (const [path, text] of texts) {
    if (path === undefined) continue
    await writeWhole(path, text).catch((error: unknown) => {
      log.line(
        `${path} could not be written: ${error instanceof Error ? error.message : String(error)}`,
      )
    })
  }
  if (!door.isAction) return
  const complaint = await appendJobSummary(markdown, env)
  if (complaint !== null) log.line(complaint)
  await annotate(annotationsOf(report))
  await writeOutputs({
    outcome: report.outcome,
    applied: versionsThat(report, ['applied']),
    pending: versionsThat(report, ['pending', 'not-run', 'waiting']),
    report: paths.report,
    summary: paths.summary,
    planDigest: report.planDigest,
    backupPath: report.backup?.path,
    backupSha256: report.backup?.sha256,
  })
}

const versionsThat = (report: Report, outcomes: readonly string[]) =>
  report.migrations
    .filter(({ outcome }) => outcomes.includes(outcome))
    .map(({ version }) => version)

async function pathsOf(
  door: Door,
  settings: Settings | undefined,
): Promise<{ report: string | undefined; summary: string | undefined }> {
  const given = {
    report: settings?.report ?? (door.given.report || undefined),
    summary: settings?.summary ?? (door.given.summary || undefined),
  }
  if (!door.isAction || (given.report !== undefined && given.summary !== undefined)) return given
  const temporary = await temporaryPaths(door.env)
  return { report: given.report ?? temporary.report, summary: given.summary ?? temporary.summary }
}
