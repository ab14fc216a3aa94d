import type { Refusal } from '../report/refusal.ts'
import type { Page, Steps } from './airlock-page.ts'
import { refuseAt, valueOffset } from './airlock-page.ts'
import type { Meta } from './airlock-shape.ts'
import { pathText } from './airlock-words.ts'
import { malformedReference, refersToEnvironment, withoutReferences } from './environment-text.ts'
import { passwordsIn, passwordsInUrls } from './secrets.ts'

/**
 * What a text in airlock.yml may hold: `${NAME}` only where a secret belongs, a password nowhere.
 *
 * @returns the refusal, or null where there is nothing to complain of
 */
export function refuseText(
  page: Page,
  steps: Steps,
  text: string,
  meta: Pick<Meta, 'secret' | 'literal'>,
): Refusal | null {
  const { secret, literal } = meta
  const isSetting = steps.length === (steps[0] === 'targets' ? 3 : 1)
  const name = isSetting ? String(steps.at(-1)) : pathText(steps)
  const refuse = (what: string, why: string, fix: string) =>
    refuseAt(page, valueOffset(page, steps), { what, why, fix })
  const passwords = secret ? passwordsIn(withoutReferences(text)) : passwordsInUrls(text)
  if (passwords.length > 0) {
    return refuse(
      `${name} holds a password`,
      `${page.path} is in the repository, and whoever can read it could then use it.`,
      elsewhere(String(steps.at(-1)), meta),
    )
  }
  const malformed = secret ? malformedReference(text) : null
  if (malformed !== null) {
    return refuse(
      `${name} refers to ${malformed}, which is no environment variable`,
      `Only \${NAME} is filled in; expressions of a workflow mean nothing here.`,
      `Hand the secret over in the step's env, and write \${NAME}.`,
    )
  }
  if (secret || literal || !refersToEnvironment(text)) return null
  return refuse(
    `${name} refers to an environment variable`,
    'Only what may hold a secret is filled in from the environment: connection URLs, and url, headers and body of an HTTP check; everything else is the same for whoever reads the file.',
    isSetting
      ? `Write the value itself, or give ${name} as an action input or flag.`
      : 'Write the value itself.',
  )
}

/** Where a password belongs instead. */
function elsewhere(key: string, { secret, literal }: Pick<Meta, 'secret' | 'literal'>): string {
  if (literal) {
    return 'Put it into a secret, hand it over as an environment variable, and write $NAME: the command finds it there.'
  }
  if (!secret) return 'Remove it: nothing is filled in here.'
  return `Put the URL into a secret, hand it over as an environment variable, and write ${key}: \${DATABASE_URL} (or \${…} in place of the password alone).`
}
