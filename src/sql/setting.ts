import { UNITS } from '../runbook/duration.ts'
import { descendantsOf } from './tree/descendants.ts'
import { readByType } from './tree/node.ts'
import type { ByType, FuncCall, VariableSetStmt } from './tree/types.ts'
import { constantText, textsOf } from './tree/value.ts'
import type { Node } from './types.ts'

/** A session parameter that a statement sets or gives back to its default. */
export interface SessionSetting {
  /** Lower case; null for RESET ALL and DISCARD ALL. */
  readonly name: string | null
  /** As written; null for DEFAULT and RESET, and where the value is computed. */
  readonly value: string | null
  /** What SET lists, each item as it is; null for set_config(), whose one text the parameter itself takes apart. */
  readonly items: readonly string[] | null
  readonly kind: 'set' | 'reset' | 'computed'
  /** It ends with the transaction. */
  readonly local: boolean
}

/**
 * The parameters that a statement sets: SET, RESET, DISCARD ALL and `SELECT set_config(…)` with
 * constant arguments.
 */
export function sessionSettings(node: Node): readonly SessionSetting[] {
  return readByType(READERS, node) ?? []
}

const READERS: ByType<readonly SessionSetting[]> = {
  VariableSetStmt: variableSet,
  DiscardStmt: ({ target }) => (target === 'DISCARD_ALL' ? [reset(null, false)] : []),
  SelectStmt: (fields) => [...descendantsOf(fields, 'FuncCall')].flatMap(configCall),
}

function variableSet(fields: VariableSetStmt): readonly SessionSetting[] {
  const local = fields.is_local === true
  const name = fields.name?.toLowerCase() ?? null
  switch (fields.kind) {
    case 'VAR_SET_VALUE': {
      const items = settingItems(fields)
      return [{ name, value: items.join(', '), items, kind: 'set', local }]
    }
    case 'VAR_SET_DEFAULT':
    case 'VAR_RESET':
      return [reset(name, local)]
    case 'VAR_RESET_ALL':
      return [reset(null, local)]
    default:
      return []
  }
}

function reset(name: string | null, local: boolean): SessionSetting {
  return { name, value: null, items: null, kind: 'reset', local }
}

/** What `SET name TO a, 'b'` lists. SET TIME ZONE INTERVAL '1' HOUR gives a cast instead of a constant. */
export function settingItems({ args = [] }: VariableSetStmt): readonly string[] {
  return args.flatMap((arg) => constantText(arg) ?? [])
}

function configCall({ funcname, args = [] }: FuncCall): readonly SessionSetting[] {
  const [name = null, value = null, isLocal = null] = args.map(constantText)
  if (textsOf(funcname).at(-1) !== 'set_config' || name === null) return []
  const kind = value === null ? 'computed' : 'set'
  return [{ name: name.toLowerCase(), value, items: null, kind, local: isLocal === 'true' }]
}

/**
 * A timeout's value in milliseconds as Postgres reads it (a bare number is milliseconds, units are
 * case-sensitive, the result is rounded), or null when it isn't a duration.
 */
export function timeoutMilliseconds(value: string): number | null {
  const match = /^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([a-z]*)\s*$/.exec(value)
  const unit = match?.[2] === '' ? 1 : UNITS[match?.[2] ?? '']
  return match === null || unit === undefined ? null : Math.round(Number(match[1]) * unit)
}
