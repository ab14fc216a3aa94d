import { dirname, join } from 'node:path'
import { complaintOfFolder, complaintOfTar } from '../host/archive-ends.ts'
import { beginningOf, hasNamesLike, lookAt } from '../host/backup-files.ts'
import { type ProgramEnd, runProgram } from '../host/process.ts'
import { type ArchiveList, parseArchiveList } from './archive-list.ts'
import { clientVersion, complaintOf } from './client.ts'
import { type PlainDump, readPlainDump } from './plain-dump.ts'
import type { PlanTable } from './plan-tables.ts'

export type DumpFormat = 'custom' | 'directory' | 'tar' | 'plain' | 'unknown'

/** What was found in a backup that was read from its beginning to its end. */
export interface Content {
  readonly format: DumpFormat
  /** Null: it can't be told here, for the reason in `complaint`. */
  readonly isReadable: boolean | null
  readonly complaint: string
  readonly archive: ArchiveList | null
  readonly plain: PlainDump | null
}

export interface Reading {
  readonly env: Readonly<Record<string, string>>
  readonly stop: AbortSignal
  readonly timeoutMs: number
  /** pg_restore that belongs to the pg_dump. */
  readonly restore: string
  /** The database that it should be of. */
  readonly database: string
}

/** The program of the same installation as pg_dump. */
export function besidePgDump(pgDump: string, name: 'pg_restore' | 'psql'): string {
  return pgDump.includes('/') ? join(dirname(pgDump), name) : name
}

/**
 * Reads a dump whole: the list of an archive stands at its beginning and would be whole where its data is cut off, so everything is unpacked as
 * for a restore, and thrown away.
 */
export async function readContent(
  path: string,
  tables: readonly PlanTable[],
  reading: Reading,
): Promise<Content> {
  const isFolder = (await lookAt(path))?.isFolder === true
  const start = isFolder ? Buffer.alloc(0) : await beginningOf(path, headerBytes)
  const isPacked = isGzip(start)
  const format = isFolder ? await formatOfFolder(path) : await formatOfFile(path, start, isPacked)
  if (format === 'unknown') {
    return nothing(
      format,
      null,
      'it is neither an archive of pg_dump nor a text: made by another program (pg_basebackup), packed or encrypted',
    )
  }
  if (format !== 'plain') return readArchive(path, format, reading)
  try {
    const { database, stop } = reading
    const plain = await readPlainDump(path, isPacked, tables, database, stop)
    const complaint = complaintOfPlain(plain)
    return { ...nothing(format, complaint === '', complaint), plain }
  } catch (error) {
    return nothing(format, false, error instanceof Error ? error.message : String(error))
  }
}

const nothing = (format: DumpFormat, isReadable: boolean | null, complaint: string): Content => ({
  format,
  isReadable,
  complaint,
  archive: null,
  plain: null,
})

const isGzip = (start: Buffer): boolean => start[0] === 0x1f && start[1] === 0x8b

/** A header of tar, and more than enough of the others. */
const headerBytes = 512

/** Of what gzip has packed only texts can be read here. One that can't be unpacked is found out when it is read whole. */
async function formatOfFile(path: string, start: Buffer, isPacked: boolean): Promise<DumpFormat> {
  if (!isPacked) return formatOf(start)
  const unpacked = await beginningOf(path, headerBytes, true).catch(() => Buffer.alloc(0))
  return formatOf(unpacked) === 'plain' ? 'plain' : 'unknown'
}

/** pg_dump writes toc.dat first into a tar; pg_basebackup's begins otherwise. */
function formatOf(start: Buffer): DumpFormat {
  if (start.subarray(0, 5).toString('latin1') === 'PGDMP') return 'custom'
  if (start.subarray(257, 262).toString('latin1') === 'ustar') {
    return start.subarray(0, 8).toString('latin1') === 'toc.dat\0' ? 'tar' : 'unknown'
  }
  return start.includes(0) ? 'unknown' : 'plain'
}

/** pg_dump writes toc.dat last: a folder that has its data without it was broken off, one that has neither is another program's. */
async function formatOfFolder(path: string): Promise<DumpFormat> {
  return (await hasNamesLike(path, /^(toc|\d+)\.dat(\.\w+)?$/)) ? 'directory' : 'unknown'
}

function complaintOfPlain({ hasHeader, isComplete }: PlainDump): string {
  if (!hasHeader) return 'it doesn’t begin as pg_dump begins a dump'
  return isComplete ? '' : 'it doesn’t end with “PostgreSQL database dump complete”: it was cut off'
}

async function readArchive(
  path: string,
  format: DumpFormat,
  { env, stop, timeoutMs, restore }: Reading,
): Promise<Content> {
  const client = await clientVersion(restore, env)
  if (client.version === null) return nothing(format, null, client.complaint)
  const options = { env, stop, timeoutMs, longest: 2 ** 27 }
  const listed = await runProgram(restore, ['--list', path], options)
  if (listed.code !== 0) return unread(format, listed, client.version)
  const archive = parseArchiveList(listed.stdout)
  const read = await runProgram(restore, ['--file=/dev/null', path], options)
  if (read.code !== 0 && isBeyondUs(read)) return unread(format, read, client.version)
  const complaint = read.code === 0 ? await complaintOfEnd(path, format) : complaintOf(read)
  return { format, isReadable: complaint === '', complaint, archive, plain: null }
}

/** A pg_restore that is older than the pg_dump, or was built without a compression, says nothing against the archive. */
function isBeyondUs({ stderr }: ProgramEnd): boolean {
  return /unsupported version \(\S+\) in file header|does not support compression|cannot restore from compressed archive/.test(
    stderr,
  )
}

function unread(format: DumpFormat, end: ProgramEnd, version: string): Content {
  const complaint = complaintOf(end)
  if (!isBeyondUs(end)) return nothing(format, false, complaint)
  return nothing(format, null, `pg_restore ${version} can’t read it: ${complaint}`)
}

/** What pg_restore overlooks. */
async function complaintOfEnd(path: string, format: DumpFormat): Promise<string> {
  if (format === 'tar') return complaintOfTar(path)
  return format === 'directory' ? complaintOfFolder(path) : ''
}
