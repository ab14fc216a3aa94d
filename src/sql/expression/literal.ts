import type { FieldsOf } from '../tree/types.ts'
import { intervalText } from './interval.ts'
import { NULL_TERM, type Term, term } from './term.ts'

export const NUMBER_TYPES: ReadonlySet<string> = new Set([
  'smallint',
  'integer',
  'bigint',
  'numeric',
  'real',
  'double precision',
])

export function readConstant(fields: FieldsOf<'A_Const'>): Term {
  if (fields.isnull === true) return NULL_TERM
  if (fields.ival !== undefined) return term('number', String(fields.ival.ival ?? 0))
  if (fields.fval !== undefined) return term('number', fields.fval.fval ?? '')
  if (fields.boolval !== undefined) return term('word', String(fields.boolval.boolval ?? false))
  if (fields.sval !== undefined) return term('string', fields.sval.sval ?? '')
  return term('word', bitString(fields.bsval?.bsval ?? ''))
}

function bitString(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}'${text.slice(1)}'`
}

/**
 * A cast. Of a string constant it gives the value that the server stores and prints: '-1'::integer is -1, 't'::boolean is true,
 * '90 minutes'::interval is '01:30:00'::interval.
 */
export function typedLiteral(type: string, value: Term): Term {
  if (value.form === 'number' && naturalType(value.text) === type) return value
  if (value.form !== 'string') return term('cast', type, [value])
  return literalOf(type, value.text)
}

function literalOf(type: string, text: string): Term {
  const trimmed = text.trim()
  if (NUMBER_TYPES.has(type) && /^[-+]?\d+(\.\d+)?$/.test(trimmed)) {
    const number = term('number', trimmed.replace(/^\+/, ''))
    return naturalType(number.text) === type ? number : term('cast', type, [number])
  }
  if (type === 'boolean') {
    const truth = booleanOf(trimmed.toLowerCase())
    if (truth !== null) return term('word', String(truth))
  }
  if (type === 'interval')
    return term('cast', type, [term('string', intervalText(trimmed) ?? text)])
  return term('cast', type, [term('string', text)])
}

/** The type that the grammar gives a bare number: integer, bigint, else numeric. */
function naturalType(text: string): string {
  if (!/^-?\d+$/.test(text)) return 'numeric'
  const value = BigInt(text)
  if (value >= -(2n ** 31n) && value < 2n ** 31n) return 'integer'
  return value >= -(2n ** 63n) && value < 2n ** 63n ? 'bigint' : 'numeric'
}

function booleanOf(text: string): boolean | null {
  if (['t', 'true', 'y', 'yes', 'on', '1'].includes(text)) return true
  if (['f', 'false', 'n', 'no', 'off', '0'].includes(text)) return false
  return null
}
