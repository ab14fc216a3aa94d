import { quoteIdentifier, quoteLiteral } from '../identifier.ts'
import { fieldsOf } from './node.ts'
import type { TreeNode, TypeName } from './types.ts'
import { textOf, textsOf } from './value.ts'

/** Names of pg_type that format_type() spells otherwise. `char` in quotes is a type of its own, hence absent. */
const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ['bool', 'boolean'],
  ['bit', 'bit'],
  ['float4', 'real'],
  ['float8', 'double precision'],
  ['int2', 'smallint'],
  ['int4', 'integer'],
  ['int8', 'bigint'],
  ['interval', 'interval'],
  ['numeric', 'numeric'],
  ['time', 'time without time zone'],
  ['timetz', 'time with time zone'],
  ['timestamp', 'timestamp without time zone'],
  ['timestamptz', 'timestamp with time zone'],
  ['varbit', 'bit varying'],
  ['varchar', 'character varying'],
])

/** Columns of these types are an integer with a sequence of their own. */
export const SERIAL_TYPES: ReadonlyMap<string, string> = new Map([
  ['smallserial', 'smallint'],
  ['serial2', 'smallint'],
  ['serial', 'integer'],
  ['serial4', 'integer'],
  ['bigserial', 'bigint'],
  ['serial8', 'bigint'],
])

/** Bits of INTERVAL_MASK (utils/timestamp.h) as the grammar combines them. */
const INTERVAL_FIELDS: ReadonlyMap<number, string> = new Map([
  [4, 'year'],
  [2, 'month'],
  [8, 'day'],
  [1024, 'hour'],
  [2048, 'minute'],
  [4096, 'second'],
  [6, 'year to month'],
  [1032, 'day to hour'],
  [3080, 'day to minute'],
  [7176, 'day to second'],
  [3072, 'hour to minute'],
  [7168, 'hour to second'],
  [6144, 'minute to second'],
])

/**
 * A type in words as format_type() prints it: 'integer', 'numeric(10,2)', 'timestamp(3) with time zone', 'text[]'.
 * A type outside pg_catalog is spelled as written, quoted where it must be: whether it needs its schema depends on the search path.
 */
export function typeWords(typeName: TypeName | undefined): string {
  if (typeName === undefined) return ''
  const parts = textsOf(typeName.names)
  const set = typeName.setof === true ? 'SETOF ' : ''
  if (typeName.pct_type === true) return `${set}${parts.map(quoteIdentifier).join('.')}%TYPE`
  const dimensions = (typeName.arrayBounds ?? []).length > 0 ? '[]' : ''
  return `${set}${elementWords(parts, typeName.typmods ?? [])}${dimensions}`
}

function elementWords(parts: readonly string[], modifiers: readonly TreeNode[]): string {
  const name = parts.at(-1) ?? ''
  const inCatalog = parts.length === 1 || (parts.length === 2 && parts[0] === 'pg_catalog')
  if (!inCatalog) return parts.map(quoteIdentifier).join('.') + modifierWords(modifiers)
  if (name === 'bpchar') {
    return modifiers.length === 0 ? 'bpchar' : `character${modifierWords(modifiers)}`
  }
  if (name === 'interval') return intervalWords(modifiers)
  if (name === 'numeric' && modifiers.length === 1) return `numeric(${textOf(modifiers[0])},0)`
  if (name === 'bit' && modifiers.length === 0) return '"bit"'
  const spelling = SPELLINGS.get(name)
  if (spelling === undefined) return quoteIdentifier(name) + modifierWords(modifiers)
  const [first = '', ...rest] = spelling.split(' ')
  return /^time(stamp)?$/.test(first)
    ? [first + modifierWords(modifiers), ...rest].join(' ')
    : spelling + modifierWords(modifiers)
}

function modifierWords(modifiers: readonly TreeNode[]): string {
  return modifiers.length === 0 ? '' : `(${modifiers.map(modifierText).join(',')})`
}

/** PostGIS writes geometry(Point,4326): its first modifier is a column reference to the parser. */
function modifierText(modifier: TreeNode): string {
  const column = fieldsOf(modifier, 'ColumnRef')
  if (column !== undefined) return textsOf(column.fields).map(quoteIdentifier).join('.')
  const text = textOf(modifier) ?? ''
  return fieldsOf(modifier, 'A_Const')?.sval === undefined ? text : quoteLiteral(text)
}

function intervalWords(modifiers: readonly TreeNode[]): string {
  const fields = INTERVAL_FIELDS.get(Number(textOf(modifiers[0]) ?? -1))
  const precision = modifiers[1] === undefined ? '' : `(${textOf(modifiers[1])})`
  return `interval${fields === undefined ? '' : ` ${fields}`}${precision}`
}
