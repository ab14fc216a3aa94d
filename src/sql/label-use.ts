import { descendantsOf } from './tree/descendants.ts'
import { stringConstant } from './tree/value.ts'
import type { Node } from './types.ts'

/**
 * Whether a statement may use the enum label: a string literal equal to it, an array or row literal
 * that holds it, a DO block or function body that quotes it, or COPY data with such a field.
 * Errs towards yes: the price is one more transaction, a missed use fails with 55P04.
 */
export function usesLabel(node: Node, copyData: string | null, label: string): boolean {
  if (copyData !== null && copyFields(copyData).has(label)) return true
  const literals = [...descendantsOf(node, 'A_Const')].map(stringConstant)
  if (literals.some((literal) => isLabel(literal, label))) return true
  const bodies = [...descendantsOf(node, 'DefElem')].filter(({ defname }) => defname === 'as')
  return bodies.some(({ arg }) => quotes(arg, label))
}

function isLabel(literal: string | null, label: string): boolean {
  if (literal === null) return false
  if (literal === label) return true
  return /^\s*[{(]/.test(literal) && literal.includes(label)
}

function quotes(body: unknown, label: string): boolean {
  const quoted = `'${label.replaceAll("'", "''")}'`
  return [...descendantsOf(body, 'String')].some(
    ({ sval = '' }) => sval.includes(quoted) || sval.includes(`$${label}$`),
  )
}

function copyFields(data: string): ReadonlySet<string> {
  return new Set(data.split(/\r\n|\n|\r/).flatMap((line) => line.split(/[\t,]/)))
}
