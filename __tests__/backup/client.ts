import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from '@jest/globals'
import { type Server, servers } from '../support/database.ts'

/** Major of the pg_dump on the PATH; null where there is none. */
export const clientMajor: number | null = (() => {
  try {
    const text = execFileSync('pg_dump', ['--version'], { encoding: 'utf8' })
    return Number(/\(PostgreSQL\) (\d+)/.exec(text)?.[1])
  } catch {
    return null
  }
})()

/** Tests that need pg_dump, on the newest server of the run that it can dump; skipped by name where there is none. */
export function describeDumps(title: string, tests: (server: Server) => void): void {
  const able = servers().filter(({ major }) => clientMajor !== null && major <= clientMajor)
  const server = able.at(-1)
  if (server !== undefined) {
    describe(`${title} (PostgreSQL ${server.major})`, () => tests(server))
    return
  }
  const why =
    clientMajor === null
      ? 'pg_dump is not installed'
      : `pg_dump ${clientMajor} is older than every server of this run`
  describe(title, () => {
    test.skip(`not run: ${why}`, () => {})
  })
}

/** A folder for the time of `act`. */
export async function withFolder<Result>(
  act: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'airlock-backup-'))
  try {
    return await act(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
