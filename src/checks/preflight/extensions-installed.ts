import { extensionNeeds } from '../../plan/extension-needs.ts'
import { quoteIdentifier, quoteLiteral } from '../../sql/identifier.ts'
import { defineCheck, type Finding, type Subject } from '../check.ts'
import { type Extension, readExtensions } from '../extensions/read.ts'
import { isWithin } from './server-version.ts'

interface Facts {
  readonly target: readonly Extension[]
  readonly staging: readonly Extension[] | null
}

/** The extensions of airlock.yml (`preflight.extensions`), each in the version wanted. One query, one more on staging where its versions are wanted. */
export const extensionsInstalled = defineCheck<Facts>({
  id: 'extensions.installed',
  group: 'extensions',
  title: 'Extensions that the runbook expects',
  severity: 'fail',
  needs: 'Every role may read pg_extension.',
  applies: ({ preflight }) => Object.keys(preflight.extensions).length > 0,
  read: async ({ target, staging }, { preflight }) => {
    const names = Object.keys(preflight.extensions)
    const compares = Object.values(preflight.extensions).includes('staging')
    return {
      target: await readExtensions(target, names),
      staging: compares && staging !== null ? await readExtensions(staging, names) : null,
    }
  },
  judge: (facts, subject) =>
    Object.entries(subject.preflight.extensions).map(([name, wanted]) =>
      judgeOne(name, wanted, facts, subject),
    ),
})

function judgeOne(name: string, wanted: string, facts: Facts, subject: Subject): Finding {
  const title = `Extension ${name}`
  const found = facts.target.find((each) => each.name === name)
  const made = extensionNeeds(subject.pending, subject).created.find((each) => each.name === name)
  const version =
    found?.installed ?? (made === undefined ? null : (made.version ?? found?.available ?? null))
  const actual = actualOf(found, made !== undefined, version)
  const expected = expectedVersion(name, wanted, facts)
  if (expected === null) {
    return {
      outcome: 'not-checked',
      title,
      expected: 'the version of staging',
      actual,
      reason: subject.stagingFailure ?? 'no staging-url is given',
      fix: 'Give a staging-url that can be reached.',
    }
  }
  if (version === null && expected === none) {
    return { outcome: 'passed', title, expected: 'none, as on staging', actual }
  }
  if (version !== null && (expected === 'any' || isVersion(version, expected))) {
    return { outcome: 'passed', title, expected, actual }
  }
  return {
    outcome: 'problem',
    title,
    expected,
    actual,
    reason: 'The runbook says that the migrations or the application need it.',
    fix: fixOf(name, found, expected),
  }
}

/** What staging has where it hasn't got the extension. */
const none = 'none'

/** Null: not known. */
function expectedVersion(name: string, wanted: string, { staging }: Facts): string | null {
  if (wanted !== 'staging') return wanted
  return staging === null ? null : (staging.find((each) => each.name === name)?.installed ?? none)
}

function actualOf(found: Extension | undefined, made: boolean, version: string | null): string {
  if (found?.installed != null) return found.installed
  if (made) return `${version ?? 'its default version'}, by a pending migration`
  return found?.available == null ? 'its files are not on the server' : 'not installed'
}

function fixOf(name: string, found: Extension | undefined, expected: string): string {
  const quoted = quoteIdentifier(name)
  if (expected === none) {
    return `CREATE EXTENSION ${quoted} on staging too, or DROP EXTENSION ${quoted}; or change preflight.extensions.`
  }
  if (found?.installed != null) {
    const to = /^[\d.]+$/.test(expected) ? ` TO ${quoteLiteral(expected)}` : ''
    return `ALTER EXTENSION ${quoted} UPDATE${to}; or change preflight.extensions.`
  }
  return found?.available == null
    ? `Install the extension’s package on the server, then: CREATE EXTENSION ${quoted};`
    : `CREATE EXTENSION ${quoted};`
}

/** Most versions are numbers with dots; others must be equal. */
function isVersion(version: string, expected: string): boolean {
  return version === expected || (/^[\d.]+$/.test(version) && isWithin(version, expected))
}
