import type { RefusalParts } from '../report/refusal.ts'
import { Refusal } from '../report/refusal.ts'
import { checksum } from './checksum.ts'
import { nearest } from './nearest.ts'
import type { MigrationFiles, SourceFile } from './types.ts'
import { compareVersions, parseVersion } from './version.ts'

const COMPANIONS = {
  rollbacks: { word: 'rollback', suffix: '_rollback' },
  verify: { word: 'verify', suffix: '_verify' },
} as const

type Companion = keyof typeof COMPANIONS
type Forward = Omit<MigrationFiles, 'rollback' | 'verify'> & { readonly stem: string }

/**
 * The migrations of a folder, oldest version first, each with its rollback and verify script. Pure: `files` are all
 * files below `folder`, as read; what doesn't end in .sql is ignored.
 *
 * @throws Refusal when a .sql file has no place in the layout, a version occurs twice, or a rollback or verify script
 * has no migration. The first problem is told in full, the others are named in `why`.
 */
export function discoverMigrations(
  files: readonly SourceFile[],
  folder: string,
): readonly MigrationFiles[] {
  const problems: RefusalParts[] = []
  const forwards: Forward[] = []
  const companions: { kind: Companion; stem: string; source: SourceFile }[] = []
  for (const source of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const path = insideFolder(source.path, folder)
    if (path === null || !/\.sql$/i.test(path)) continue
    const found = place(path, source)
    if ('forward' in found) forwards.push(found.forward)
    else if ('companion' in found) companions.push(found.companion)
    else problems.push(found.problem)
  }
  forwards.sort((a, b) => compareVersions(a.order, b.order))
  problems.push(...duplicates(forwards))
  const stems = forwards.map((forward) => forward.stem)
  for (const { kind, stem, source } of companions) {
    if (!stems.includes(stem)) problems.push(orphan(kind, stem, source, stems))
  }
  refuseAll(problems)
  const companionOf = (kind: Companion, stem: string): SourceFile | undefined =>
    companions.find((each) => each.kind === kind && each.stem === stem)?.source
  return forwards.map(({ stem, ...forward }) => {
    const rollback = companionOf('rollbacks', stem)
    const verify = companionOf('verify', stem)
    return { ...forward, ...(rollback && { rollback }), ...(verify && { verify }) }
  })
}

/** The path below the folder, null for a file elsewhere. */
function insideFolder(path: string, folder: string): string | null {
  const bare = folder
    .replaceAll('\\', '/')
    .replace(/^(\.\/+)+/, '')
    .replace(/\/+$/, '')
  const file = path.replace(/^(\.\/+)+/, '')
  if (bare === '' || bare === '.') return file
  return file.startsWith(`${bare}/`) ? file.slice(bare.length + 1) : null
}

type Placed =
  | { readonly forward: Forward }
  | { readonly companion: { kind: Companion; stem: string; source: SourceFile } }
  | { readonly problem: RefusalParts }

function place(path: string, source: SourceFile): Placed {
  const slash = path.indexOf('/')
  if (slash < 0) {
    const forward = parseName(path, source)
    return forward === null ? { problem: unnamed(source) } : { forward }
  }
  const subfolder = path.slice(0, slash)
  const name = path.slice(slash + 1)
  const kind = subfolder === 'rollbacks' || subfolder === 'verify' ? subfolder : null
  if (kind === null || name.includes('/')) return { problem: misplaced(source, subfolder) }
  const end = `${COMPANIONS[kind].suffix}.sql`
  if (!name.endsWith(end)) return { problem: unsuffixed(source, kind, name) }
  return { companion: { kind, stem: name.slice(0, -end.length), source } }
}

/** `[V]digits[(.|_)digits…](_|__|-)name.sql`; a digit group counts only if a separator follows it, so 1_2fa is version 1. */
function parseName(file: string, source: SourceFile): Forward | null {
  const parts = /^[Vv]?(\d+(?:[._]\d+)*)(?:__|_|-)(.+)\.sql$/s.exec(file)
  const version = parts?.[1]
  const name = parts?.[2]
  const order = version === undefined ? null : parseVersion(version)
  if (version === undefined || name === undefined || order === null) return null
  const stem = file.slice(0, -'.sql'.length)
  return { version, order, name, forward: source, checksum: checksum(source.text), stem }
}

function start(source: SourceFile): { file: string; line: number; column: number } {
  return { file: source.path, line: 1, column: 1 }
}

function unnamed(source: SourceFile): RefusalParts {
  return {
    what: `${source.path} is not named like a migration`,
    where: start(source),
    why: 'The name gives the order: a version in digits, a separator, a name, and .sql in lower case.',
    fix: 'Rename it, for instance 20250115120000_add_x.sql, V1.2__add_x.sql or 007-add-x.sql, or move it out of the folder.',
  }
}

function misplaced(source: SourceFile, subfolder: string): RefusalParts {
  const meant = nearest(subfolder, Object.keys(COMPANIONS))
  return {
    what: `${source.path} lies in a subfolder that means nothing`,
    where: start(source),
    why: 'Migrations lie side by side; only rollbacks/ and verify/ may hold scripts, and no folders of their own.',
    fix:
      meant === null || meant === subfolder
        ? 'Move it beside the other migrations, or out of the folder.'
        : `Did you mean ${meant}/? Else move it beside the other migrations, or out of the folder.`,
  }
}

function unsuffixed(source: SourceFile, kind: Companion, name: string): RefusalParts {
  const { word, suffix } = COMPANIONS[kind]
  return {
    what: `${source.path} is not named like a ${word} script`,
    where: start(source),
    why: `A ${word} script is named like its migration with ${suffix} at the end.`,
    fix: `Rename it to ${kind}/${name.replace(/\.sql$/i, '')}${suffix}.sql, where what comes before ${suffix} is the migration's name.`,
  }
}

function orphan(
  kind: Companion,
  stem: string,
  source: SourceFile,
  stems: readonly string[],
): RefusalParts {
  const { word } = COMPANIONS[kind]
  const meant = nearest(stem, stems)
  return {
    what: `${source.path} is the ${word} script of a migration that isn't there`,
    where: start(source),
    why: `There is no ${stem}.sql in the folder above it.`,
    fix:
      meant === null
        ? `Add ${stem}.sql, or remove this file.`
        : `Did you mean ${kind}/${meant}${COMPANIONS[kind].suffix}.sql? Else add ${stem}.sql, or remove this file.`,
  }
}

function duplicates(sorted: readonly Forward[]): readonly RefusalParts[] {
  return sorted.flatMap((forward, index) => {
    const previous = sorted[index - 1]
    if (previous === undefined || compareVersions(previous.order, forward.order) !== 0) return []
    const versions =
      previous.version === forward.version
        ? `version ${forward.version}`
        : `the same version, ${previous.version} and ${forward.version}`
    return [
      {
        what: `${previous.forward.path} and ${forward.forward.path} both have ${versions}`,
        where: start(forward.forward),
        why: 'A version names one migration: it decides the order and is what the journal remembers. Leading zeros and trailing .0 do not count.',
        fix: 'Give one of them a version of its own.',
      },
    ]
  })
}

function refuseAll(problems: readonly RefusalParts[]): void {
  const [first, ...others] = problems
  if (first === undefined) return
  if (others.length === 0) throw new Refusal(first)
  const shown = others.slice(0, 20).map((problem) => problem.what)
  const more = others.length > shown.length ? `; and ${others.length - shown.length} more` : ''
  throw new Refusal({
    ...first,
    why: `${first.why} ${others.length} more like it: ${shown.join('; ')}${more}.`,
  })
}
