import type { Step } from '../../plan/types.ts'
import { ServerError } from '../../postgres/server-error.ts'
import type { FileDirectives } from '../../runbook/types.ts'
import type { Statement } from '../../sql/types.ts'
import type { Run } from '../run.ts'
import type { Execute, Part } from './execute.ts'
import type { GaveWay } from './retry.ts'
import { keepTimeouts, setTimeouts, timeoutsOf, waitLimitsOf } from './timeouts.ts'
import { locksOfAttempt, takeLocks } from './up-front-locks.ts'

/** Told of the statement that runs now; undefined while none of the script's does. */
export type Told = (statement: Statement | undefined) => void

/** A transaction of a migration or of a rollback script. */
export interface Body {
  readonly step: Step
  /** Those of its file. */
  readonly directives: FileDirectives
  readonly locks: readonly Part[]
  readonly told: Told
}

/** The statements to send: the file's own BEGIN and COMMIT are issued by us, the latter after the journal row. */
export function bodyOf(step: Step): Step['statements'] {
  return step.statements.filter(
    ({ statement }) => !['begin', 'commit', 'rollback'].includes(statement.transaction.type),
  )
}

/** A step of one statement takes that statement's directives as its own. */
export function onlyDirectives(step: Step) {
  return bodyOf(step).length === 1 ? bodyOf(step)[0]?.directives : undefined
}

/** Locks that are taken before the first statement, on behalf of the first that needs one: it is blamed when they are not to be had. */
export function lockParts(run: Run, step: Step, gaveWay: GaveWay | null): readonly Part[] {
  const locks = locksOfAttempt(step, gaveWay, run.settings.blockTimeout)
  const statement = step.locksUpFront?.statement ?? null
  return locks.length === 0 ? [] : [{ text: takeLocks(locks), statement }]
}

/** Sends locks and statements one after the other, each under its own timeouts. Its transaction is open already. */
export async function sendInTurn(run: Run, body: Body, execute: Execute): Promise<void> {
  const { step, directives, locks, told } = body
  for (const { text, statement } of locks) {
    if (statement === null) continue
    told(statement)
    await execute(statement, waitLimitsOf(step, run.settings, directives, undefined), text)
  }
  for (const planned of bodyOf(step)) {
    told(planned.statement)
    await withStatementTimeouts(run, body, planned, async () => {
      const limits = waitLimitsOf(step, run.settings, directives, planned.directives)
      await execute(planned.statement, limits)
    })
  }
  told(undefined)
}

async function withStatementTimeouts(
  run: Run,
  { step, directives: file }: Body,
  planned: Step['statements'][number],
  body: () => Promise<void>,
): Promise<void> {
  const { directives } = planned
  const special = directives.lockTimeout ?? directives.statementTimeout
  const { worker } = run.connections
  const wanted = timeoutsOf(step, run.settings, file, directives)
  if (special === undefined || bodyOf(step).length === 1) {
    await body()
    await keepTimeouts(run, planned.statement, wanted)
    return
  }
  const base = timeoutsOf(step, run.settings, file, undefined)
  await worker.simple(setTimeouts(wanted, base, new Set()))
  await body()
  await worker.simple(setTimeouts(base, wanted, new Set()))
  await keepTimeouts(run, planned.statement, base)
}

const rowOps: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge', 'copy'])

/** A deferred constraint says which table it is about, not which statement broke it: the last that wrote there, else the last that wrote. */
export function lastToTouch(step: Step, error: unknown): Statement | undefined {
  const table = error instanceof ServerError ? error.table : undefined
  const statements = bodyOf(step).map(({ statement }) => statement)
  const writes = (name?: string) => (statement: Statement) =>
    statement.effects.some(
      ({ op, object }) => rowOps.has(op) && (name === undefined || object.name === name),
    )
  return (
    (table === undefined ? undefined : statements.findLast(writes(table))) ??
    statements.findLast(writes()) ??
    statements.at(-1)
  )
}
