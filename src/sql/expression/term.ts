/**
 * An expression in a normal form: what the server evens out when it deparses one (IN, BETWEEN, LIKE, parentheses, row comparisons,
 * spellings of types and operators) is evened out here too. Casts are kept: whether one matters is decided when terms are compared.
 */
export interface Term {
  readonly form:
    | 'number'
    | 'string'
    | 'null'
    | 'word'
    | 'column'
    | 'operator'
    | 'and'
    | 'or'
    | 'not'
    | 'any'
    | 'all'
    | 'call'
    | 'cast'
    | 'array'
    | 'row'
    | 'test'
    | 'case'
    | 'collate'
    | 'field'
    | 'subscript'
    | 'named'
    | 'list'
    | 'opaque'
  /** The operator, function, type, name or literal; '' where the form says it all. */
  readonly text: string
  readonly parts: readonly Term[]
}

export function term(form: Term['form'], text = '', parts: readonly Term[] = []): Term {
  return { form, text, parts }
}

export const NULL_TERM: Term = term('null', 'NULL')

/** AND and OR of AND and OR are one: the grammar nests `a AND (b AND c)`, BETWEEN nests too, and the meaning is the same. */
export function junction(form: 'and' | 'or', parts: readonly Term[]): Term {
  const flat = parts.flatMap((part) => (part.form === form ? part.parts : [part]))
  return flat.length === 1 && flat[0] !== undefined ? flat[0] : term(form, '', flat)
}

export function isLiteral(value: Term): boolean {
  return value.form === 'number' || value.form === 'string' || value.form === 'null'
}

/** The term without the casts around it. */
export function bare(value: Term): Term {
  const [inner] = value.parts
  return value.form === 'cast' && inner !== undefined ? bare(inner) : value
}
