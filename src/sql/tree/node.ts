import type { ByType, FieldsOf, NodeType } from './types.ts'

/** The type of a node: 'SelectStmt' of `{ SelectStmt: {…} }`; '' for none. */
export function typeOf(node: unknown): string {
  return isRecord(node) ? (Object.keys(node)[0] ?? '') : ''
}

/** The fields of a node when it is of the type asked for. The parser leaves out fields that are false, 0, empty or null. */
export function fieldsOf<T extends NodeType>(node: unknown, type: T): FieldsOf<T> | undefined {
  return isRecord(node) ? (node[type] as FieldsOf<T> | undefined) : undefined
}

/** All members of a list that are of the type asked for. */
export function membersOf<T extends NodeType>(
  nodes: readonly unknown[] | undefined,
  type: T,
): FieldsOf<T>[] {
  return (nodes ?? []).flatMap((node) => fieldsOf(node, type) ?? [])
}

/** What the reader of the node's type makes of its fields; undefined where there is none for it. */
export function readByType<Result, More extends readonly unknown[] = []>(
  readers: ByType<Result, More>,
  node: unknown,
  ...more: More
): Result | undefined {
  const type = typeOf(node)
  const read = (readers as Readonly<Record<string, Read<Result, More> | undefined>>)[type]
  return isRecord(node) ? read?.(node[type], ...more) : undefined
}

type Read<Result, More extends readonly unknown[]> = (fields: unknown, ...more: More) => Result

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
