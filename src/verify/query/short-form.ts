import type { Session, TextResult } from '../../postgres/types.ts'
import type { Condition, QueryExpectation } from '../../runbook/types.ts'
import { countRows, type QueryJudgement, rowCount } from './query-table.ts'

type ShortExpectation = Extract<QueryExpectation, { form: 'short' }>

/** A condition with the rows that break it: their number and one of their values. */
interface Break {
  readonly condition: Condition
  readonly found: string
}

/**
 * Conditions such as `mapped > 0, rows = 1` beside a result. A column's condition must hold in every row, of which there must be one at
 * least; NULL holds only `is null`. The server itself compares, by the column's type: one query for all conditions.
 * @throws ServerError where a value is no literal of the column's type, or the type has no such operator.
 */
export async function judgeConditions(
  session: Session,
  expectation: ShortExpectation,
  result: TextResult,
): Promise<QueryJudgement> {
  const { conditions } = expectation
  const expected = conditions.map(({ text }) => text).join(', ')
  const unknown = conditions.find(
    ({ column }) => column !== null && placesOf(column, result).length !== 1,
  )
  if (unknown !== undefined) {
    const many = placesOf(unknown.column ?? '', result).length > 1
    return {
      expected,
      actual: result.columns.map(({ name }) => name).join(' | '),
      outcome: 'failed',
      reason: many
        ? `the result has several columns ${unknown.column}`
        : `the result has no column ${unknown.column}`,
    }
  }
  const breaks = [
    ...conditions.flatMap((condition) => breakOfRows(condition, result)),
    ...(await breaksOfColumns(session, conditions, result)),
  ]
  if (breaks.length === 0) {
    const actual = summarise(conditions, result)
    const unread =
      rowCount(result) > result.rows.length && conditions.some(({ column }) => column !== null)
    return unread
      ? { expected, actual, outcome: 'not-checked', reason: unreadReason(result) }
      : { expected, actual, outcome: 'passed' }
  }
  return {
    expected,
    actual: summarise(conditions, result),
    outcome: 'failed',
    reason: breaks.map(({ condition, found }) => `${condition.text}: ${found}`).join('; '),
  }
}

/** Only the number of all rows is known. */
function unreadReason({ rows }: TextResult): string {
  return `the result is too large to look at: the first ${rows.length} rows hold, the others were not compared; let the query select the rows that do not, and expect rows = 0`
}

function placesOf(column: string, { columns }: TextResult): number[] {
  return columns.flatMap(({ name }, place) => (name === column ? [place] : []))
}

function valuesOf(column: string, result: TextResult): (string | null)[] {
  const [place = -1] = placesOf(column, result)
  return result.rows.map((row) => row[place] ?? null)
}

function breakOfRows(condition: Condition, result: TextResult): Break[] {
  const count = rowCount(result)
  if (condition.column !== null) return count > 0 ? [] : [{ condition, found: 'there is no row' }]
  const [low, high = low] = condition.values.map(Number)
  return holdsNumber(count, condition.operator, low ?? Number.NaN, high ?? Number.NaN)
    ? []
    : [{ condition, found: countRows(count) }]
}

function holdsNumber(
  count: number,
  operator: Condition['operator'],
  low: number,
  high: number,
): boolean {
  switch (operator) {
    case '=':
      return count === low
    case '!=':
      return count !== low
    case '<':
      return count < low
    case '<=':
      return count <= low
    case '>':
      return count > low
    case '>=':
      return count >= low
    case 'between':
      return low <= count && count <= high
    case 'is null':
      return false
    case 'is not null':
      return true
  }
}

/** Asks the server for the first value of each column that breaks its condition. */
async function breaksOfColumns(
  session: Session,
  conditions: readonly Condition[],
  result: TextResult,
): Promise<Break[]> {
  const judged = conditions.filter(({ column }) => column !== null && result.rows.length > 0)
  if (judged.length === 0) return []
  const types = await readTypes(session, judged, result)
  const values: (string | readonly string[])[] = []
  const bind = (value: string | readonly string[]) => `$${values.push(value)}`
  const columns = judged.map((condition) => {
    const { column } = condition
    const found = valuesOf(column ?? '', result)
    const type = types.get(typeOf(column ?? '', result)) ?? 'pg_catalog.text'
    const present = bind(JSON.stringify(found))
    const test = testOf(condition, `(v.value)::${type}`, (text) => `(${bind(text)})::${type}`)
    return `(select coalesce(v.value, 'NULL')
      from pg_catalog.json_array_elements_text(${present}::pg_catalog.json) with ordinality as v (value, place)
     where (${test}) is not true order by v.place limit 1)`
  })
  const { rows } = await session.query(`select ${columns.join(',\n  ')}`, values)
  return judged.flatMap((condition, place) => {
    const found = rows[0]?.[place] ?? null
    return found === null ? [] : [{ condition, found }]
  })
}

function testOf(
  { operator, values }: Condition,
  value: string,
  literal: (text: string) => string,
): string {
  if (operator === 'is null' || operator === 'is not null') return `v.value ${operator}`
  const [low = '', high = ''] = values
  if (operator === 'between') return `${value} between ${literal(low)} and ${literal(high)}`
  return `${value} ${operator} ${literal(low)}`
}

function typeOf(column: string, result: TextResult): number {
  const [place = -1] = placesOf(column, result)
  return result.columns[place]?.typeOid ?? 0
}

/** Type names by OID as SQL takes them; those of users are looked up. */
async function readTypes(
  session: Session,
  conditions: readonly Condition[],
  result: TextResult,
): Promise<ReadonlyMap<number, string>> {
  const oids = new Set(conditions.map(({ column }) => typeOf(column ?? '', result)))
  if ([...oids].every((oid) => builtIn.has(oid))) return builtIn
  const { rows } = await session.query(
    `select t.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname)
      from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
     where t.oid = any ($1)`,
    [[...oids].map(String)],
  )
  return new Map(rows.map(([oid, name]) => [Number(oid), name ?? '']))
}

/** The types of almost every condition, by their fixed OIDs (pg_type.dat): they save a round trip. */
const builtIn: ReadonlyMap<number, string> = new Map([
  [16, 'pg_catalog.bool'],
  [19, 'pg_catalog.name'],
  [20, 'pg_catalog.int8'],
  [21, 'pg_catalog.int2'],
  [23, 'pg_catalog.int4'],
  [25, 'pg_catalog.text'],
  [1043, 'pg_catalog.varchar'],
  [1082, 'pg_catalog.date'],
  [1114, 'pg_catalog.timestamp'],
  [1184, 'pg_catalog.timestamptz'],
  [1700, 'pg_catalog.numeric'],
])

/** The values that the conditions speak of: of the only row, else the number of rows. */
function summarise(conditions: readonly Condition[], result: TextResult): string {
  const [row] = result.rows
  const names = [...new Set(conditions.flatMap(({ column }) => column ?? []))]
  if (row === undefined || rowCount(result) !== 1 || names.length === 0)
    return countRows(rowCount(result))
  return names.map((name) => `${name} = ${valuesOf(name, result)[0] ?? 'NULL'}`).join(', ')
}
