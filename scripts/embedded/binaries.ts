import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  readFileSync,
  symlinkSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { type Account, canReach, handOver } from './account.ts'

const majorsKnown = [14, 15, 16, 17, 18]

/** Majors whose binaries are installed for this machine, ascending. */
export function installedMajors(): number[] {
  return majorsKnown.filter((major) => findPackage(major) !== null)
}

/**
 * The folder that holds `bin`, `lib` and `share` of a major, ready to run as `account`: its symlinks are there, and every folder
 * above it can be entered. Where the installed one doesn't qualify (a checkout below /root, a read-only node_modules), a copy is
 * made in `scratch`.
 */
export function nativeFolder(major: number, account: Account | null, scratch: string): string {
  const found = findPackage(major)
  if (found === null) {
    throw new Error(
      `PostgreSQL ${major} is not installed for ${platform()}: node_modules has no ${packageName(major)}. ` +
        `Run "npm ci" without --omit=optional. Installed: ${installedMajors().join(', ') || 'none'}.`,
    )
  }
  const installed = join(found, 'native')
  if (
    canReach(account, join(installed, 'bin')) &&
    (isHydrated(installed) || isWritable(installed))
  ) {
    hydrate(installed)
    return installed
  }
  const copy = join(scratch, 'native')
  cpSync(installed, copy, { recursive: true, verbatimSymlinks: true })
  hydrate(copy)
  handOver(account, copy)
  return copy
}

function platform(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  return `${system}-${process.arch}`
}

function packageName(major: number): string {
  return `postgres-${major}-${platform()}`
}

/** npm puts a workspace's packages at the root, or beside the workspace where versions would clash. */
function findPackage(major: number): string | null {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    for (const place of ['node_modules', 'scripts/servers/node_modules']) {
      const candidate = join(folder, place, packageName(major))
      if (existsSync(join(candidate, 'native', 'bin'))) return candidate
    }
    if (dirname(folder) === folder) return null
  }
}

interface Link {
  readonly source: string
  readonly target: string
}

/** npm packages can't hold symlinks: the package lists them, and its install script, which npm may skip, makes them. */
function links(native: string): Link[] {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return []
  const entries = JSON.parse(readFileSync(list, 'utf8')) as Link[]
  return entries.map(({ source, target }) => ({
    source: join(dirname(native), source),
    target: join(dirname(native), target),
  }))
}

function isHydrated(native: string): boolean {
  return links(native).every(({ target }) => lstatSync(target, { throwIfNoEntry: false }))
}

function hydrate(native: string): void {
  for (const { source, target } of links(native)) {
    if (lstatSync(target, { throwIfNoEntry: false })) continue
    try {
      symlinkSync(relative(dirname(target), source), target)
    } catch (error) {
      // Another run was faster.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

function isWritable(native: string): boolean {
  try {
    accessSync(join(native, 'lib'), constants.W_OK)
    return true
  } catch {
    return false
  }
}
