import type { Condition } from './types.ts'

/** What is wrong in a short form, and at which UTF-16 offset of its text. */
export interface ConditionProblem {
  readonly offset: number
  readonly what: string
  readonly fix: string
}

export type Conditions =
  | { readonly conditions: readonly Condition[] }
  | { readonly problem: ConditionProblem }

const COMPARISON = /<=|>=|<>|!=|<|>|=/y
const NAME = /"((?:[^"]|"")+)"|[^\s"',=<>!]+/y
const VALUE = /'((?:[^']|'')*)'|[^\s,'"][^\s,']*/y

/**
 * Reads `mapped > 0, "Odd, name" is null, n between 1 and 5, state = 'in progress'`. `rows` is the number of rows, unless
 * it is quoted. `<>` is `!=`. Values come without their quotes.
 */
export function parseConditions(text: string): Conditions {
  const conditions: Condition[] = []
  const reader = readFrom(text)
  try {
    do {
      conditions.push(readCondition(reader))
    } while (reader.take(/,/y) !== null)
    reader.expectEnd()
  } catch (error) {
    if (error instanceof Misread) return { problem: error.problem }
    throw error
  }
  return { conditions }
}

class Misread extends Error {
  readonly problem: ConditionProblem

  constructor(problem: ConditionProblem) {
    super(problem.what)
    this.problem = problem
  }
}

interface TextReader {
  /** Skips blanks; the match of a sticky pattern there, or null. */
  take(pattern: RegExp): RegExpExecArray | null
  offset(): number
  slice(from: number): string
  fail(what: string, fix: string): Misread
  expectEnd(): void
}

function readFrom(text: string): TextReader {
  let at = 0
  const skip = (): void => {
    at += /^\s*/.exec(text.slice(at))?.[0].length ?? 0
  }
  const found = (): string => {
    skip()
    return at >= text.length ? 'the end of the line' : `"${/^\S+/.exec(text.slice(at))?.[0]}"`
  }
  const fail = (what: string, fix: string): Misread => {
    const shown = found()
    return new Misread({ offset: at, what: `${what}, found ${shown}`, fix })
  }
  return {
    take(pattern) {
      skip()
      pattern.lastIndex = at
      const match = pattern.exec(text)
      if (match !== null) at += match[0].length
      return match
    },
    offset: () => at,
    slice: (from) => text.slice(from, at).trim(),
    fail,
    expectEnd() {
      skip()
      if (at < text.length) {
        throw fail(
          'A comma or the end was expected',
          "Part conditions by commas; a value with blanks goes into single quotes: state = 'in progress'.",
        )
      }
    },
  }
}

function readCondition(reader: TextReader): Condition {
  reader.take(/(?=\S)/y)
  const start = reader.offset()
  const name = reader.take(NAME)
  if (name === null) {
    throw reader.fail('A column was expected', 'Write conditions such as mapped > 0, unmapped = 0.')
  }
  const column = name[1] === undefined && name[0].toLowerCase() === 'rows' ? null : columnOf(name)
  const { operator, values } = readOperator(reader, column)
  if (column === null) refuseOddCount(reader, operator, values)
  return { column, operator, values, text: reader.slice(start) }
}

function columnOf(match: RegExpExecArray): string {
  return match[1]?.replaceAll('""', '"') ?? match[0]
}

function readOperator(
  reader: TextReader,
  column: string | null,
): Pick<Condition, 'operator' | 'values'> {
  if (reader.take(/is\s+not\s+null(?![\w$])/iy)) return { operator: 'is not null', values: [] }
  if (reader.take(/is\s+null(?![\w$])/iy)) return { operator: 'is null', values: [] }
  if (reader.take(/between(?![\w$])/iy)) {
    const low = readValue(reader)
    if (reader.take(/and(?![\w$])/iy) === null) {
      throw reader.fail('"and" was expected', 'Write n between 1 and 5.')
    }
    return { operator: 'between', values: [low, readValue(reader)] }
  }
  const sign = reader.take(COMPARISON)?.[0]
  if (sign === undefined) {
    throw reader.fail(
      `A comparison was expected after ${column ?? 'rows'}`,
      'Use =, !=, <, <=, >, >=, is null, is not null, between a and b.',
    )
  }
  const operator = sign === '<>' ? '!=' : (sign as Condition['operator'])
  return { operator, values: [readValue(reader)] }
}

function readValue(reader: TextReader): string {
  const match = reader.take(VALUE)
  if (match === null) {
    throw reader.fail(
      'A value was expected',
      "Write a number or a word, or text in single quotes: 'in progress'.",
    )
  }
  if (match[1] === undefined && match[0].toLowerCase() === 'null') {
    throw reader.fail(
      'A comparison with null is never true',
      "Write is null or is not null; for the text null write 'null'.",
    )
  }
  return match[1]?.replaceAll("''", "'") ?? match[0]
}

function refuseOddCount(
  reader: TextReader,
  operator: Condition['operator'],
  values: readonly string[],
): void {
  if (values.length > 0 && values.every((value) => /^\d+$/.test(value))) return
  throw reader.fail(
    `rows ${operator} ${values.join(' and ')}`.trim().concat(' is no number of rows'),
    'Compare rows with a whole number: rows = 0; a column of that name is written "rows".',
  )
}
