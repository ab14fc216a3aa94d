import { type CreatedExtension, extensionNeeds, type UsedName } from '../../plan/extension-needs.ts'
import { quoteIdentifier, quoteLiteral, quoteName } from '../../sql/identifier.ts'
import { defineCheck, type Finding, type Subject } from '../check.ts'
import { bounded } from '../details.ts'
import { type FoundName, findNames } from '../extensions/names.ts'
import { type Extension, readExtensions } from '../extensions/read.ts'

interface Facts {
  readonly found: readonly FoundName[]
  readonly extensions: readonly Extension[]
}

/**
 * Operator classes, types, functions and access methods that the pending migrations use and don't make: each must be there, or come with an
 * extension that the plan creates before. And the extensions that it creates must be available. Two queries.
 */
export const extensionsNeeded = defineCheck<Facts>({
  id: 'extensions.needed',
  group: 'extensions',
  title: 'Extensions that the pending migrations use',
  severity: 'fail',
  needs: 'The catalogs are open to every role: give back what was revoked from PUBLIC.',
  applies: (subject) => {
    const { used, created } = needsOf(subject)
    return used.length > 0 || created.length > 0
  },
  read: async ({ target }, subject) => {
    const { used, created } = needsOf(subject)
    const names = [...used.map(({ extension }) => extension), ...created.map(({ name }) => name)]
    return {
      found: await findNames(target, used),
      extensions: await readExtensions(target, [...new Set(names.flatMap((name) => name ?? []))]),
    }
  },
  judge(facts, subject) {
    const { used, created } = needsOf(subject)
    const missing = [
      ...created.flatMap((one) => guardedly(one, unavailable(one, facts))),
      ...used.flatMap((one, place) => guardedly(one, judgeName(one, place, facts))),
    ]
    const { length } = [...used, ...created]
    if (missing.length > 0) return missing
    return [
      {
        outcome: 'passed',
        expected: 'each is there, or created before',
        actual: `all ${length}`,
        details: bounded([
          ...used.map(describe),
          ...created.map(({ name }) => `CREATE EXTENSION ${name}`),
        ]),
      },
    ]
  },
})

const needsOf = (subject: Subject) => extensionNeeds(subject.pending, subject)

/** What stands behind a condition or a handler is no problem for certain. */
function guardedly(
  { guarded }: { readonly guarded: boolean },
  findings: readonly Finding[],
): readonly Finding[] {
  if (!guarded) return findings
  return findings.map(({ fix: _, ...finding }) => ({
    ...finding,
    outcome: 'not-checked',
    reason: 'it stands behind a condition or a handler, which may skip it',
  }))
}

function describe({ kind, schema, name, extension }: UsedName): string {
  const from = extension === null ? '' : `, of ${extension}`
  return `${kind} ${quoteName({ schema, name })}${from}`
}

function unavailable(
  { name, version, where }: CreatedExtension,
  { extensions }: Facts,
): readonly Finding[] {
  const found = extensions.find((each) => each.name === name)
  if (found?.installed != null) return []
  if (found?.available != null && (version === null || found.versions.includes(version))) return []
  const versions = found?.versions.join(', ') ?? ''
  return [
    {
      outcome: 'problem',
      title: `Extension ${name}`,
      expected: version === null ? 'available on the server' : `available in version ${version}`,
      actual:
        found?.available == null ? 'its files are not on the server' : `available: ${versions}`,
      reason: 'CREATE EXTENSION would fail.',
      fix: 'Install the extension’s package on the server of the target.',
      where,
    },
  ]
}

function judgeName(
  used: UsedName,
  place: number,
  { found, extensions }: Facts,
): readonly Finding[] {
  const there = found.filter((each) => each.place === place)
  const path = ['pg_catalog', ...used.searchPath]
  const reached = there.some(
    ({ schema }) => schema === null || used.schema !== null || path.includes(schema),
  )
  const required = extensions.some(
    ({ name, requires }) =>
      used.extension !== null && used.cascaded.includes(name) && requires.includes(used.extension),
  )
  if (reached || used.created || required) return []
  const [elsewhere] = there
  if (elsewhere?.schema != null) return [outOfPath(used, elsewhere.schema)]
  const about = { title: titleOf(used), where: used.where }
  if (used.extension === null) {
    return [
      {
        outcome: 'not-checked',
        ...about,
        expected: 'it is there',
        actual: 'there is none yet',
        reason: 'no known extension brings it, and SQL that the parse can’t see may make it',
      },
    ]
  }
  const extension = extensions.find(({ name }) => name === used.extension)
  const create = `CREATE EXTENSION ${quoteIdentifier(used.extension)};`
  return [
    {
      outcome: 'problem',
      ...about,
      expected: `extension ${used.extension}`,
      actual:
        extension?.installed == null
          ? 'not installed'
          : `version ${extension.installed}, which hasn’t got it`,
      reason: `${used.statement} would fail: there is no ${used.kind} ${quoteName(used)}.`,
      fix:
        extension?.installed != null
          ? `ALTER EXTENSION ${quoteIdentifier(used.extension)} UPDATE TO ${quoteLiteral(extension.available ?? '')};`
          : extension?.available == null
            ? `Install the package of ${used.extension} on the server, then: ${create}`
            : `${create} by hand, or in a migration before this one.`,
    },
  ]
}

function titleOf({ kind, schema, name }: UsedName): string {
  return `${kind} ${quoteName({ schema, name })}`.replace(/^./, (first) => first.toUpperCase())
}

function outOfPath(used: UsedName, schema: string): Finding {
  return {
    outcome: 'problem',
    title: titleOf(used),
    where: used.where,
    expected: `in the search path (${used.searchPath.join(', ')})`,
    actual: `it is in schema ${quoteIdentifier(schema)}`,
    reason: `${used.statement} would fail: the ${used.kind} is not found without its schema.`,
    fix: `Write ${quoteName({ schema, name: used.name })}, or set the search path of the role that runs the migrations.`,
  }
}
