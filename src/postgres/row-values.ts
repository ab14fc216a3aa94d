import pg from 'pg'
import type { TextResult } from './types.ts'

type Parser = (text: string) => unknown

/** text[]. */
const arrayOfText: Parser = (pg.types.getTypeParser as (oid: number) => Parser)(1009)

/** Types with a value of JavaScript's own; all others stay the text that psql prints: times and numerics lose nothing. */
const parsers: ReadonlyMap<number, Parser> = new Map<number, Parser>([
  [16, (text) => text === 't'],
  [20, wholeNumber],
  [21, Number],
  [23, Number],
  [26, Number],
  [700, Number],
  [701, Number],
  [114, JSON.parse],
  [3802, JSON.parse],
  [1000, arrayOf((text) => text === 't')],
  [1002, arrayOfText],
  [1003, arrayOfText],
  [1005, arrayOf(Number)],
  [1007, arrayOf(Number)],
  [1009, arrayOfText],
  [1014, arrayOfText],
  [1015, arrayOfText],
  [1016, arrayOf(wholeNumber)],
  [1028, arrayOf(Number)],
])

/** Rows as objects: boolean, numbers (bigint too where a double holds it exactly), JSON and arrays of these parsed, the rest as text. */
export function objectsOf<Row>(result: TextResult): Row[] {
  const columns = result.columns.map(({ name, typeOid }) => ({ name, parse: parsers.get(typeOid) }))
  return result.rows.map((row) => {
    const pairs = columns.map(({ name, parse }, index): [string, unknown] => {
      const text = row[index] ?? null
      return [name, text === null || parse === undefined ? text : parse(text)]
    })
    return Object.fromEntries(pairs) as Row
  })
}

/** A bigint beyond 2^53 stays text. */
function wholeNumber(text: string): number | string {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : text
}

function arrayOf(parse: Parser): Parser {
  const each = (item: unknown): unknown =>
    Array.isArray(item) ? item.map(each) : typeof item === 'string' ? parse(item) : item
  return (text) => each(arrayOfText(text))
}
