import { fieldsOf } from '../tree/node.ts'
import { nodesIn, type PlpgsqlFields } from '../tree/plpgsql.ts'
import type { Node } from '../types.ts'
import { type Guard, otherGuard } from './guard.ts'

/** The conditions of an exception handler, in words. */
export function conditionsOf({ conditions = [] }: PlpgsqlFields): readonly string[] {
  return conditions.map(
    (condition) => fieldsOf(condition, 'PLpgSQL_condition')?.condname ?? 'others',
  )
}

/** Condition names of errcodes.txt and their SQLSTATEs: already there, and not there. */
const DUPLICATE = /^(?:duplicate_\w+|42710|42P0[3-7]|42701|42723)$/i
const UNDEFINED = /^(?:undefined_\w+|invalid_schema_name|42704|42P01|42703|42883|3F000)$/i

/**
 * The guard that a block's handlers put before its statements. Only one statement with one outcome is certain: of several, the first
 * that is there already keeps the rest from running.
 */
export function protectionOf(
  handlers: readonly PlpgsqlFields[],
  body: readonly Node[],
): readonly Guard[] {
  const swallowing = handlers.filter((handler) => !nodesIn(handler.action).some(raisesError))
  const conditions = swallowing.flatMap(conditionsOf)
  if (conditions.length === 0) return []
  const words = `EXCEPTION WHEN ${conditions.join(' OR ')}`
  if (body.length > 1) return [otherGuard(`${words}, with other statements`)]
  if (conditions.every((name) => DUPLICATE.test(name))) {
    return [{ type: 'handler', swallows: 'duplicate' }]
  }
  if (conditions.every((name) => UNDEFINED.test(name))) {
    return [{ type: 'handler', swallows: 'undefined' }]
  }
  return [otherGuard(words)]
}

/** RAISE without a level below ERROR (21, elog.h), and a bare RAISE, pass the error on. */
function raisesError(statement: Node): boolean {
  const raise = fieldsOf(statement, 'PLpgSQL_stmt_raise')
  return raise !== undefined && (raise.elog_level ?? 21) >= 21
}
