import type { Place } from '../report/refusal.ts'
import { Refusal } from '../report/refusal.ts'

type Env = Readonly<Record<string, string | undefined>>

/** What is filled in, and the place to blame when it can't be. */
export interface FillContext {
  /** As it is called in a refusal: 'database-url', 'smoke.checks[0].http.url'. */
  readonly name: string
  readonly where?: Place
  readonly excerpt?: string
  /** What else one can do where the variable is missing: 'give database-url as an input'. */
  readonly otherwise?: string
}

export interface Filled {
  readonly text: string
  /** What the variables held, in the order of their names in the text. */
  readonly values: readonly string[]
}

/** `${NAME}` as it stands in airlock.yml; also what only looks like it, so that it can be refused. */
const REFERENCE = /\$\{([^}]*)\}/g

export function refersToEnvironment(text: string): boolean {
  return text.search(REFERENCE) >= 0
}

/** The text without its references: what is written in the file itself. */
export function withoutReferences(text: string): string {
  return text.replace(REFERENCE, '')
}

/** The first reference whose name can't be that of a variable, such as GitHub's own `${{ secrets.URL }}`; null: all can. */
export function malformedReference(text: string): string | null {
  for (const [reference, name = ''] of text.matchAll(REFERENCE)) {
    if (!/^[A-Za-z_]\w*$/.test(name)) return name.startsWith('{') ? `${reference}}` : reference
  }
  return null
}

/**
 * A text with every `${NAME}` replaced by the environment variable of that name.
 *
 * @throws Refusal where a variable is missing; an empty one counts as missing, since that is how a secret arrives that doesn't exist
 */
export function fillIn(text: string, env: Env, context: FillContext): Filled {
  const values: string[] = []
  const filled = text.replace(REFERENCE, (_, variable: string) => {
    const value = readVariable(variable, env)
    if (value === '') throw missing(variable, context)
    values.push(value)
    return value
  })
  return { text: filled, values }
}

/** The names of variables that the text refers to and that are not there. */
export function missingVariables(text: string, env: Env): readonly string[] {
  return [...text.matchAll(REFERENCE)]
    .map(([, variable = '']) => variable)
    .filter((variable) => readVariable(variable, env) === '')
}

function readVariable(variable: string, env: Env): string {
  return (Object.hasOwn(env, variable) ? env[variable] : undefined)?.trim() ?? ''
}

function missing(variable: string, { name, where, excerpt, otherwise }: FillContext): Refusal {
  return new Refusal({
    ...(where === undefined ? {} : { where }),
    ...(excerpt === undefined ? {} : { excerpt }),
    what: `The environment variable ${variable} is not set`,
    why: `${name} refers to it. A secret that does not exist in the chosen environment arrives empty, which counts as not set.`,
    fix: `Hand it over in the step's env: ${variable}: \${{ secrets.${variable} }}${otherwise === undefined ? '' : `, or ${otherwise}`}.`,
  })
}
