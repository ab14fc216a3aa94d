import type { Place } from '../report/refusal.ts'
import type { PlanNote } from '../report/types.ts'
import type { FileDirectives } from '../runbook/types.ts'
import { isOwned } from '../sql/owned-kind.ts'
import type { Effect, ObjectRef } from '../sql/types.ts'
import { objectKey, ownerName } from './object-key.ts'
import { describeObject } from './object-words.ts'
import type { Step } from './types.ts'

/**
 * What no SQL can undo, before anything runs: lost rows and columns, enum values, sequence
 * positions. With `rollback=none` one note repeats the reason.
 */
export function irreversibleNotes(
  steps: readonly Step[],
  directives: Pick<FileDirectives, 'rollback'>,
  file: string,
): readonly PlanNote[] {
  if (directives.rollback !== undefined) {
    const where = { file, line: 1, column: 1 }
    const message = `not meant to be undone: ${directives.rollback.reason}`
    return [{ id: 'irreversible', severity: 'info', message, where }]
  }
  const made = new Set<string>()
  const notes: PlanNote[] = []
  for (const { statement } of steps.flatMap(ranStatements)) {
    for (const effect of statement.effects) {
      if (effect.op === 'create' && !effect.ifNotExists) made.add(objectKey(effect.object))
      if (effect.temporary === true || isMadeHere(effect.object, made)) continue
      const lost = lossOf(effect)
      if (lost !== null) notes.push(irreversible(lost, statement.where))
    }
  }
  return unique(notes)
}

function ranStatements({ statements, rollsBack }: Step): Step['statements'] {
  return rollsBack === true ? [] : statements
}

/** What a file makes itself holds nothing from before; an enum value counts as made only with its type. */
function isMadeHere(object: ObjectRef, made: ReadonlySet<string>): boolean {
  if (object.kind !== 'enum value' && made.has(objectKey(object))) return true
  const { table } = object
  if (table === undefined || !isOwned(object.kind)) return false
  return (['table', 'type'] as const).some((kind) => made.has(objectKey({ kind, ...table })))
}

function lossOf({ op, object, change, column, cascade }: Effect): string | null {
  const what = describeObject(object)
  switch (op) {
    case 'update':
    case 'merge':
      return `the values that ${op === 'merge' ? 'MERGE' : 'UPDATE'} replaces in ${what} are not kept`
    case 'delete':
      return `the rows that DELETE removes from ${what} are not kept`
    case 'truncate':
      return `the rows that TRUNCATE removes from ${what} are not kept`
    case 'set':
      return object.kind === 'sequence' ? `the position of ${what} is not kept` : null
    case 'create':
      return object.kind === 'enum value' ? `${what} can't be removed again` : null
    case 'drop':
      return dropLoss(object, cascade === true)
    case 'alter':
      if (object.kind === 'sequence' && /restart/i.test(change ?? '')) {
        return `the position of ${what} is not kept`
      }
      return column?.type === undefined
        ? null
        : `${what}: values that ${column.type} can't hold as they were are not kept`
    default:
      return null
  }
}

function dropLoss(object: ObjectRef, cascade: boolean): string | null {
  const what = describeObject(object)
  switch (object.kind) {
    case 'table':
    case 'column':
      return `the data of ${what} is not kept`
    case 'sequence':
      return `the position of ${what} is not kept`
    case 'database':
    case 'role':
    case 'subscription':
    case 'large object':
      return `${what} can't be made again as it was`
    default:
      return cascade && ownerName(object) !== null
        ? `what CASCADE takes along with ${what} is not known`
        : null
  }
}

function irreversible(message: string, where: Place): PlanNote {
  return { id: 'irreversible', severity: 'warning', message, where }
}

function unique(notes: readonly PlanNote[]): readonly PlanNote[] {
  const seen = new Set<string>()
  return notes.filter(({ message, where }) => {
    const key = JSON.stringify([message, where])
    return !seen.has(key) && seen.add(key)
  })
}
