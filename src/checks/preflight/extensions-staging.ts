import { extensionNeeds } from '../../plan/extension-needs.ts'
import { quoteIdentifier, quoteLiteral } from '../../sql/identifier.ts'
import { defineCheck } from '../check.ts'
import { bounded } from '../details.ts'
import { readExtensions } from '../extensions/read.ts'

interface Facts {
  /** By name, the version installed. */
  readonly target: ReadonlyMap<string, string>
  readonly staging: ReadonlyMap<string, string> | null
}

/** The extensions that are installed, beside those of staging, where the migrations were tried. One query on each. */
export const extensionsStaging = defineCheck<Facts>({
  id: 'extensions.staging',
  group: 'extensions',
  title: 'Extensions as on staging',
  severity: 'warn',
  needs: 'Every role may read pg_extension.',
  read: async ({ target, staging }) => ({
    target: versionsOf(await readExtensions(target, [])),
    staging: staging === null ? null : versionsOf(await readExtensions(staging, [])),
  }),
  judge({ target, staging }, { pending, stagingFailure, searchPath, role }) {
    const expected = 'the same extensions in the same versions'
    if (staging === null) {
      return [
        {
          outcome: 'not-checked',
          expected,
          actual: `${target.size} installed`,
          reason: stagingFailure ?? 'no staging-url is given',
          fix: 'Give a staging-url that can be reached.',
        },
      ]
    }
    const made = new Set(
      extensionNeeds(pending, { searchPath, role }).created.map(({ name }) => name),
    )
    const names = [...new Set([...target.keys(), ...staging.keys()])].toSorted()
    const differing = names.filter(
      (name) => target.get(name) !== staging.get(name) && !(made.has(name) && !target.has(name)),
    )
    if (differing.length === 0) {
      return [
        { outcome: 'passed', expected, actual: `${names.length} equal, or created by the plan` },
      ]
    }
    return [
      {
        outcome: 'problem',
        expected,
        actual: `${differing.length} differ: ${differing.join(', ')}`,
        reason: 'What works with one version of an extension on staging may not work with another.',
        fix: differing.map((name) => fixOf(name, target.get(name), staging.get(name))).join(' '),
        details: bounded(
          differing.map(
            (name) =>
              `${name}: ${target.get(name) ?? 'not installed'}, on staging ${staging.get(name) ?? 'not installed'}`,
          ),
        ),
      },
    ]
  },
})

function versionsOf(
  extensions: readonly { readonly name: string; readonly installed: string | null }[],
): ReadonlyMap<string, string> {
  return new Map(
    extensions.flatMap(({ name, installed }): [string, string][] =>
      installed === null ? [] : [[name, installed]],
    ),
  )
}

function fixOf(name: string, here: string | undefined, there: string | undefined): string {
  const quoted = quoteIdentifier(name)
  if (there === undefined) return `Create ${quoted} on staging too.`
  return here === undefined
    ? `CREATE EXTENSION ${quoted};`
    : `ALTER EXTENSION ${quoted} UPDATE TO ${quoteLiteral(there)};`
}
