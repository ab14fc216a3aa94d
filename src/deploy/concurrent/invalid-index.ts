import { readBuilders, readIndexByOid, type StandingIndex } from '../../observe/index-builds.ts'
import { ServerError } from '../../postgres/server-error.ts'
import { sqlstate } from '../../postgres/sqlstate.ts'
import type { Session } from '../../postgres/types.ts'
import { lockSessionText } from '../../report/lock-session-text.ts'
import type { Place } from '../../report/refusal.ts'
import { StepFailure } from '../failure.ts'
import { Cancelled, type Run } from '../run.ts'
import { whileCancellable } from '../stop/cancelling.ts'

/** An INVALID index that could not be dropped. */
export interface StayingIndex {
  /** Qualified and quoted, as SQL writes it. */
  readonly name: string
  /** 'another session has the table open': why it stays. */
  readonly why: string
  /** 55P03 where it can be dropped later on. */
  readonly sqlstate: string
}

/** A drop that waits for nobody needs less. */
const leastPatienceMs = 100

/**
 * Drops an INVALID index concurrently, whoever left it: the one way to do it. Not while another session builds, rebuilds or drops it, and not one that has
 * become valid meanwhile; within `patienceMs`, for dropping waits for everybody who has the table open; a request to stop cancels it as it cancels what
 * `run` does (asUndo, asCleanUp). The session's timeouts are the same afterwards. Null when it is gone, else why it stays.
 * Errors: ServerError where the connection is lost, or the server can't be asked.
 */
export async function dropInvalidIndex(
  run: Run,
  { oid, tableOid, name }: Pick<StandingIndex, 'oid' | 'tableOid' | 'name'>,
  patienceMs: number,
): Promise<StayingIndex | null> {
  const { worker } = run.connections
  const later = { name, sqlstate: sqlstate.lockNotAvailable }
  const busy = await indexBusy(run, { oid, tableOid, name })
  if (busy !== null) return busy
  // Asked after the builders: one that has ended just now has made it valid.
  const found = await readIndexByOid(worker, oid)
  if (found === null) return null
  if (found.valid) return { ...later, why: 'it has become valid meanwhile' }
  const had = await timeoutsNow(worker)
  const failure = await drop(run, found.name, Math.max(leastPatienceMs, Math.round(patienceMs)))
  await setTimeouts(worker, had)
  if (failure === null) return null
  if (failure instanceof Cancelled) return { ...later, why: 'the run was asked to stop' }
  return waitedTooLong.has(failure.code)
    ? {
        ...later,
        why: 'another session has the table open, so that it could not be dropped in time',
      }
    : { name, sqlstate: failure.code, why: failure.message }
}

/** Why an INVALID index may not be dropped now: another session works on it, whose build it may be. Null where nobody does. */
export async function indexBusy(
  run: Run,
  { oid, tableOid, name }: Pick<StandingIndex, 'oid' | 'tableOid' | 'name'>,
): Promise<StayingIndex | null> {
  const ours = [run.connections.worker.backendPid]
  const builders = await readBuilders(run.observer, { oid, tableOid }, ours)
  if (builders.length === 0) return null
  const why = `another session works on it: ${builders.map(lockSessionText).join('; ')}`
  return { name, why, sqlstate: sqlstate.lockNotAvailable }
}

const waitedTooLong: ReadonlySet<string> = new Set([
  sqlstate.lockNotAvailable,
  sqlstate.queryCanceled,
  sqlstate.deadlockDetected,
])

async function drop(
  run: Run,
  name: string,
  patienceMs: number,
): Promise<ServerError | Cancelled | null> {
  const { worker } = run.connections
  try {
    await whileCancellable(run, async () => {
      await setTimeouts(worker, { lock: `${patienceMs}ms`, statement: `${patienceMs}ms` })
      await worker.simple(`drop index concurrently if exists ${name}`)
    })
    return null
  } catch (error) {
    const isAnswer = error instanceof Cancelled || (error instanceof ServerError && !error.lost)
    if (!isAnswer) throw error
    return error
  }
}

interface SessionTimeouts {
  readonly lock: string
  readonly statement: string
}

async function timeoutsNow(worker: Session): Promise<SessionTimeouts> {
  const [now] = await worker.rows<{ readonly lock: string; readonly statement: string }>(
    `select pg_catalog.current_setting('lock_timeout') as lock, pg_catalog.current_setting('statement_timeout') as statement`,
  )
  if (now === undefined) throw new Error('no row of settings')
  return now
}

async function setTimeouts(worker: Session, { lock, statement }: SessionTimeouts): Promise<void> {
  await worker.rows(
    `select pg_catalog.set_config('lock_timeout', $1, false), pg_catalog.set_config('statement_timeout', $2, false)`,
    [lock, statement],
  )
}

/** What could not be dropped, as the failure of what can't go on without. */
export function indexStays(
  what: string,
  stays: readonly StayingIndex[],
  where?: Place,
): StepFailure {
  const lasting = stays.find((index) => index.sqlstate !== sqlstate.lockNotAvailable)
  return new StepFailure({
    message: `${what} ${stays.map(({ name }) => name).join(', ')}, which could not be dropped`,
    sqlstate: lasting?.sqlstate ?? sqlstate.lockNotAvailable,
    detail: stayingText(stays),
    why: 'It is INVALID, and nothing goes on before it is dropped; dropping an index concurrently waits for everybody who has its table open.',
    fix: `Deploy again when they have ended. By hand: ${dropsByHand(stays)}`,
    ...(where === undefined ? {} : { where }),
  })
}

/** 'public.i: another session has the table open, …' */
export function stayingText(stays: readonly StayingIndex[]): string {
  return stays.map(({ name, why }) => `${name}: ${why}`).join('; ')
}

export function dropsByHand(stays: readonly StayingIndex[]): string {
  return stays.map(({ name }) => `DROP INDEX CONCURRENTLY ${name};`).join(' ')
}
