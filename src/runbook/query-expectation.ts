import type { Place } from '../report/refusal.ts'
import { parseConditions } from './condition.ts'
import type { DirectiveComment } from './directive-syntax.ts'
import { isDirective, placeIn, refusalAt } from './directive-syntax.ts'
import type { Condition, ExpectedCell, QueryExpectation } from './types.ts'

/** The expectation of a query and how many of the comments it takes up, counted from the first. */
export interface FoundExpectation {
  readonly expectation: QueryExpectation
  /** Index of the first comment behind it: what follows may be the next query's title. */
  readonly end: number
}

/**
 * What a query of a verify script must return, out of the comments behind it (up to the next query). Null when none of
 * them is an expectation: titles and other prose are passed over.
 *
 * @param source the whole file, for excerpts
 * @throws Refusal at the exact place of what looks like an expectation but can't be read as one
 */
export function parseQueryExpectation(
  comments: readonly DirectiveComment[],
  source?: string,
): QueryExpectation | null {
  return findQueryExpectation(comments, source)?.expectation ?? null
}

/** As `parseQueryExpectation`, with where it ends. */
export function findQueryExpectation(
  comments: readonly DirectiveComment[],
  source?: string,
): FoundExpectation | null {
  const lines = comments.map((comment) => ({ comment, text: comment.text }))
  let found: FoundExpectation | null = null
  for (let index = 0; index < lines.length; index++) {
    const next = readShort(lines, index, source) ?? readTable(lines, index, source)
    if (next === null) continue
    if (found !== null) throw secondExpectation(next.expectation.where, lines, index, source)
    found = next
    index = next.end - 1
  }
  return found
}

interface Line {
  readonly comment: DirectiveComment
  readonly text: string
}

const SHORT = /^\s*expect\s*:/i
const SEPARATOR = /^\s*-+(\+-+)*\s*$/
/** Meant as a separator: dashes with a plus or a pipe somewhere, and nothing else. */
const NEARLY_SEPARATOR = /^[\s|+-]*-{2,}[\s|+-]*$/
const FOOTER = /^\s*\((\d+) rows?\)\s*$/

/** `-- expect: …`, on one line or on several that follow each other. */
function readShort(
  lines: readonly Line[],
  start: number,
  source: string | undefined,
): FoundExpectation | null {
  const conditions: Condition[] = []
  let end = start
  for (let line = lines[end]; line !== undefined; line = lines[++end]) {
    const prefix = SHORT.exec(line.text)?.[0].length
    if (prefix === undefined || !follows(lines, start, end)) break
    const read = parseConditions(line.text.slice(prefix))
    if ('problem' in read) {
      const { offset, what, fix } = read.problem
      throw refusalAt(line.comment, placeIn(line.comment, prefix + offset), source, {
        what,
        why: 'The short form of an expectation is `-- expect:` and conditions on columns, parted by commas.',
        fix,
      })
    }
    conditions.push(...read.conditions)
  }
  const first = lines[start]
  if (first === undefined || end === start) return null
  const where = placeIn(first.comment, /^\s*/.exec(first.text)?.[0].length ?? 0)
  return { expectation: { form: 'short', conditions, where }, end }
}

/** A table as psql prints it, `lines[start]` being its header. */
function readTable(
  lines: readonly Line[],
  start: number,
  source: string | undefined,
): FoundExpectation | null {
  const header = lines[start]
  const separator = lines[start + 1]
  if (header === undefined || separator === undefined || !follows(lines, start, start + 1))
    return null
  if (isRule(header.text) || header.text.trim() === '' || isDirective(header.comment)) return null
  const columns = splitCells(header.text)
  if (!SEPARATOR.test(separator.text)) {
    if (columns.length < 2 || !NEARLY_SEPARATOR.test(separator.text)) return null
    throw misshapen(separator, columns.length, source)
  }
  const width = separator.text.trim().split('+').length
  if (width !== columns.length) {
    // A title that is underlined, or stands between two rules, has a pipe at most by chance.
    if (width === 1 && !/\(\d+ rows?\)/.test(lines[start + 2]?.text ?? '')) return null
    throw misshapen(separator, columns.length, source)
  }
  const { rows, end, footer } = readRows(lines, start + 2, columns.length, source)
  // Without rows and `(0 rows)` one column looks just like an underlined title.
  if (columns.length === 1 && rows.length === 0 && footer === null) return null
  const where = placeIn(header.comment, /^\s*/.exec(header.text)?.[0].length ?? 0)
  const names = columns.map(({ text }) => unescapePipes(text))
  return { expectation: { form: 'table', columns: names, rows, where }, end }
}

function readRows(
  lines: readonly Line[],
  start: number,
  width: number,
  source: string | undefined,
): {
  readonly rows: readonly (readonly ExpectedCell[])[]
  readonly end: number
  readonly footer: number | null
} {
  const rows: ExpectedCell[][] = []
  for (let end = start; ; end++) {
    const line = lines[end]
    const isOver =
      line === undefined ||
      !follows(lines, start - 1, end) ||
      isDirective(line.comment) ||
      (width > 1 && line.text.trim() === '')
    if (isOver) return { rows, end, footer: null }
    const footer = FOOTER.exec(line.text)?.[1]
    if (footer !== undefined) {
      if (Number(footer) !== rows.length)
        throw miscounted(line, Number(footer), rows.length, source)
      return { rows, end: end + 1, footer: Number(footer) }
    }
    const cells = splitCells(line.text)
    if (cells.length !== width) throw raggedRow(line, cells, width, source)
    rows.push(cells.map(({ text }) => cellOf(text)))
  }
}

/** Whether the comments from `start` to `end` stand on lines that follow each other. */
function follows(lines: readonly Line[], start: number, end: number): boolean {
  const first = lines[start]?.comment.where.line ?? 0
  const last = lines[end]?.comment
  return last?.where.line === first + (end - start) && last.kind !== 'block'
}

/** A line of dashes (or other signs) alone: decoration, where it is no separator. */
function isRule(text: string): boolean {
  return /^[\s\-=*#+~_]*$/.test(text) && text.trim() !== ''
}

interface Cell {
  readonly text: string
  readonly offset: number
}

/** Split at every `|` that has no backslash before it; trimmed. */
function splitCells(text: string): readonly Cell[] {
  const cells: Cell[] = []
  let start = 0
  for (let at = 0; at <= text.length; at++) {
    if (at < text.length && (text[at] !== '|' || text[at - 1] === '\\')) continue
    const raw = text.slice(start, at)
    cells.push({ text: raw.trim(), offset: start + raw.length - raw.trimStart().length })
    start = at + 1
  }
  return cells
}

/**
 * `*` is anything, NULL is null; `\*` and `\NULL` are those texts. Other backslashes are what psql prints (`\x00ff`).
 */
function cellOf(text: string): ExpectedCell {
  if (text === '*') return { type: 'any' }
  if (text === 'NULL') return { type: 'null' }
  const literal = /^\\+(\*|NULL)$/.test(text) ? text.slice(1) : text
  return { type: 'text', text: unescapePipes(literal) }
}

function unescapePipes(text: string): string {
  return text.replaceAll('\\|', '|')
}

function misshapen(line: Line, width: number, source: string | undefined): Error {
  const at = /^\s*/.exec(line.text)?.[0].length ?? 0
  const shape = Array.from({ length: width }, () => '----').join('+')
  return refusalAt(line.comment, placeIn(line.comment, at), source, {
    what: `The line below the header does not part ${width} columns`,
    why: 'An expected table is written as psql prints it, with dashes below each column and a plus between them.',
    fix: `Write ${shape}, or copy psql's output.`,
  })
}

function raggedRow(
  line: Line,
  cells: readonly Cell[],
  width: number,
  source: string | undefined,
): Error {
  const at = (cells[width] ?? cells.at(-1))?.offset ?? 0
  return refusalAt(line.comment, placeIn(line.comment, at), source, {
    what: `This row has ${cells.length} ${cells.length === 1 ? 'cell' : 'cells'}, the header ${width}`,
    why: 'Every row of an expected table has a cell for each column.',
    fix:
      cells.length > width
        ? 'Write a | inside a cell as \\|.'
        : 'Add the missing cells; if the table ends above, leave an empty line after it.',
  })
}

function miscounted(line: Line, said: number, written: number, source: string | undefined): Error {
  const at = line.text.indexOf('(')
  return refusalAt(line.comment, placeIn(line.comment, at), source, {
    what: `The footer says ${said} ${said === 1 ? 'row' : 'rows'}, but ${written} ${written === 1 ? 'is' : 'are'} written`,
    why: 'The number of rows is part of what is expected.',
    fix: 'Write every row, or correct the footer.',
  })
}

function secondExpectation(
  where: Place,
  lines: readonly Line[],
  index: number,
  source: string | undefined,
): Error {
  const comment = lines[index]?.comment ?? { text: '', where }
  return refusalAt(comment, where, source, {
    what: 'A second expectation stands behind one query',
    why: 'Each query has one: a table, or the short form.',
    fix: 'Remove one of them, or write the query a second time above it.',
  })
}
