import { spawnSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serverAccount } from '../../scripts/embedded/account.ts'

/** A file system in memory of a given size, to be filled. */
export interface SmallDisk {
  readonly path: string
  /** Leaves so many bytes free. */
  fill(freeBytes: number): void
  empty(): void
  unmount(): void
}

/** Mounts one, or tells why it can't be done here. */
export function mountSmallDisk(megabytes: number): SmallDisk | { readonly refused: string } {
  if (process.platform !== 'linux') return { refused: 'only Linux has tmpfs' }
  const path = mkdtempSync(join(tmpdir(), 'airlock-disk-'))
  const mount = ['mount', '-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0755`, 'tmpfs', path]
  const by = [[], ['sudo', '-n']].find((prefix) => run([...prefix, ...mount]) === '')
  if (by === undefined) {
    rmdirSync(path)
    return { refused: run(mount) }
  }
  const account = serverAccount()
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  const { uid, gid } = account ?? owner
  if (by.length > 0) run(['sudo', '-n', 'chown', `${uid}:${gid}`, path])
  else chownSync(path, uid, gid)
  const ballast = join(path, 'ballast')
  return {
    path,
    fill(freeBytes) {
      const { bavail, bsize } = statfsSync(path)
      writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - freeBytes)))
    },
    empty: () => rmSync(ballast, { force: true }),
    unmount() {
      run([...by, 'umount', '--lazy', path])
      rmdirSync(path)
    },
  }
}

/** Empty when it went well, else what it said. */
function run([command = '', ...args]: readonly string[]): string {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status === 0) return ''
  return stderr?.trim() || error?.message || `${command} ended with ${status}`
}
