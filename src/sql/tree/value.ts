import { fieldsOf } from './node.ts'
import type { A_Const } from './types.ts'

/** The text of a String, Integer, Float or Boolean node, or of a constant; null for anything else. */
export function textOf(node: unknown): string | null {
  const string = fieldsOf(node, 'String')
  if (string !== undefined) return string.sval ?? ''
  const integer = fieldsOf(node, 'Integer')
  if (integer !== undefined) return String(integer.ival ?? 0)
  const float = fieldsOf(node, 'Float')
  if (float !== undefined) return float.fval ?? ''
  const boolean = fieldsOf(node, 'Boolean')
  if (boolean !== undefined) return String(boolean.boolval ?? false)
  const constant = fieldsOf(node, 'A_Const')
  if (constant?.sval !== undefined) return constant.sval.sval ?? ''
  if (constant?.ival !== undefined) return String(constant.ival.ival ?? 0)
  if (constant?.fval !== undefined) return constant.fval.fval ?? ''
  if (constant?.boolval !== undefined) return String(constant.boolval.boolval ?? false)
  return null
}

/** The texts of a list of String nodes, such as the parts of a qualified name. */
export function textsOf(nodes: readonly unknown[] | undefined): string[] {
  return (nodes ?? []).flatMap((node) => textOf(node) ?? [])
}

/** The text of a constant, be it under casts ('x'::text, INTERVAL '1' HOUR); null for anything else. */
export function constantText(node: unknown): string | null {
  const cast = fieldsOf(node, 'TypeCast')
  return cast === undefined ? textOf(node) : constantText(cast.arg)
}

/** The text of a string constant; null for a number or another one. */
export function stringConstant(constant: A_Const | undefined): string | null {
  return constant?.sval === undefined ? null : (constant.sval.sval ?? '')
}
