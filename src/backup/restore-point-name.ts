import { createHash } from 'node:crypto'
import { fillTemplate, LONGEST_NAME, type Placeholder } from '../runbook/gates/template.ts'

/**
 * The template filled in. What exceeds 63 bytes is cut and ends in eight digits of the whole name's hash instead: the same values give the same
 * name, others another.
 */
export function restorePointName(
  template: string,
  values: Readonly<Record<Placeholder, string>>,
): { readonly name: string; readonly isShortened: boolean } {
  const whole = fillTemplate(template, values)
  if (Buffer.byteLength(whole) <= LONGEST_NAME) return { name: whole, isShortened: false }
  const tail = `_${createHash('sha256').update(whole).digest('hex').slice(0, 8)}`
  let head = ''
  for (const character of whole) {
    if (Buffer.byteLength(head + character + tail) > LONGEST_NAME) break
    head += character
  }
  return { name: head + tail, isShortened: true }
}
