import type { RangeVar } from '../tree/types.ts'
import type { Effect } from '../types.ts'

/** Temporary objects vanish with the session, those ON COMMIT DROP with the transaction. */
export function temporaryOf(
  relation: RangeVar | undefined,
  onCommit: string | undefined = undefined,
): Partial<Effect> {
  const temporary = relation?.relpersistence === 't' || /^pg_temp/.test(relation?.schemaname ?? '')
  if (!temporary) return {}
  return onCommit === 'ONCOMMIT_DROP' ? { temporary, onCommitDrop: true } : { temporary }
}
