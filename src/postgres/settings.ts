import pg from 'pg'
import { ServerError } from './server-error.ts'
import { silenceSettings } from './silence-settings.ts'
import { sqlstate } from './sqlstate.ts'
import type { Session, SessionSetting, TimeoutSettings } from './types.ts'

export interface WorkerSettings extends TimeoutSettings {
  /** SET ROLE for the migrations. */
  readonly role?: string
  /** As written after SET search_path TO; absent: the role's or the database's own. */
  readonly searchPath?: string
  readonly applicationName: string
}

/**
 * The worker as new, between migrations: ROLLBACK if a transaction is open, DISCARD ALL (which goes back to start-up values), then our settings and
 * the values that the server has made of them. One round trip of two messages, as DISCARD ALL allows no company in its own.
 */
export async function resetWorker(
  worker: Session,
  settings: WorkerSettings,
): Promise<readonly SessionSetting[]> {
  if (worker.transaction !== 'idle') await worker.simple('ROLLBACK')
  return applySettings(worker, settings, ['DISCARD ALL'])
}

/** The same without DISCARD ALL, for a session just made: one round trip. */
export async function applyWorkerSettings(
  worker: Session,
  settings: WorkerSettings,
): Promise<readonly SessionSetting[]> {
  return applySettings(worker, settings, [])
}

async function applySettings(
  worker: Session,
  settings: WorkerSettings,
  before: readonly string[],
): Promise<readonly SessionSetting[]> {
  const wanted = [...workerSettings(settings), ...withoutLimits(worker.serverMajor)]
  try {
    return await setAndReadBack(worker, [...wanted, checkInterval], before)
  } catch (error) {
    const unable = error instanceof ServerError && error.code === sqlstate.invalidParameterValue
    if (!unable) throw error
    return await setAndReadBack(worker, wanted, before)
  }
}

/** Limits that a database or role may have set for its application would end the worker between or during long steps, which have their own. */
function withoutLimits(major: number): readonly Wanted[] {
  const names = ['idle_session_timeout', ...(major >= 17 ? ['transaction_timeout'] : [])]
  return names.map((name) => ({ name, value: '0' }))
}

/** A server whose platform can't check whether its client is still there (22023) is left without. */
const checkInterval: Wanted = { name: 'client_connection_check_interval', value: '500ms' }

async function setAndReadBack(
  worker: Session,
  wanted: readonly Wanted[],
  before: readonly string[],
): Promise<readonly SessionSetting[]> {
  const silence = Object.entries(silenceSettings).map(([name, value]) => ({ name, value }))
  const statements = [...silence, ...wanted].flatMap(setStatement)
  const message = [...statements, readBackQuery(wanted)].join('; ')
  const answers = await worker.simpleTogether([...before, message])
  const values = answers.at(-1)?.at(-1)?.rows[0] ?? []
  return wanted.map(({ name, value }, index) => ({
    name,
    set: value ?? '(as configured)',
    readBack: values[index] ?? '',
  }))
}

interface Wanted {
  readonly name: string
  /** Null: only read. */
  readonly value: string | null
}

function workerSettings(settings: WorkerSettings): readonly Wanted[] {
  return [
    { name: 'role', value: settings.role ?? null },
    { name: 'search_path', value: settings.searchPath ?? null },
    { name: 'lock_timeout', value: milliseconds(settings.lockTimeout) },
    { name: 'statement_timeout', value: milliseconds(settings.statementTimeout) },
    {
      name: 'idle_in_transaction_session_timeout',
      value: milliseconds(settings.idleInTransactionTimeout),
    },
    { name: 'TimeZone', value: 'UTC' },
    { name: 'row_security', value: 'on' },
    { name: 'standard_conforming_strings', value: 'on' },
    { name: 'client_min_messages', value: 'notice' },
    { name: 'application_name', value: settings.applicationName },
  ]
}

function milliseconds(value: number): string {
  return `${Math.round(value)}ms`
}

/** SET search_path takes a list, everything else one value. */
function setStatement({ name, value }: Wanted): string[] {
  if (value === null) return []
  return name === 'search_path'
    ? [`SET search_path TO ${value}`]
    : [`SET ${name} TO ${pg.escapeLiteral(value)}`]
}

function readBackQuery(wanted: readonly Wanted[]): string {
  const values = wanted.map(({ name }) => `pg_catalog.current_setting(${pg.escapeLiteral(name)})`)
  return `SELECT ${values.join(', ')}`
}

/** SQL that sets the budget of a step: `concurrent-timeout` as both, for what waits for others by nature. */
export function timeoutStatements(
  budget: Pick<TimeoutSettings, 'lockTimeout' | 'statementTimeout'>,
): string {
  return `SET lock_timeout TO '${milliseconds(budget.lockTimeout)}'; SET statement_timeout TO '${milliseconds(budget.statementTimeout)}'`
}

/** Inside a transaction: gone with it. */
export function localTimeoutStatements(
  budget: Pick<TimeoutSettings, 'lockTimeout' | 'statementTimeout'>,
): string {
  return timeoutStatements(budget).replaceAll('SET ', 'SET LOCAL ')
}
