import { quoteIdentifier } from '../../sql/identifier.ts'
import { allRows, samplesOf, tableWords } from './sample.ts'
import type { Derived, KnownRelation } from './types.ts'

const integers: ReadonlyMap<string, Bounds> = new Map([
  ['smallint', ['-32768', '32767']],
  ['integer', ['-2147483648', '2147483647']],
  ['bigint', ['-9223372036854775808', '9223372036854775807']],
])

/**
 * Values that ALTER COLUMN … TYPE could not convert, where a query can tell: numbers out of range, text that is too long, and with USING column::type text
 * that is no value of the type (pg_input_is_valid, PostgreSQL 16).
 */
export function typeCheck(
  demand: { readonly column: string; readonly type: string; readonly using: string | null },
  table: KnownRelation,
  only: boolean,
  serverMajor: number,
): Derived {
  const { column, type, using } = demand
  const from = table.columns.find(({ name }) => name === column)?.type ?? ''
  const words = {
    title: `values of ${tableWords(table)}.${quoteIdentifier(column)} as ${type}`,
    expected: `0 values that don't fit ${type}`,
    counted: ['value that does not fit', 'values that do not fit'],
    fix: `Correct these values of ${tableWords(table)}, or choose a wider type; an earlier migration may do it.`,
  } as const
  const asked = (condition: string): Derived => {
    const { list, labels } = samplesOf(table, [column])
    const sql = `SELECT ${list} FROM ${allRows(table, only)} WHERE ${condition}`
    return { ...words, ask: { sql, labels } }
  }
  const value = quoteIdentifier(column)
  if (from === '') return { ...words, unasked: 'the column is not there' }
  if (using !== null) {
    const isPlainCast = using === `(${value})::${type}`
    if (!isPlainCast || !isText(from) || isText(type)) {
      return { ...words, unasked: 'what a USING expression makes of each value is not tried' }
    }
    return serverMajor < 16
      ? {
          ...words,
          unasked:
            'pg_input_is_valid(), which tries a text without an error, is there from PostgreSQL 16',
        }
      : asked(`NOT pg_catalog.pg_input_is_valid(${value}::pg_catalog.text, ${literalType(type)})`)
  }
  if (from === type) return { ...words, holds: `${type} already` }
  const condition = misfit(value, from, type)
  if (condition === 'none') return { ...words, holds: `every ${from} fits` }
  return condition === null
    ? {
        ...words,
        unasked: `whether each ${from} is a ${type} can't be tried without converting it`,
      }
    : asked(condition)
}

/** A condition that is true for values that don't fit; 'none' where all do, null where no query can tell. */
function misfit(value: string, from: string, type: string): string | 'none' | null {
  if (isText(from) && isText(type)) return tooLong(value, type)
  const source = rank(from)
  if (source === null) return null
  const bounds = integers.get(type)
  if (bounds !== undefined) {
    if (source <= (rank(type) ?? 0)) return 'none'
    return isFloat(from) ? outsideFloat(value, bounds) : outside(value, bounds)
  }
  if (type === 'numeric') return 'none'
  if (type === 'double precision' || type === 'real') return floatFits(source, type)
  const [, precision, scale] = /^numeric\((\d+),(-?\d+)\)$/.exec(type) ?? []
  if (precision === undefined || scale === undefined) return null
  const number = `${value}::pg_catalog.numeric`
  const digits = Number(precision) - Number(scale)
  return `${number} <> 'NaN' AND pg_catalog.abs(pg_catalog.round(${number}, ${scale})) >= 10::pg_catalog.numeric ^ (${digits})`
}

type Bounds = readonly [least: string, greatest: string]

function outside(value: string, [least, greatest]: Bounds): string {
  return `NOT (pg_catalog.round(${value}::pg_catalog.numeric) BETWEEN ${least} AND ${greatest})`
}

/** Rounded as the cast does, half to even, and compared where powers of two are exact. NaN is greater than every number. */
function outsideFloat(value: string, [least, greatest]: Bounds): string {
  const rounded = `pg_catalog.round(${value}::pg_catalog.float8)`
  return `NOT (${rounded} >= ${least}::pg_catalog.float8 AND ${rounded} < (${greatest}::pg_catalog.numeric + 1)::pg_catalog.float8)`
}

/** A numeric, or a double as a real, may be out of range. */
function floatFits(source: number, type: string): 'none' | null {
  const integer = source < (rank('numeric') ?? 0)
  return integer || (type === 'double precision' && source === rank('real')) ? 'none' : null
}

const isFloat = (type: string): boolean => type === 'real' || type === 'double precision'

/** Blanks beyond the limit are cut off without an error. */
function tooLong(value: string, type: string): string | 'none' {
  const [, length] = /\((\d+)\)$/.exec(type) ?? []
  if (length === undefined) return 'none'
  return `pg_catalog.rtrim(pg_catalog.substr(${value}::pg_catalog.text, ${Number(length) + 1}), ' ') <> ''`
}

function isText(type: string): boolean {
  return /^(text|character varying|character|bpchar)(\(\d+\))?$/.test(type)
}

/** Of numbers: what fits into what. Null: no number. */
function rank(type: string): number | null {
  const place = ['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision'].indexOf(
    type.replace(/\(.*\)$/, ''),
  )
  return place < 0 ? null : place
}

function literalType(type: string): string {
  return `'${type.replaceAll("'", "''")}'`
}
