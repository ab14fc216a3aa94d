import { existsSync, readFileSync, statSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'

/** What libpq reads beside the connection string: files of the user, and who the user is. */
export interface ConnectionFiles {
  readonly home: string
  readonly userName: string
  /** Null where there is no such file. Throws where it can't be read. */
  read(path: string): string | null
  /** Permission bits and owner; null on Windows, where they mean nothing. */
  permissions(path: string): { readonly mode: number; readonly owner: number } | null
  exists(path: string): boolean
}

/** The real ones. */
export function realFiles(): ConnectionFiles {
  return {
    home: homedir(),
    userName: userInfo().username,
    read: (path) => (existsSync(path) ? readFileSync(path, 'utf8') : null),
    permissions(path) {
      if (process.platform === 'win32') return null
      const { mode, uid } = statSync(path)
      return { mode: mode & 0o777, owner: uid }
    },
    exists: (path) => existsSync(path),
  }
}
