import { fieldsOf, isRecord } from './node.ts'
import type { FieldsOf, NodeType } from './types.ts'

/**
 * Every node below `value`, itself included, in source order, parents first. A node is an object whose only key starts with a capital:
 * `{ "A_Const": { … } }`. A stack of its own: a long chain of operators is nested deeper than functions may be.
 */
export function* descendants(value: unknown): Generator<Readonly<Record<string, unknown>>> {
  const waiting: unknown[] = [value]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (typeof next !== 'object' || next === null) continue
    if (isNode(next)) yield next
    const children: readonly unknown[] = Array.isArray(next) ? next : Object.values(next)
    for (let place = children.length - 1; place >= 0; place--) {
      const child = children[place]
      if (typeof child === 'object') waiting.push(child)
    }
  }
}

function startsWithCapital(name: string): boolean {
  const code = name.charCodeAt(0)
  return code >= 0x41 && code <= 0x5a
}

/** The fields of all nodes of one type below `value`, itself included. */
export function* descendantsOf<T extends NodeType>(
  value: unknown,
  type: T,
): Generator<FieldsOf<T>> {
  for (const node of descendants(value)) {
    const fields = fieldsOf(node, type)
    if (fields !== undefined) yield fields
  }
}

function isNode(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isRecord(value)) return false
  let only: string | null = null
  for (const name in value) {
    if (only !== null) return false
    only = name
  }
  return only !== null && startsWithCapital(only) && isRecord(value[only])
}
