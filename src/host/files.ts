import { readFileSync, type Stats } from 'node:fs'
import { appendFile, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Refusal } from '../report/refusal.ts'
import { decodeUtf8 } from './utf8.ts'

/** A file as read: its path relative to the working directory, with `/`. */
export interface TextFile {
  readonly path: string
  readonly text: string
}

/** A job summary over this many bytes is not shown at all. */
export const SUMMARY_LIMIT = 1024 * 1024

/**
 * All .sql files below a folder, by path. Other files are not even read.
 *
 * @throws Refusal when the folder is missing or a file isn't UTF-8
 */
export async function readMigrations(folder: string): Promise<readonly TextFile[]> {
  const found = await statOf(folder)
  if (found === null || !found.isDirectory()) throw noFolder(folder, found !== null)
  const paths = await sqlFilesBelow(folder)
  return Promise.all(paths.sort().map(readText))
}

/**
 * The runbook file, or null when it isn't there and nobody asked for it by name.
 *
 * @throws Refusal when it is required and missing, or isn't UTF-8
 */
export async function readRunbook(path: string, required: boolean): Promise<TextFile | null> {
  const found = await statOf(path)
  if (found?.isFile()) return readText(path)
  if (!required && found === null) return null
  throw new Refusal({
    what: `There is no file ${path}`,
    why: 'It was named as the runbook (config).',
    fix: 'Correct the path; it is relative to the working directory. Or leave config out: airlock.yml is optional.',
  })
}

/**
 * The file of the user's queries; null where none is named.
 *
 * @throws Refusal when it is missing, or isn't UTF-8
 */
export async function readQueries(path: string | undefined): Promise<TextFile | null> {
  if (path === undefined) return null
  if ((await statOf(path))?.isFile()) return readText(path)
  throw new Refusal({
    what: `There is no file ${path}`,
    why: 'airlock.yml names it as the queries of the baseline (baseline.queries).',
    fix: 'Correct the path; it is relative to the working directory.',
  })
}

/** Writes a file so that a reader finds all of it or none: beside it first, then renamed. Folders are made. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const folder = dirname(path)
  await mkdir(folder, { recursive: true })
  const draft = join(folder, `.${process.pid}-${Date.now()}.tmp`)
  try {
    await writeFile(draft, text)
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

/** Paths for report and summary where none are given: a new folder of the runner's temporary one. */
export async function temporaryPaths(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<{ readonly report: string; readonly summary: string }> {
  const folder = await mkdtemp(join(env.RUNNER_TEMP || tmpdir(), 'airlock-'))
  return { report: join(folder, 'report.json'), summary: join(folder, 'summary.md') }
}

/**
 * Adds to the job's summary. A summary is not worth a deployment: whatever goes wrong is returned as a warning, null
 * when it was written or there is no summary to write to.
 */
export async function appendJobSummary(
  markdown: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string | null> {
  const path = env.GITHUB_STEP_SUMMARY
  if (path === undefined || path === '') return null
  const present = (await statOf(path))?.size ?? 0
  const text = markdown.endsWith('\n') ? markdown : `${markdown}\n`
  const size = present + Buffer.byteLength(text)
  if (size > SUMMARY_LIMIT) {
    return `The job summary was not written: with ${size} bytes it is over the runner's limit of ${SUMMARY_LIMIT}, and nothing would be shown.`
  }
  try {
    await appendFile(path, text)
    return null
  } catch (error) {
    return `The job summary was not written: ${error instanceof Error ? error.message : String(error)}`
  }
}

async function sqlFilesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const nested = await Promise.all(
    entries.map(async (entry): Promise<string[]> => {
      const path = `${withoutSlash(folder)}/${entry.name}`
      const kind = entry.isSymbolicLink() ? await statOf(path) : entry
      // A link to a folder may lead in a circle, and no layout has one.
      if (kind?.isDirectory()) return entry.isSymbolicLink() ? [] : sqlFilesBelow(path)
      return kind?.isFile() && /\.sql$/i.test(entry.name) ? [path] : []
    }),
  )
  return nested.flat()
}

async function readText(path: string): Promise<TextFile> {
  const relative = withoutSlash(path).replace(/^(\.\/+)+/, '')
  return { path: relative, text: decodeUtf8(relative, readFileSync(path)) }
}

function withoutSlash(path: string): string {
  const slashed = process.platform === 'win32' ? path.replaceAll('\\', '/') : path
  return slashed.length > 1 ? slashed.replace(/\/+$/, '') : slashed
}

/** null for what isn't there (or can't be looked at). */
async function statOf(path: string): Promise<Stats | null> {
  try {
    return await stat(path)
  } catch {
    return null
  }
}

function noFolder(folder: string, isFile: boolean): Refusal {
  return new Refusal({
    what: isFile ? `${folder} is a file, not a folder` : `There is no folder ${folder}`,
    why: `The migrations are read from it, relative to the working directory ${process.cwd()}.`,
    fix: 'Check out the repository before this step (actions/checkout), or name the folder with the setting migrations.',
  })
}
