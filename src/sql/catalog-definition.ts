import { readConstraint } from './effects/constraint.ts'
import { readIndex } from './effects/index.ts'
import { readTrigger } from './effects/trigger.ts'
import { parseStatement } from './fragment.ts'
import { fieldsOf } from './tree/node.ts'
import type { ConstraintDefinition, IndexDefinition, TriggerDefinition } from './types.ts'

/**
 * What pg_get_constraintdef() prints, as a definition; null when it doesn't parse. The text doesn't always tell that a constraint isn't
 * valid (a foreign key on a partitioned table, before 18): look at convalidated too.
 */
export function parseConstraintDefinition(text: string): ConstraintDefinition | null {
  const statement = parseStatement(`ALTER TABLE t ADD CONSTRAINT c ${text}`)
  const [command] = fieldsOf(statement, 'AlterTableStmt')?.cmds ?? []
  const constraint = fieldsOf(fieldsOf(command, 'AlterTableCmd')?.def, 'Constraint')
  return constraint === undefined ? null : readConstraint(constraint)
}

/** What pg_get_indexdef() prints, as a definition; null when it doesn't parse. */
export function parseIndexDefinition(text: string): IndexDefinition | null {
  const fields = fieldsOf(parseStatement(text), 'IndexStmt')
  return fields === undefined ? null : readIndex(fields)
}

/** What pg_get_triggerdef() prints, as a definition; null when it doesn't parse. */
export function parseTriggerDefinition(text: string): TriggerDefinition | null {
  const fields = fieldsOf(parseStatement(text), 'CreateTrigStmt')
  return fields === undefined ? null : readTrigger(fields)
}
