import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'

/** A file, or a folder with all its files. */
export interface StoredBackup {
  readonly isFolder: boolean
  /** Of all files. */
  readonly bytes: number
  /** When the newest of them was written. */
  readonly modifiedAt: Date
}

/** Null where there is nothing. */
export async function lookAt(path: string): Promise<StoredBackup | null> {
  const found = await stat(path).catch(() => null)
  if (found === null) return null
  if (!found.isDirectory()) {
    return { isFolder: false, bytes: found.size, modifiedAt: found.mtime }
  }
  const stats = await Promise.all((await filesIn(path)).map((name) => stat(join(path, name))))
  return {
    isFolder: true,
    bytes: stats.reduce((sum, { size }) => sum + size, 0),
    modifiedAt: new Date(Math.max(0, ...stats.map(({ mtimeMs }) => mtimeMs))),
  }
}

/** SHA-256 in hex; of a folder, that of the lines `<hash>  <name>` of its files, by name. Aborting `stop` makes it reject. */
export async function sha256Of(path: string, stop: AbortSignal): Promise<string> {
  const found = await stat(path)
  if (!found.isDirectory()) return hashOfFile(path, stop)
  const hash = createHash('sha256')
  for (const name of await filesIn(path)) {
    hash.update(`${await hashOfFile(join(path, name), stop)}  ${name}\n`)
  }
  return hash.digest('hex')
}

async function hashOfFile(path: string, stop: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash, { signal: stop })
  return hash.digest('hex')
}

/** Paths of all files below a folder, relative to it. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  return entries
    .flatMap((entry) =>
      entry.isFile() ? [relative(folder, join(entry.parentPath, entry.name))] : [],
    )
    .toSorted()
}

/** Whether something directly in a folder has a name like this. */
export async function hasNamesLike(folder: string, pattern: RegExp): Promise<boolean> {
  return (await readdir(folder)).some((name) => pattern.test(name))
}

/** The first bytes of a file, fewer where it is shorter; `isGzip`: of what is packed in it. */
export async function beginningOf(path: string, bytes: number, isGzip = false): Promise<Buffer> {
  if (isGzip) return unpackedBeginningOf(path, bytes)
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

async function unpackedBeginningOf(path: string, bytes: number): Promise<Buffer> {
  let beginning = Buffer.alloc(0)
  const enough = new AbortController()
  const read = pipeline(
    createReadStream(path),
    createGunzip(),
    async (unpacked) => {
      for await (const data of unpacked) {
        beginning = Buffer.concat([beginning, data])
        if (beginning.length >= bytes) enough.abort()
      }
    },
    { signal: enough.signal },
  )
  await read.catch((error: unknown) => {
    if (!enough.signal.aborted) throw error
  })
  return beginning.subarray(0, bytes)
}

/**
 * Reads a text line by line, unpacked where it is gzip's. Aborting `stop` makes it reject.
 *
 * @throws Error where it can't be read or unpacked to its end
 */
export async function readLines(
  path: string,
  isGzip: boolean,
  stop: AbortSignal,
  visit: (line: string) => void,
): Promise<void> {
  const source = createReadStream(path, { signal: stop })
  const stream = isGzip ? source.pipe(createGunzip()) : source
  const failed = new Promise<never>((_, reject) => {
    source.on('error', reject)
    stream.on('error', reject)
  })
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })
  const read = (async () => {
    for await (const line of lines) visit(line)
  })()
  try {
    await Promise.race([read, failed])
    // readline ends quietly at a stream that breaks off.
    if (stream.errored) throw stream.errored
  } finally {
    lines.close()
    source.destroy()
  }
}

/** What the file system said and of which path; null for an error of anything else. */
export function fileErrorOf(error: unknown): { readonly message: string } | null {
  if (typeof error !== 'object' || error === null) return null
  const { code, path, message } = error as NodeJS.ErrnoException
  return typeof code === 'string' && typeof path === 'string' ? { message } : null
}

/** A name beside the path that nothing has yet, with the path's folder made. */
export async function draftBeside(path: string): Promise<string> {
  const folder = dirname(path)
  await mkdir(folder, { recursive: true })
  return join(folder, `.${basename(path)}.${randomBytes(4).toString('hex')}.part`)
}

export const putInPlace = (draft: string, path: string): Promise<void> => rename(draft, path)

export const removeBackup = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true })

/**
 * Texts as files that only their owner may read, for as long as `act` takes: programs want certificates and keys by path.
 *
 * @param texts by file name; without any no folder is made
 */
export async function withPrivateFiles<Result>(
  texts: Readonly<Record<string, string>>,
  act: (paths: Readonly<Record<string, string>>) => Promise<Result>,
): Promise<Result> {
  if (Object.keys(texts).length === 0) return act({})
  const folder = await mkdtemp(join(tmpdir(), 'airlock-'))
  try {
    const paths: Record<string, string> = {}
    for (const [name, text] of Object.entries(texts)) {
      paths[name] = join(folder, name)
      await writeFile(paths[name], text, { mode: 0o600 })
    }
    return await act(paths)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
