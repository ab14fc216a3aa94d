import { consoleLine } from '../escape.ts'
import { compareRows } from '../markdown/query-rows.ts'
import { tallyOf } from '../tally.ts'
import type { QueryTable, Verification } from '../types.ts'
import { counted, listed } from '../words.ts'
import { labelled, placeText } from './error-lines.ts'
import { paint, type Style } from './paint.ts'

/** What is as expected in one line; what is not, in full. */
export function verificationLines(verification: readonly Verification[], style: Style): string[] {
  if (verification.length === 0) return []
  const others = verification.filter((one) => one.outcome !== 'passed')
  return [
    ...(tallyOf(verification).passed === 0
      ? []
      : [`  ${paint('✓', 'green', style)} ${summary(verification)} as expected`]),
    ...others.flatMap((one) => lines(one, style)),
  ]
}

/** `11 constraints, 9 indexes and 4 queries`. */
function summary(verification: readonly Verification[]): string {
  const kinds = new Map<string, number>()
  for (const one of verification) {
    if (one.outcome === 'passed') kinds.set(one.kind, (kinds.get(one.kind) ?? 0) + 1)
  }
  return listed(
    [...kinds].map(([kind, count]) => counted(count, consoleLine(kind), plural(consoleLine(kind)))),
  )
}

function plural(kind: string): string {
  if (kind.endsWith('y')) return `${kind.slice(0, -1)}ies`
  return kind.endsWith('x') ? `${kind}es` : `${kind}s`
}

function lines(one: Verification, style: Style): string[] {
  const on = one.table === '' ? '' : ` on ${consoleLine(one.table)}`
  const name = `${consoleLine(one.kind)} ${consoleLine(one.object)}${on}`
  const where = one.where === undefined ? '' : ` (${placeText(one.where)})`
  const why = one.reason === undefined ? [] : labelled('   ', one.reason)
  if (one.outcome === 'not-checked') {
    return [`  ${paint('– not checked:', 'yellow', style)} ${name}${where}`, ...why]
  }
  const head =
    one.outcome === 'warned'
      ? paint('⚠ warned:', 'yellow', style)
      : paint('✗ not as expected:', 'red', style)
  return [
    `  ${head} ${name}${where}`,
    ...why,
    ...(one.query === undefined ? sides(one) : queryLines(one.query)),
  ]
}

function sides(one: Verification): string[] {
  return [...labelled('    expected:', one.expected), ...labelled('    actual:  ', one.actual)]
}

function queryLines(query: QueryTable): string[] {
  const row = (label: string, cells: readonly (string | null)[]) =>
    `    ${label}${cells.map((cell) => consoleLine(cell ?? 'NULL')).join(' | ')}`
  const title = row('          ', query.columns)
  if (query.conditions.length > 0) {
    const found = query.actualRows.slice(0, 20).map((cells) => row('actual:   ', cells))
    return [row('expected: ', [query.conditions.join(', ')]), title, ...found]
  }
  const wrong = compareRows(query).filter(
    (one) => one.wrong.length > 0 || one.expected === null || one.actual === null,
  )
  const shown = wrong
    .slice(0, 20)
    .flatMap((one) => [
      one.expected === null ? '    not expected:' : row('expected: ', one.expected),
      one.actual === null ? '    actual:   no such row' : row('actual:   ', one.actual),
    ])
  const more = wrong.length > 20 ? [`    … ${counted(wrong.length - 20, 'more row')}`] : []
  return [title, ...shown, ...more]
}
