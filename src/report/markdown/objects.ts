import { standingVerificationOf } from '../tally.ts'
import type { Report, Verification } from '../types.ts'
import { grouped } from '../words.ts'
import {
  blocks,
  code,
  folded,
  foundCell,
  leftOut,
  place,
  score,
  sign,
  table,
  words,
} from './block.ts'
import type { Detail } from './detail.ts'

/** A longer table folds when all is as expected. */
const inView = 40

/** The catalog's objects, expected beside actual: constraints, indexes, then all others. */
export function objects(report: Report, detail: Detail): string {
  const all = standingVerificationOf(report).filter((one) => one.query === undefined)
  const other = all.filter((one) => one.kind !== 'constraint' && one.kind !== 'index')
  return blocks(
    family(
      'Constraints',
      'constraint_name',
      all.filter((one) => one.kind === 'constraint'),
      detail,
    ),
    family(
      'Indexes',
      'index_name',
      all.filter((one) => one.kind === 'index'),
      detail,
    ),
    family('Other objects', 'object', other, detail),
  )
}

function family(
  title: string,
  name: string,
  found: readonly Verification[],
  detail: Detail,
): string {
  if (found.length === 0) return ''
  const heading = `### ${title}: ${score(found)}`
  const notPassed = found.filter((one) => one.outcome !== 'passed')
  const whole = found.length <= inView && detail.name !== 'counts'
  return blocks(
    heading,
    objectTable(whole ? found : notPassed, detail, name),
    notes(
      notPassed.filter((one) => one.outcome !== 'failed'),
      detail,
    ),
    whole || detail.name === 'counts'
      ? ''
      : folded(`Show all ${grouped(found.length)}`, objectTable(found, detail, name)),
  )
}

/** One row an object, in the runbook's columns. */
export function objectTable(
  found: readonly Verification[],
  detail: Detail,
  name = 'object',
): string {
  const shape: Shape = {
    kinds: name === 'object',
    definitions: found.some((one) => split(one) !== null),
  }
  const columns = [
    '',
    ...(shape.kinds ? ['kind'] : []),
    name,
    'table_name',
    'expected',
    'actual',
    ...(shape.definitions ? ['definition'] : []),
  ]
  return table(
    columns.map((title) => ({ title })),
    found.map((one) => row(one, shape, detail)),
    detail,
  )
}

interface Shape {
  readonly kinds: boolean
  readonly definitions: boolean
}

function row(one: Verification, shape: Shape, detail: Detail): string[] {
  const parts = shape.definitions ? split(one) : null
  const { definition, expected, actual } = parts ?? {
    definition: '',
    expected: one.expected,
    actual: one.actual,
  }
  return [
    sign(one.outcome),
    ...(shape.kinds ? [words(one.kind, detail)] : []),
    code(one.object, detail),
    code(one.table, detail),
    code(expected, detail),
    foundCell(one.outcome, actual, detail),
    ...(shape.definitions ? [code(definition, detail)] : []),
  ]
}

/** `CHECK (a > 0), NOT VALID`: the definition, then the state in capitals. */
const stated = /^(.+), ([A-Z][A-Z ]*)$/s

/** Definition and state apart, where both sides speak of one definition: a table of states reads like the runbook's. */
function split(one: Verification): { definition: string; expected: string; actual: string } | null {
  if (one.kind !== 'constraint' && one.kind !== 'index') return null
  const expected = stated.exec(one.expected)
  if (expected === null) return null
  const [, definition = '', state = ''] = expected
  const actual = stated.exec(one.actual)
  if (actual !== null && actual[1] === definition)
    return { definition, expected: state, actual: actual[2] ?? '' }
  const onlyState = /^[A-Z][A-Z ]*( \([a-z ]+\))?$|^missing$|^$/.test(one.actual)
  return onlyState ? { definition, expected: state, actual: one.actual } : null
}

/** Reason and place of what is not as expected: below the table, where a sentence has room. */
export function notes(found: readonly Verification[], detail: Detail): string {
  const said = found.filter((one) => one.outcome !== 'passed')
  const lines = said.slice(0, detail.rows).map((one) => {
    const reason = one.reason === undefined ? '' : `: ${words(one.reason, detail)}`
    return `- ${sign(one.outcome)} ${code(one.object, detail)}${reason} ${place(one.where)}`
  })
  return blocks(lines.join('\n'), leftOut(said.length - lines.length, 'note'))
}
