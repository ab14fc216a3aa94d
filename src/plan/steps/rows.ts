import { hasSubtransactions } from '../../sql/do-block.ts'
import { transactionControl } from '../../sql/transaction-control.ts'
import type { Effect, ObjectRef } from '../../sql/types.ts'
import { changesRows } from '../row-changes.ts'
import type { PlannedStatement, Step } from '../types.ts'

const rowKinds: ReadonlySet<string> = new Set(['DO', 'CALL', 'CREATE TABLE AS', 'SELECT INTO'])

/**
 * Whether the counters need reading: 'none' when nothing can touch rows; 'at-most' when a savepoint
 * or an exception block may roll some back, since rolled-back rows count too.
 */
export function rowCertainty(statements: readonly PlannedStatement[]): Step['rows'] {
  if (!statements.some(mayTouchRows)) return 'none'
  return statements.some(rollsPartsBack) ? 'at-most' : 'exact'
}

function mayTouchRows({ statement }: PlannedStatement): boolean {
  return (
    rowKinds.has(statement.kind) ||
    statement.effects.some(({ op }) => op === 'unknown' || changesRows(op))
  )
}

function rollsPartsBack({ statement }: PlannedStatement): boolean {
  if (statement.kind === 'DO') return hasSubtransactions(statement.node)
  return transactionControl(statement.node)?.verb === 'savepoint'
}

/** Tables that lose their rows to TRUNCATE, DROP TABLE or DETACH; those made in the same step have none to lose. */
export function tablesLosingRows(statements: readonly PlannedStatement[]): Step['removesRowsOf'] {
  const losing: Step['removesRowsOf'][number][] = []
  const created = new Set<string>()
  for (const effect of statements.flatMap(({ statement }) => statement.effects)) {
    if (effect.op === 'create' && effect.object.kind === 'table' && !effect.ifNotExists) {
      created.add(nameKey(effect.object))
    }
    const loss = lossOf(effect)
    if (loss === null || created.has(nameKey(loss.table))) continue
    losing.push(loss)
  }
  return losing
}

function lossOf({
  op,
  object,
  partition,
  temporary,
}: Effect): Step['removesRowsOf'][number] | null {
  if (object.name === null || temporary === true) return null
  const table = { schema: object.schema, name: object.name }
  if (op === 'truncate') return { table, by: 'TRUNCATE' }
  if (op === 'drop' && object.kind === 'table') return { table, by: 'DROP TABLE' }
  if (op !== 'detach' || partition === undefined) return null
  return { table: { schema: partition.schema, name: partition.name }, by: 'DETACH PARTITION' }
}

function nameKey({ schema, name }: Pick<ObjectRef, 'schema' | 'name'>): string {
  return JSON.stringify([schema, name])
}
