import { defineCheck, type Finding } from '../check.ts'

interface Facts {
  /** As the server says it: '16.14'. */
  readonly version: string
  /** Of staging, where there is one. */
  readonly staging: string | null
}

/**
 * The server's version beside the one that airlock.yml expects: a major (`15`), a minor (`15.4`), a range (`15 - 17`, `>= 15`), or staging's
 * major, and no older minor. What was rehearsed on one major may lock, rewrite and fail otherwise on another.
 */
export const serverVersion = defineCheck<Facts>({
  id: 'server.version',
  group: 'server',
  title: 'PostgreSQL version',
  severity: 'fail',
  needs: 'Every role may read the version.',
  read: async ({ target, staging }) => ({
    version: target.serverVersion,
    staging: staging?.serverVersion ?? null,
  }),
  judge({ version, staging }, { preflight, stagingFailure }) {
    const isGiven = staging !== null || stagingFailure !== undefined
    const wanted = preflight.version ?? (isGiven ? 'staging' : undefined)
    if (wanted === undefined) {
      return [
        {
          outcome: 'not-checked',
          expected: 'any',
          actual: version,
          reason: 'neither a version nor a staging-url is given',
          fix: 'Set preflight.version (15, "15 - 17", staging), or staging-url.',
        },
      ]
    }
    if (wanted !== 'staging') return [judged(isWithin(version, wanted), wanted, version, wanted)]
    if (staging === null) {
      return [
        {
          outcome: 'not-checked',
          expected: 'the same major as staging',
          actual: version,
          reason: stagingFailure ?? 'preflight.version is staging, and no staging-url is given',
          fix:
            stagingFailure === undefined
              ? 'Give staging-url.'
              : 'Check that staging can be reached.',
        },
      ]
    }
    const expected = `major ${majorOf(staging)}, as staging`
    const sameMajor = majorOf(version) === majorOf(staging)
    if (sameMajor && compare(version, staging) < 0) return [older(version, staging)]
    return [judged(sameMajor, expected, version, `staging’s ${staging}`)]
  },
})

/** Minor releases fix faults: what worked on the newer one may still be broken here. */
function older(version: string, staging: string): Finding {
  return {
    outcome: 'problem',
    severity: 'warn',
    expected: `${staging} or a later minor, as staging`,
    actual: version,
    reason: `The server is older than staging (${staging}): it lacks fixes that were there when the migrations were tested.`,
    fix: 'Update the server to the minor release of staging, or test on its version.',
  }
}

function judged(holds: boolean, expected: string, version: string, wanted: string): Finding {
  if (holds) return { outcome: 'passed', expected, actual: version }
  return {
    outcome: 'problem',
    expected,
    actual: version,
    reason: `The server is ${version}, expected was ${wanted}: another major may lock, rewrite or refuse otherwise than what was tested.`,
    fix: 'Check that this is the right database; test on its version, or change preflight.version.',
  }
}

/** From 10 on a version has two parts, and the first is the major. */
const majorOf = (version: string): number => partsOf(version)[0] ?? 0

/** `15`: that major, or later minors of it. `15 - 17`: both included. `>= 15.4` and the like. */
export function isWithin(version: string, wanted: string): boolean {
  const [low, high] = wanted.split(/\s+-\s+/)
  if (low !== undefined && high !== undefined) {
    return compare(version, low) >= 0 && compare(version, high, partsOf(high).length) <= 0
  }
  const [, operator = '=', bound = wanted] = /^\s*(>=|<=|>|<|=)?\s*([\d.]+)\s*$/.exec(wanted) ?? []
  const parts = partsOf(bound).length
  const order = compare(version, bound, parts)
  if (operator === '=') return order === 0
  if (operator === '>=') return order >= 0
  if (operator === '<=') return order <= 0
  return operator === '>' ? order > 0 : order < 0
}

/** A version that isn't released yet counts as its major: '18beta1'. */
const partsOf = (version: string): number[] =>
  version
    .trim()
    .split('.')
    .map((part) => Number.parseInt(part, 10) || 0)

/** Compares the first `parts` groups as numbers. */
function compare(a: string, b: string, parts = 2): number {
  const [left, right] = [partsOf(a), partsOf(b)]
  for (let place = 0; place < parts; place++) {
    const difference = (left[place] ?? 0) - (right[place] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
