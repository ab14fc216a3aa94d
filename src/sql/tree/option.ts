import { membersOf } from './node.ts'
import type { FieldsOf } from './types.ts'
import { textOf } from './value.ts'

/** An option of a list such as `WITH (connect = false)`, `(FULL, ANALYZE off)` or `START 3`, by its name. */
export function optionOf(
  options: readonly unknown[] | undefined,
  name: string,
): FieldsOf<'DefElem'> | undefined {
  return membersOf(options, 'DefElem').find((option) => option.defname === name)
}

/**
 * A boolean option as defGetBoolean() reads it: bare means true; on/off, true/false, 1/0 with and without quotes.
 * `absent` is the answer when the option isn't given.
 */
export function booleanOption(
  options: readonly unknown[] | undefined,
  name: string,
  absent = false,
): boolean {
  const option = optionOf(options, name)
  if (option === undefined) return absent
  if (option.arg === undefined) return true
  return ['true', 'on', '1'].includes(textOf(option.arg)?.toLowerCase() ?? '')
}
