import { settingItems } from '../setting.ts'
import type { VariableSetStmt } from '../tree/types.ts'
import type { Effect } from '../types.ts'
import { effect, type Family, globalRef } from './effect.ts'

export const settings: Family = {
  VariableSetStmt: (fields) => {
    const transaction = fields.kind === 'VAR_SET_MULTI'
    if (transaction) return []
    const scope = fields.is_local === true ? 'LOCAL' : 'SESSION'
    const { change, to } = settingChange(fields)
    const made = to === undefined ? { change: change ?? '' } : { change: scope, to }
    return [effect('set', globalRef('parameter', fields.name ?? 'ALL'), made)]
  },
  DiscardStmt: (fields) => [
    effect('set', globalRef('parameter', 'ALL'), {
      change: (fields.target ?? 'DISCARD_ALL').replace('_', ' '),
    }),
  ],
}

/** 'SET work_mem' with its value, 'RESET work_mem', 'RESET ALL'. */
export function settingChange(fields: VariableSetStmt | undefined): Pick<Effect, 'change' | 'to'> {
  const name = fields?.name ?? 'ALL'
  if (fields?.kind === 'VAR_SET_CURRENT') return { change: `SET ${name} FROM CURRENT` }
  if (fields?.kind !== 'VAR_SET_VALUE') return { change: `RESET ${name}` }
  return { change: `SET ${name}`, to: settingItems(fields).join(', ') }
}
