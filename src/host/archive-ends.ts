import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

const block = 512

/**
 * Whether a tar file ends where it should: each member whole, and the empty block after the last. pg_restore (15.18) reads one that is cut off
 * without a complaint and ends with exit code 0, with rows missing. Returns what is wrong, empty where nothing is.
 */
export async function complaintOfTar(path: string): Promise<string> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    for (let at = 0; at + block <= size; ) {
      const header = await read(file, at, block)
      if (header.every((byte) => byte === 0)) return ''
      at += block + Math.ceil(sizeIn(header) / block) * block
    }
    return 'it is cut off: the end of the tar file is missing'
  } finally {
    await file.close()
  }
}

/** Octal digits; for 8 GB and more binary, marked by the first bit. */
function sizeIn(header: Buffer): number {
  const field = header.subarray(124, 136)
  if (((field[0] ?? 0) & 0x80) === 0) return Number.parseInt(field.toString('latin1'), 8) || 0
  return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0)
}

/**
 * Whether the files of tables in a dump of format directory end where they should. Packed ones are found out by pg_restore; of those that are
 * not packed it reads what is there. A table's rows end in `\.`, or in the last INSERT's semicolon.
 */
export async function complaintOfFolder(path: string): Promise<string> {
  for (const name of (await readdir(path)).toSorted()) {
    if (!/^\d+\.dat$/.test(name)) continue
    const file = await open(join(path, name))
    try {
      const { size } = await file.stat()
      const end = await read(file, Math.max(0, size - 64), Math.min(64, size))
      if (!/(\\\.|;)\n+$/.test(end.toString('latin1'))) return `${name} in it is cut off`
    } finally {
      await file.close()
    }
  }
  return ''
}

async function read(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at)
  return buffer.subarray(0, bytesRead)
}
