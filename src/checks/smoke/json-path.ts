/** One step into a JSON value: a key of an object, or a place in a list. */
export type PathStep = string | number

const STEP = /\.?([^.[\]"\s]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/y

/** `items[0].id`, `[0].name`, `["a.b"].length` as steps; null for text that is no path. */
export function parsePath(text: string): readonly PathStep[] | null {
  const steps: PathStep[] = []
  let at = 0
  while (at < text.length) {
    STEP.lastIndex = at
    const match = STEP.exec(text)
    const leadingDot = at === 0 && text.startsWith('.')
    const missingDot = at > 0 && match?.[1] !== undefined && text[at] !== '.'
    if (match === null || leadingDot || missingDot) return null
    at = STEP.lastIndex
    const [, name, index, quoted] = match
    if (index !== undefined) steps.push(Number(index))
    else steps.push(name ?? unquote(quoted ?? ''))
  }
  return steps.length === 0 ? null : steps
}

/**
 * What stands at a path; undefined where nothing does. `length` of a list or a text is its length, unless an object has a key of that name.
 */
export function valueAt(document: unknown, path: readonly PathStep[]): unknown {
  let value = document
  for (const step of path) value = memberOf(value, step)
  return value
}

function memberOf(value: unknown, step: PathStep): unknown {
  if (Array.isArray(value)) {
    if (step === 'length') return value.length
    return typeof step === 'number' ? value[step] : undefined
  }
  if (typeof value === 'string') return step === 'length' ? [...value].length : undefined
  if (typeof value !== 'object' || value === null) return undefined
  // A key such as `constructor` must not find what every object inherits.
  return Object.hasOwn(value, step) ? (value as Record<PathStep, unknown>)[step] : undefined
}

function unquote(text: string): string {
  return text.replace(/\\(.)/gs, '$1')
}
