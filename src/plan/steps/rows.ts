import { hasSubtransactions } from '../../sql/do-block.ts'
import { transactionControl } from '../../sql/transaction-control.ts'
import type { Effect, ObjectRef, QualifiedName } from '../../sql/types.ts'
import { maybeSameName, sameName } from '../object-key.ts'
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
    statement.effects.some(({ op }) => op === 'unknown' || op === 'refresh' || changesRows(op))
  )
}

function rollsPartsBack({ statement }: PlannedStatement): boolean {
  if (statement.kind === 'DO') return hasSubtransactions(statement.node)
  return transactionControl(statement.node)?.verb === 'savepoint'
}

/**
 * Tables that lose their rows to TRUNCATE, DROP TABLE or DETACH, by their names before the step, since they are counted then; those made in the
 * same step have none to lose.
 */
export function tablesLosingRows(statements: readonly PlannedStatement[]): Step['removesRowsOf'] {
  const losing: Step['removesRowsOf'][number][] = []
  const created = new Set<string>()
  const renamed: Renamed[] = []
  for (const effect of statements.flatMap(({ statement }) => statement.effects)) {
    if (effect.op === 'create' && effect.object.kind === 'table' && !effect.ifNotExists) {
      created.add(nameKey(effect.object))
    }
    followRename(effect, renamed, created)
    const loss = lossOf(effect)
    if (loss === null || created.has(nameKey(loss.table))) continue
    losing.push({ ...loss, table: nameBefore(loss.table, renamed) })
  }
  return losing
}

interface Renamed {
  readonly before: QualifiedName
  readonly now: QualifiedName
}

function followRename({ op, object, to }: Effect, renamed: Renamed[], created: Set<string>): void {
  if (object.kind !== 'table' || object.name === null || to === undefined) return
  if (op !== 'rename' && op !== 'set schema') return
  const from = { schema: object.schema, name: object.name }
  const now = op === 'rename' ? { ...from, name: to } : { ...from, schema: to }
  if (created.delete(nameKey(from))) created.add(nameKey(now))
  else renamed.push({ before: nameBefore(from, renamed), now })
}

/** The latest rename counts; one whose schema is spelled otherwise only where none is spelled alike. */
function nameBefore(table: QualifiedName, renamed: readonly Renamed[]): QualifiedName {
  const found =
    renamed.findLast(({ now }) => sameName(now, table)) ??
    renamed.findLast(({ now }) => maybeSameName(now, table))
  return found?.before ?? table
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
