import type { PlanNote } from '../../report/types.ts'
import { holdsKeyRange, parameterNumbers, walkableKind } from '../../sql/key-range.ts'
import { type SessionSetting, sessionSettings, timeoutMilliseconds } from '../../sql/setting.ts'
import { transactionControl } from '../../sql/transaction-control.ts'
import type { Script } from '../../sql/types.ts'
import { refusalAt } from '../refusal-at.ts'
import type { PlannedStatement } from '../types.ts'

const timeouts: ReadonlySet<string> = new Set([
  'lock_timeout',
  'statement_timeout',
  'idle_in_transaction_session_timeout',
  'transaction_timeout',
])

/**
 * What holds for each statement wherever it stands: timeouts stay set, `$n` belong to batches,
 * a prepared transaction can't be journaled.
 * @throws Refusal at the statement's place.
 */
export function checkStatement(script: Script, planned: PlannedStatement): readonly PlanNote[] {
  checkPrepare(script, planned)
  checkParameters(script, planned)
  return sessionSettings(planned.statement.node).flatMap((setting) =>
    checkSetting(script, planned, setting),
  )
}

function checkSetting(
  script: Script,
  { statement }: PlannedStatement,
  { name, value, kind, local }: SessionSetting,
): readonly PlanNote[] {
  const { where } = statement
  if (name === null) {
    const message = `${statement.kind} takes role, search_path and timeouts back to the server's defaults for the rest of the file`
    return [{ id: 'reset-session', severity: 'warning', message, where }]
  }
  if (!timeouts.has(name)) return []
  if (kind === 'reset' && name !== 'transaction_timeout') {
    throw refusalAt(script, where, {
      what: `${name} is taken back to the server's default`,
      why: 'that default is usually 0, and a statement without a timeout can keep the application waiting for ever',
      fix: `set ${name} to the time that the file needs, or leave it out: the run's own timeouts hold`,
    })
  }
  if (value !== null && name !== 'transaction_timeout' && timeoutMilliseconds(value) === 0) {
    throw refusalAt(script, where, {
      what: `${name} is set to 0`,
      why: '0 turns the timeout off, and a statement without one can keep the application waiting for ever',
      fix: `set ${name} to the time that the file needs, or remove the statement: the run's own timeouts hold`,
    })
  }
  const until = local ? 'until its transaction ends' : 'for the rest of the file'
  const shown = value ?? 'a computed value'
  const message = `${name} is ${shown} ${until}, instead of the run's own`
  return [{ id: 'set-timeout', severity: 'info', message, where }]
}

function checkPrepare(script: Script, { statement }: PlannedStatement): void {
  if (transactionControl(statement.node)?.verb !== 'prepare') return
  throw refusalAt(script, statement.where, {
    what: 'PREPARE TRANSACTION in a migration',
    why: 'the journal row can only commit together with the transaction that it records',
    fix: 'end the transaction with COMMIT',
  })
}

function checkParameters(script: Script, { statement, directives }: PlannedStatement): void {
  const numbers = parameterNumbers(statement.node)
  const { batch } = directives
  if (batch === undefined) {
    if (numbers.size === 0) return
    throw refusalAt(script, statement.where, {
      what: `the statement refers to a parameter ($${[...numbers].join(', $')})`,
      why: 'only a batched statement has parameters: the bounds of its key range',
      fix: 'put `-- airlock: batch key=… todo="…" size=…` directly above it, or write the value itself',
    })
  }
  const columns = batch.key.length
  const range = keyRange(batch.key)
  if (walkableKind(statement.node) === null) {
    throw refusalAt(script, statement.where, {
      what: `${statement.kind} can't be run in batches`,
      why: 'a batch is an UPDATE, a DELETE or an INSERT … SELECT over a range of keys',
      fix: 'remove the batch directive, or write the change as one of these',
    })
  }
  if (!holdsKeyRange(statement.node, batch.key)) {
    throw refusalAt(script, statement.where, {
      what: `the batched statement doesn't hold ${range}`,
      why: 'each batch is one range of keys, whose bounds are bound as parameters',
      fix: `add \`${range}\` to its WHERE, joined by AND`,
    })
  }
  const foreign = [...numbers].filter((number) => number > 2 * columns)
  if (foreign.length === 0) return
  throw refusalAt(script, statement.where, {
    what: `the batched statement refers to $${foreign.join(', $')}`,
    why: `its key has ${columns} column${columns === 1 ? '' : 's'}, so there are the parameters $1 to $${2 * columns} only`,
    fix: 'write the value itself',
  })
}

/** `id > $1 AND id <= $2`; `(a, b) > ($1, $2) AND (a, b) <= ($3, $4)`. */
function keyRange(key: readonly string[]): string {
  const parameters = (first: number) => key.map((_, index) => `$${first + index}`)
  const row = (parts: readonly string[]) =>
    parts.length === 1 ? parts.join('') : `(${parts.join(', ')})`
  return `${row(key)} > ${row(parameters(1))} AND ${row(key)} <= ${row(parameters(1 + key.length))}`
}
