import { type PathStep, parsePath, valueAt } from './json-path.ts'

type Scalar = string | number | boolean | null
type Operator = '=' | '!=' | '<' | '<=' | '>' | '>='

/** `length: "> 0"` ready to be judged. */
export interface CompiledComparison {
  /** As written. */
  readonly path: string
  readonly steps: readonly PathStep[]
  readonly operator: Operator
  readonly operand: Scalar
}

/**
 * A path of airlock.yml and what stands beside it. Text that begins with an operator is a comparison, its value read as JSON where it is JSON
 * (`> 0`, `!= null`, `= "> 0"`), else as text; everything else must be equal, type included. Null: the path is none.
 */
export function compileComparison(path: string, value: Scalar): CompiledComparison | null {
  const steps = parsePath(path)
  if (steps === null) return null
  const match = typeof value === 'string' ? /^\s*(<=|>=|!=|<|>|=)\s*(.*)$/s.exec(value) : null
  if (match === null) return { path, steps, operator: '=', operand: value }
  const [, operator, operand = ''] = match
  return { path, steps, operator: operator as Operator, operand: scalarOf(operand.trim()) }
}

/** `length > 0`. */
export function comparisonText({ path, operator, operand }: CompiledComparison): string {
  return `${path} ${operator} ${JSON.stringify(operand)}`
}

/** Whether a document fulfils it, and what was found: `length = 0`, `items[0].id is not there`. `hide` takes secrets out of a value before it is shortened. */
export function judgeComparison(
  comparison: CompiledComparison,
  document: unknown,
  hide: (text: string) => string,
): { readonly holds: boolean; readonly found: string } {
  const value = valueAt(document, comparison.steps)
  const found =
    value === undefined
      ? `${comparison.path} is not there`
      : `${comparison.path} = ${shortened(hide(JSON.stringify(value)))}`
  return { holds: holds(value, comparison), found }
}

function holds(value: unknown, { operator, operand }: CompiledComparison): boolean {
  if (value === undefined) return false
  if (operator === '=') return value === operand
  if (operator === '!=') return value !== operand
  if (typeof value === 'number' && typeof operand === 'number')
    return ordered(value, operand, operator)
  // Texts are ordered by their characters: right for ISO dates.
  if (typeof value === 'string' && typeof operand === 'string')
    return ordered(value, operand, operator)
  return false
}

function ordered<Value extends string | number>(a: Value, b: Value, operator: Operator): boolean {
  switch (operator) {
    case '<':
      return a < b
    case '<=':
      return a <= b
    case '>':
      return a > b
    default:
      return a >= b
  }
}

function scalarOf(text: string): Scalar {
  try {
    const value: unknown = JSON.parse(text)
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value))
      return value as Scalar
  } catch {
    // No JSON, so the text itself.
  }
  return text
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}
