import { chownSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The operating system's user that a server runs as, when it is not our own. */
export interface Account {
  readonly uid: number
  readonly gid: number
  readonly name: string
}

/**
 * Postgres refuses to run as root, so root lends it an account that needs no password and owns nothing:
 * `postgres`, else `nobody`. Null for a normal user (the server then runs as that user).
 */
export function serverAccount(): Account | null {
  if (process.getuid?.() !== 0) return null
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  for (const wanted of ['postgres', '_postgres', 'nobody']) {
    const [name, , uid, gid] = accounts.find(([name]) => name === wanted) ?? []
    if (name !== undefined && Number(uid) > 0) return { name, uid: Number(uid), gid: Number(gid) }
  }
  throw new Error(
    'PostgreSQL does not run as root, and this machine has neither a user "postgres" nor "nobody". ' +
      'Run as a normal user, or create one of them.',
  )
}

/** Whether the account may enter every folder above `path`, and `path` itself. */
export function canReach(account: Account | null, path: string): boolean {
  if (account === null) return true
  const { mode, uid, gid } = statSync(path)
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
  const parent = dirname(path)
  return (mode & bit) !== 0 && (parent === path || canReach(account, parent))
}

/** Gives a whole folder to the account. */
export function handOver(account: Account | null, path: string): void {
  if (account === null) return
  chownSync(path, account.uid, account.gid)
  for (const entry of readdirSync(path)) {
    const child = join(path, entry)
    const stat = lstatSync(child)
    if (stat.isDirectory()) handOver(account, child)
    else if (!stat.isSymbolicLink()) chownSync(child, account.uid, account.gid)
  }
}
