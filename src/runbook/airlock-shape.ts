import { z } from 'zod'

/** What airlock.yml's schema says of one value: the parts of it that a refusal and the filling in of secrets need. */
export interface Shape {
  readonly def: z.core.$ZodTypes['_zod']['def']
  readonly schema: z.core.$ZodType
  readonly meta: Meta
}

/** What the building blocks in gates/values.ts note down with `.meta()`. */
export interface Meta {
  readonly value?: 'duration' | 'size' | 'version' | 'connection'
  /** May hold `${NAME}`. */
  readonly secret?: boolean
  /** `$` belongs to somebody else. */
  readonly literal?: boolean
  /** In words what it has to look like. */
  readonly form?: string
}

/** The schema below optional, default and transform; what they note down counts too. */
export function shapeOf(schema: z.core.$ZodType): Shape {
  let meta: Meta = {}
  let inner = schema
  for (;;) {
    meta = { ...z.globalRegistry.get(inner), ...meta }
    const { def } = (inner as z.core.$ZodTypes)._zod
    switch (def.type) {
      case 'optional':
      case 'nullable':
      case 'default':
        inner = def.innerType
        break
      case 'pipe':
        inner = def.in
        break
      default:
        return { def, schema: inner, meta }
    }
  }
}

/** The schema that one step leads to; `value` decides among the alternatives of a union. Undefined: no such key. */
export function schemaBelow(
  schema: z.core.$ZodType,
  step: PropertyKey,
  value: unknown,
): z.core.$ZodType | undefined {
  const { def } = shapeOf(schema)
  if (def.type === 'object') {
    return Object.hasOwn(def.shape, step) ? def.shape[String(step)] : undefined
  }
  if (def.type === 'record') return def.valueType
  if (def.type === 'array') return def.element
  if (def.type !== 'union') return undefined
  const option = optionFor(schema, value)
  return option === schema ? undefined : schemaBelow(option, step, value)
}

/** Of a union the alternative that a value of this kind is meant for; else the schema itself. */
export function optionFor(schema: z.core.$ZodType, value: unknown): z.core.$ZodType {
  const { def } = shapeOf(schema)
  if (def.type !== 'union') return schema
  return def.options.find((each) => takesKindOf(each, value)) ?? schema
}

/** Could the schema take a value of this kind at all? */
function takesKindOf(schema: z.core.$ZodType, value: unknown): boolean {
  const { type } = shapeOf(schema).def
  if (Array.isArray(value)) return type === 'array'
  if (typeof value === 'object' && value !== null) return type === 'object' || type === 'record'
  return type === typeof value
}

/** The keys of a group; empty where any key may stand. */
export function keysOf(schema: z.core.$ZodType, value: unknown): readonly string[] {
  const { def } = shapeOf(optionFor(schema, value))
  return def.type === 'object' ? Object.keys(def.shape) : []
}

/** What has to stand there, in words: 'a duration such as 2s or 5min', 'fail, warn or off'. */
export function wantedOf(schema: z.core.$ZodType): string {
  const { def, meta, schema: inner } = shapeOf(schema)
  if (meta.form !== undefined) return meta.form
  if (meta.value === 'duration') return 'a duration such as 2s or 5min'
  if (meta.value === 'size') return 'a size such as 500MB or 20GB'
  switch (def.type) {
    case 'string':
      return 'text'
    case 'boolean':
      return 'true or false'
    case 'number':
      return numberWanted(inner as z.ZodNumber)
    case 'enum':
      return either(Object.values(def.entries).map(String))
    case 'array':
      return 'a list'
    case 'object':
      return `a group of keys (${Object.keys(def.shape).join(', ')})`
    case 'record':
      return 'a group of names with values'
    case 'union':
      return either(def.options.map(wantedOf))
    default:
      return def.type
  }
}

function numberWanted(number: z.ZodNumber): string {
  const kind = number.isInt ? 'a whole number' : 'a number'
  const { minValue, maxValue } = number
  const hasLeast = minValue !== null && minValue > Number.MIN_SAFE_INTEGER
  const hasMost = maxValue !== null && maxValue < Number.MAX_SAFE_INTEGER
  if (hasLeast && hasMost) return `${kind} from ${minValue} to ${maxValue}`
  if (hasLeast) return `${kind} of at least ${minValue}`
  return hasMost ? `${kind} of at most ${maxValue}` : kind
}

export function either(names: readonly string[]): string {
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`
}

/** The same data with each plain value that the schema knows put through `change`; what it doesn't know stays. */
export function mapValues(
  schema: z.core.$ZodType,
  value: unknown,
  change: (value: unknown, meta: Meta, steps: readonly PropertyKey[]) => unknown,
  steps: readonly PropertyKey[] = [],
): unknown {
  const below = (inner: unknown, step: PropertyKey) => {
    const next = schemaBelow(schema, step, value)
    return next === undefined ? inner : mapValues(next, inner, change, [...steps, step])
  }
  if (Array.isArray(value)) return value.map(below)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, below(inner, key)]))
  }
  return change(value, metaFor(schema, value), steps)
}

function metaFor(schema: z.core.$ZodType, value: unknown): Meta {
  return { ...shapeOf(schema).meta, ...shapeOf(optionFor(schema, value)).meta }
}
