import { quoteIdentifier, quoteLiteral } from '../identifier.ts'
import type { Term } from './term.ts'

/** A term as SQL, every operator in parentheses: parsed again it gives the same term. */
export function printTerm(value: Term): string {
  const parts = value.parts.map(printTerm)
  const [first = '', second = ''] = parts
  switch (value.form) {
    case 'string':
      return quoteLiteral(value.text)
    case 'and':
    case 'or':
      return `(${parts.join(` ${value.form.toUpperCase()} `)})`
    case 'not':
      return `(NOT ${first})`
    case 'operator':
      return parts.length === 1 ? `(${value.text} ${first})` : `(${first} ${value.text} ${second})`
    case 'any':
    case 'all':
      return `(${first} ${value.text} ${value.form.toUpperCase()} (${second}))`
    case 'call':
      return `${value.text}(${parts.join(', ')})`
    case 'named':
      return `${quoteIdentifier(value.text)} => ${first}`
    case 'cast':
      return `(${first})::${value.text}`
    case 'array':
      return `ARRAY[${parts.join(', ')}]`
    case 'row':
      return `ROW(${parts.join(', ')})`
    case 'list':
      return parts.join(', ')
    case 'test':
      return `(${first} ${value.text})`
    case 'collate':
      return `(${first} COLLATE ${value.text})`
    case 'field':
      return `(${first}).${value.text}`
    case 'subscript':
      return `(${first})[${parts.slice(1).join(value.text)}]`
    case 'case':
      return printCase(value, parts)
    default:
      return value.text
  }
}

/** Parts of a CASE: the operand when `text` is 'operand', then pairs of WHEN and THEN, then ELSE. */
function printCase(value: Term, parts: readonly string[]): string {
  const operand = value.text === 'operand' ? ` ${parts[0]}` : ''
  const rest = value.text === 'operand' ? parts.slice(1) : parts
  const branches: string[] = []
  for (let i = 0; i + 1 < rest.length; i += 2) {
    branches.push(` WHEN ${rest[i]} THEN ${rest[i + 1]}`)
  }
  return `CASE${operand}${branches.join('')} ELSE ${rest.at(-1)} END`
}
