import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { LineMatcher, type MatchedLines } from './log-lines.ts'

/** Where a log file ended when the run began. */
export interface LogMark {
  readonly path: string
  /** Null: there was no such file. */
  readonly inode: number | null
  readonly size: number
}

export interface LogSince extends MatchedLines {
  /** What was written since and could not be read, in a sentence. */
  readonly gap?: string
}

export async function markLog(path: string): Promise<LogMark> {
  const found = await look(path)
  return { path, inode: found?.inode ?? null, size: found?.size ?? 0 }
}

/**
 * What was written to a log file since the mark. A file that was rotated away meanwhile is looked for beside it, by its inode; where it is gone, or was
 * emptied in place (copytruncate), its last lines were not seen, and `gap` says so.
 *
 * @throws Error of the file system: no such file, no permission
 */
export async function readLogSince(
  { path, inode, size }: LogMark,
  patterns: readonly RegExp[],
): Promise<LogSince> {
  const matcher = new LineMatcher(patterns)
  const now = await stat(path)
  if (inode === null) {
    await readFrom(path, 0, matcher)
    return matcher.finish()
  }
  if (now.ino === inode) {
    const emptied = now.size < size
    await readFrom(path, emptied ? 0 : size, matcher)
    const gap = `${path} was emptied while the run went on: what was written before that was not seen`
    return emptied ? { ...matcher.finish(), gap } : matcher.finish()
  }
  const old = await rotatedTo(path, inode)
  if (old !== null) await readFrom(old, size, matcher)
  await readFrom(path, 0, matcher)
  const gap = `${path} was rotated while the run went on, and the old file is gone: its last lines were not seen`
  return old === null ? { ...matcher.finish(), gap } : matcher.finish()
}

async function readFrom(path: string, start: number, matcher: LineMatcher): Promise<void> {
  for await (const chunk of createReadStream(path, { start })) matcher.add(chunk as Uint8Array)
}

async function rotatedTo(path: string, inode: number): Promise<string | null> {
  const folder = dirname(path)
  for (const name of await readdir(folder)) {
    const candidate = join(folder, name)
    // A compressed copy is another file.
    if ((await look(candidate))?.inode === inode) return candidate
  }
  return null
}

async function look(path: string): Promise<{ inode: number; size: number } | null> {
  try {
    const { ino, size } = await stat(path)
    return { inode: ino, size }
  } catch {
    return null
  }
}
